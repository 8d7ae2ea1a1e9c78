"""The hours that were claimed, and how the nights went."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rostersync import clock
from rostersync.errors import StorageConflict
from rostersync.storage import keys
from rostersync.storage.conditions import Absent, Equals
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

    def put_summary(self, execution: str, summary: Mapping[str, Any]) -> None:
        """Write how a night went: ids, outcomes and numbers."""
        pk, sk = keys.night(execution)
        data = msgspec.json.encode(dict(summary)).decode()
        self._table.put({"pk": pk, "sk": sk, "kind": "night", "data": data, "expires": _expires()})

    def summary(self, execution: str) -> dict[str, Any] | None:
        """Return how a night went."""
        item = self._table.get(keys.night(execution))
        return None if item is None else msgspec.json.decode(item["data"], type=dict[str, Any])


def _expires() -> int:
    return int(clock.now().timestamp()) + NIGHT_SECONDS
