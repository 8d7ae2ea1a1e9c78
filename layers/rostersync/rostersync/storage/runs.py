"""Syncs, from start to outcome, and how far a running one is."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from rostersync import clock
from rostersync.errors import StorageConflict
from rostersync.roster.readiness import Readiness
from rostersync.roster.settings import RosterSettings
from rostersync.storage import keys
from rostersync.storage.attributes import Item
from rostersync.storage.conditions import Absent, Equals
from rostersync.storage.table import Table
from rostersync.storage.transactions import Put

RUN_SECONDS: Final = 400 * 86_400
PROGRESS_SECONDS: Final = 2 * 86_400

OVER: Final = "over"
"""What becomes of a list of which nothing is missing any more, without anybody's decision."""


class Held(Struct, frozen=True, kw_only=True):
    """What became of a run's held list, kept until ``expires_at``.

    ``decision`` is "", approved, discarded or ``OVER``. ``decided_in``: the run that an approval started, or
    that found everything back. Times in ms since 1970.
    """

    expires_at: int
    decision: str = ""
    decided_by: str = ""
    decided_at: int = 0
    decided_in: str = ""


class RunRecord(Struct, frozen=True, kw_only=True):
    """One sync. Times in ms since 1970; ``finished_at`` is 0 and ``outcome`` "" while it runs.

    ``mode``, ``cause`` and ``outcome`` are DESIGN §1's words. ``error`` is the class of what went wrong and
    ``reason`` its sentence. ``collections`` holds for each of them announced (None: the server announces no
    total), received, kept, setAside and duplicates; ``changes`` counts added, changed and removed by kind;
    ``with_groups`` counts classes, those that stay among them, and ``without_groups`` the others by reason;
    ``notes`` what an admin may want to look into, ``writes`` items written to ``roster`` and ``groups``,
    ``delivery`` owners who are linked or wait and what was sent. ``settings``: what a preview was made under,
    if not under the tenant's own, and with ``additions_only_until`` as after that day; ``readiness``: what it
    found of it, None of any other run.
    ``stopped``: why nothing at all was published, "" if it was (RULES 4.4);
    ``held``: of a run with a list of its own; ``permits``: the run whose list somebody has approved.
    """

    tenant_id: str
    run_id: str
    mode: str
    cause: str
    actor: str = ""
    started_at: int
    finished_at: int = 0
    outcome: str = ""
    error: str = ""
    reason: str = ""
    warnings: list[str] = field(default_factory=list)
    collections: dict[str, dict[str, int | None]] = field(default_factory=dict)
    statistics: dict[str, int] = field(default_factory=dict)
    changes: dict[str, dict[str, int]] = field(default_factory=dict)
    with_groups: int = 0
    without_groups: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    delivery: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    settings: RosterSettings | None = None
    additions_only_until: str | None = None
    readiness: Readiness | None = None
    permits: str = ""
    stopped: str = ""
    held: Held | None = None


class Requests(Struct, frozen=True):
    """What a run has sent to the Roster Server, failed invocations included: answered, and in vain."""

    answered: int = 0
    failed: int = 0

    @property
    def sent(self) -> int:
        """All of them."""
        return self.answered + self.failed


_RUN: Final = msgspec.json.Decoder(RunRecord)
_ROWS: Final = msgspec.json.Decoder(dict[str, int])


class Runs:
    """Run items, kept for 400 days, and those of progress and requests, kept for 2."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def beginning(self, record: RunRecord) -> Put:
        """Return what writes a run that begins, as part of a transaction."""
        return Put(_run_item(record), [Absent()])

    def start(self, record: RunRecord) -> RunRecord:
        """Write a run that begins, once; return it as it was first written."""
        try:
            self._table.put(_run_item(record), when=[Absent()])
        except StorageConflict:
            return self.get(record.tenant_id, record.run_id) or record
        return record

    def finish(self, record: RunRecord) -> bool:
        """Write how a run ended, once; return whether it was this call that ended it.

        ``record.finished_at`` must be set. A run that was never started gets no item.
        """
        item = _run_item(record)
        try:
            self._table.update((item.pop("pk"), item.pop("sk")), item, when=[Equals("finished_at", 0)])
        except StorageConflict:
            return False
        return True

    def decide(
        self, tenant_id: str, run_id: str, *, decision: str, by: str, at: int, decided_in: str = ""
    ) -> Held | None:
        """Write how somebody decided on a run's held list, once.

        Returns the decision that holds, None for a run without a list.
        """
        record = self.get(tenant_id, run_id)
        if record is None or record.held is None or record.held.decision:
            return None if record is None else record.held
        decided = replace(record.held, decision=decision, decided_by=by, decided_at=at, decided_in=decided_in)
        item = _run_item(replace(record, held=decided))
        with suppress(StorageConflict):
            self._table.update(
                (item.pop("pk"), item.pop("sk")), {**item, "decided": True}, when=[Absent("decided")]
            )
        found = self.get(tenant_id, run_id)
        return None if found is None else found.held

    def get(self, tenant_id: str, run_id: str) -> RunRecord | None:
        """Return a run."""
        item = self._table.get(keys.run(tenant_id, run_id))
        return None if item is None else _run_of(item)

    def recent(self, tenant_id: str, limit: int) -> list[RunRecord]:
        """Return the last runs of a tenant, latest first.

        Reads them all: a run's name says nothing about its time, and 400 nights are one or two pages.
        """
        found = [_run_of(item) for item in self._table.query(keys.runs_partition(tenant_id), keys.RUN_PREFIX)]
        found.sort(key=lambda run: (-run.started_at, run.run_id))
        return found[:limit]

    def put_progress(self, tenant_id: str, run_id: str, task: int, rows: Mapping[str, int]) -> None:
        """Write how many rows of each collection a Fetch task has."""
        pk, sk = keys.progress(tenant_id, run_id, task)
        self._table.put(
            {
                "pk": pk,
                "sk": sk,
                "kind": "progress",
                "data": msgspec.json.encode(dict(rows)).decode(),
                "expires": _in_two_days(),
            }
        )

    def progress(self, tenant_id: str, run_id: str) -> dict[str, int]:
        """Return how many rows of each collection a run has, over its tasks."""
        total: Counter[str] = Counter()
        for item in self._table.query(keys.runs_partition(tenant_id), keys.progress_prefix(run_id)):
            total.update(_ROWS.decode(item["data"]))
        return dict(total)

    def count_requests(self, tenant_id: str, run_id: str, *, answered: int, failed: int) -> Requests:
        """Add to what a run has sent; return all of it, whichever function has sent it."""
        return _requests_of(
            self._table.add(
                keys.requests(tenant_id, run_id),
                {"answered": answered, "failed": failed},
                {"kind": "requests", "expires": _in_two_days()},
            )
        )

    def requests(self, tenant_id: str, run_id: str) -> Requests:
        """Return what a run has sent."""
        item = self._table.get(keys.requests(tenant_id, run_id))
        return Requests() if item is None else _requests_of(item)


def _in_two_days() -> int:
    return int(clock.now().timestamp()) + PROGRESS_SECONDS


def _requests_of(item: Item) -> Requests:
    return Requests(item["answered"], item["failed"])


def _run_item(record: RunRecord) -> Item:
    pk, sk = keys.run(record.tenant_id, record.run_id)
    return {
        "pk": pk,
        "sk": sk,
        "kind": "run",
        "finished_at": record.finished_at,
        "data": msgspec.json.encode(record).decode(),
        "expires": record.started_at // 1000 + RUN_SECONDS,
    }


def _run_of(item: Item) -> RunRecord:
    return _RUN.decode(item["data"])
