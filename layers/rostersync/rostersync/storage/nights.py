"""The hours that were claimed, and how the nights went."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from rostersync import clock
from rostersync.clock import milliseconds
from rostersync.errors import StorageConflict
from rostersync.storage import keys
from rostersync.storage.conditions import Absent, Below, Equals
from rostersync.storage.table import Table

NIGHT_SECONDS: Final = 90 * 86_400


class Nights:
    """Items of the nightly runs, kept for 90 days."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, scheduled_time: str, execution: str) -> bool:
        """Return whether a scheduled hour is this execution's; the first that asks gets it, and keeps it."""
        pk, sk = keys.hour(scheduled_time)
        item = {"pk": pk, "sk": sk, "kind": "hour", "execution": execution, "expires": _expires()}
        try:
            self._table.put(item, when=[Absent(), Equals("execution", execution)])
        except StorageConflict:
            return False
        return True

    def begin(self, execution: str, now: datetime, seconds: int) -> bool:
        """Return whether this night may work now: one at a time, or the vendor's budget is spent twice.

        It may until ``end``, or for so many seconds.
        """
        now_ms = milliseconds(now)
        pk, sk = keys.NIGHT_AT_WORK
        item = {"pk": pk, "sk": sk, "kind": "nightAtWork", "execution": execution}
        try:
            self._table.put(
                {**item, "expires_at": now_ms + seconds * 1000},
                when=[Absent(), Equals("execution", execution), Below("expires_at", now_ms + 1)],
            )
        except StorageConflict:
            return False
        return True

    def end(self, execution: str) -> None:
        """Let the next night work, if it was this one that did."""
        try:
            self._table.delete(keys.NIGHT_AT_WORK, when=[Equals("execution", execution)])
        except StorageConflict:
            return

    def put_summary(self, execution: str, summary: Mapping[str, Any]) -> None:
        """Write how a night went: ids, outcomes and sentences, compressed: a bad night repeats itself."""
        pk, sk = keys.night(execution)
        data = zlib.compress(msgspec.json.encode(dict(summary)))
        self._table.put({"pk": pk, "sk": sk, "kind": "night", "summary": data, "expires": _expires()})

    def summary(self, execution: str) -> dict[str, Any] | None:
        """Return how a night went."""
        item = self._table.get(keys.night(execution))
        if item is None:
            return None
        return msgspec.json.decode(zlib.decompress(item["summary"]), type=dict[str, Any])


def _expires() -> int:
    return int(clock.now().timestamp()) + NIGHT_SECONDS
