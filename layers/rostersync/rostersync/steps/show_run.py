"""The last runs, and one of them, with how far it is while it goes on."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from rostersync.errors import NotFound, StagedObjectMissing
from rostersync.roster.records import COLLECTIONS
from rostersync.steps.going_on import as_it_stands
from rostersync.steps.staged_pull import PULLS, Plan
from rostersync.storage import staged
from rostersync.storage.runs import RunRecord
from rostersync.storage.stores import Stores

ENDED: Final = "ended"
PLANNING: Final = "planning"
FETCHING: Final = "fetching"
COMPARING: Final = "comparing"
PUBLISHING: Final = "publishing"


class ShownRun(Struct, frozen=True):
    """``phase`` is one of ``planning``, ``fetching``, ``comparing``, ``publishing`` and ``ended``.

    ``progress`` holds for each collection how many rows have come and how many there are to be, None where
    the server announces no total; it is empty before the plan and once the run has ended.
    """

    run: RunRecord
    phase: str
    progress: dict[str, dict[str, int | None]]


def show_runs(tenant_id: str, limit: int, stores: Stores, *, now: datetime) -> list[RunRecord]:
    """Return the last runs of a tenant, latest first."""
    lease = stores.leases.holder(tenant_id, now)
    return [as_it_stands(run, lease, now) for run in stores.runs.recent(tenant_id, limit)]


def show_run(tenant_id: str, run_id: str, stores: Stores, *, now: datetime) -> ShownRun:
    """Return a run; raises ``NotFound``, for another tenant's too."""
    lease = stores.leases.holder(tenant_id, now)
    found = stores.runs.get(tenant_id, run_id)
    if found is None:
        raise NotFound("there is no such sync; look at the history")
    run = as_it_stands(found, lease, now)
    if run.finished_at:
        return ShownRun(run, ENDED, {})
    for pull in range(PULLS, 0, -1):
        try:
            plan = stores.staging.get_json(staged.plan(tenant_id, run_id, pull), Plan)
        except StagedObjectMissing:
            continue
        rows = stores.runs.progress(tenant_id, run_id)
        progress: dict[str, dict[str, int | None]] = {
            collection: {"rows": rows.get(collection, 0), "total": plan.announced[collection]}
            for collection in COLLECTIONS
        }
        return ShownRun(run, _phase(tenant_id, run_id, pull, stores), progress)
    return ShownRun(run, PLANNING, {})


def _phase(tenant_id: str, run_id: str, pull: int, stores: Stores) -> str:
    if any(stores.staging.exists(staged.review(tenant_id, run_id, pull, look)) for look in (False, True)):
        return PUBLISHING
    return COMPARING if stores.staging.exists(staged.verdict(tenant_id, run_id, pull)) else FETCHING
