"""Plan: take the tenant's lease, ask each collection for its total, cut windows into tasks."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rostersync.clock import local_date, milliseconds
from rostersync.errors import LeaseLost, NightAlreadyRun, UnexpectedAnswer
from rostersync.oneroster.pulling import find_total
from rostersync.oneroster.server import RosterServer
from rostersync.oneroster.windows import Window
from rostersync.roster.records import COLLECTIONS
from rostersync.steps.budget import shared_budget
from rostersync.steps.requests import ActorId, Cause, Mode, PullRequest
from rostersync.steps.staged_pull import ALL_SHARDS, PULLS, Plan
from rostersync.storage import staged
from rostersync.storage.due_times import next_due_at, night_of
from rostersync.storage.integrations import Integration
from rostersync.storage.runs import RunRecord
from rostersync.storage.stores import Stores

SMALLEST_CLAMP = 100
"""The least that a server gives for a page (ONEROSTER §5); the cuts of two pulls differ within it."""

DAY_MS = 86_400_000
"""No run takes as long: what is kept for a day more is there until it ends."""

ROWS_PER_SHARD_TASK = 100_000
"""Rows of a pull that a task over shards takes: a second or two, so that its start is a small part of it."""


class PlanRequest(PullRequest, frozen=True, kw_only=True):
    """The input of a sync, with the run's name and the number of the pull."""

    mode: Mode = "changes"
    cause: Cause = "operator"
    actor: ActorId = ""


def plan_pull(
    request: PlanRequest,
    stores: Stores,
    connect: Callable[[Integration], RosterServer],
    *,
    now: datetime,
    default_time_zone: str,
    page_size: int,
    fetch_tasks: int,
    lease_seconds: int,
    stop_removals: bool = False,
) -> dict[str, Any]:
    """Stage the plan of a pull; return what the state machine carries: the run, task and shard numbers.

    Raises ``NotConnected``, ``RunInProgress``, ``NightAlreadyRun``, ``LeaseLost`` when the run has ended, and
    what the Roster Server's first answers raise.
    """
    stores.integrations.require(request.tenant_id)
    stores.leases.acquire(request.tenant_id, request.run_id, now, lease_seconds)
    # Read under the lease: a run that has just ended may have had the night.
    integration = stores.integrations.require(request.tenant_id)
    time_zone = integration.time_zone or default_time_zone
    run = _begin(request, integration, stores, now, time_zone)
    totals: dict[str, int] = {}
    announced: dict[str, int | None] = {}
    revisions: dict[str, str] = {}
    with shared_budget(connect(integration), stores, request) as server:
        for collection in COLLECTIONS:
            page = server.peek(collection)
            if page.total is None and integration.ability.get("totals"):
                # Taken for "announces none", an empty answer would be taken for an empty collection.
                raise UnexpectedAnswer(
                    f"the Roster Server announces no total of /{collection}, as it did when it was "
                    "connected; connect it again if that is meant"
                )
            announced[collection], revisions[collection] = page.total, page.revision
            totals[collection] = find_total(server, collection) if page.total is None else page.total
    windows = [
        window
        for collection in COLLECTIONS
        for window in cut_windows(
            collection, totals[collection], announced[collection] is None, page_size, request.pull
        )
    ]
    tasks = deal(windows, min(fetch_tasks, len(windows)))
    today = local_date(run.started_at, time_zone)
    # While nothing may go an approval permits nothing, and its list stays undecided.
    additions_only = stop_removals or (
        run.additions_only_until is None and today <= integration.additions_only_until
    )
    permits = "" if additions_only else _permitted_list(run, integration)
    plan = Plan(
        mode=request.mode,
        today=today,
        started_at=run.started_at,
        page_size=page_size,
        tasks=tasks,
        shards=deal_shards(sum(totals.values())),
        announced=announced,
        found={collection: totals[collection] for collection in COLLECTIONS if announced[collection] is None},
        revisions=revisions,
        settings=run.settings if request.mode == "preview" and run.settings else integration.settings,
        secret_version=integration.secret_version,
        requests=_requests_of_a_pull(request, stores, len(COLLECTIONS) + len(windows)),
        guard=integration.guard,
        keeps=_kept_list(run, integration, permits),
        permits=permits,
        additions_only=additions_only,
        school_ids=integration.school_ids,
        # Once something was published the guard knows what there was.
        not_empty=() if integration.synced_at else integration.not_empty,
    )
    key = staged.plan(request.tenant_id, request.run_id, request.pull)
    if not stores.staging.put_json(key, plan, once=True):
        plan = stores.staging.get_json(key, Plan)
    return {
        "run": {"tenantId": request.tenant_id, "runId": request.run_id},
        "tasks": list(range(len(plan.tasks))),
        "shards": plan.shards,
    }


def _begin(
    request: PlanRequest, integration: Integration, stores: Stores, now: datetime, time_zone: str
) -> RunRecord:
    """Write the run item once, and for a nightly run that this local date has had its night.

    Raises ``NightAlreadyRun`` and ``LeaseLost``, the lease given back.
    """
    night = night_of(now, time_zone, integration.nightly_hour)
    begun = stores.runs.get(request.tenant_id, request.run_id)
    if request.cause == "nightly" and begun is None and integration.last_nightly_date >= night:
        stores.leases.release(request.tenant_id, request.run_id)
        raise NightAlreadyRun(f"tenant {request.tenant_id} has had its night of {night}")
    run = stores.runs.start(
        RunRecord(
            tenant_id=request.tenant_id,
            run_id=request.run_id,
            mode=request.mode,
            cause=request.cause,
            actor=request.actor,
            started_at=milliseconds(now),
        )
    )
    if run.finished_at:
        stores.leases.release(request.tenant_id, request.run_id)
        raise LeaseLost(f"run {request.run_id} has been ended; start a new one")
    if request.cause == "nightly" and integration.last_nightly_date < night:
        windows = integration.pause_windows
        due_at = next_due_at(now, time_zone, integration.nightly_hour, night, windows)
        stores.integrations.record_night(request.tenant_id, night, due_at)
    return run


def _requests_of_a_pull(request: PlanRequest, stores: Stores, at_least: int) -> int:
    """Return how many requests a pull takes: as many as one before it, if that had smaller pages."""
    if request.pull == 1:
        return at_least
    sent = stores.runs.requests(request.tenant_id, request.run_id)
    return max(at_least, sent.answered // (request.pull - 1))


def _kept_list(run: RunRecord, integration: Integration, permits: str) -> str:
    """Return the run on whose undecided list is what stays; not if it is permitted, or expires meanwhile."""
    undecided = integration.undecided(run.started_at + DAY_MS)
    return "" if undecided == permits else undecided


def _permitted_list(run: RunRecord, integration: Integration) -> str:
    """Return the run on whose approved list is what may go; none when the list was decided on meanwhile.

    Whoever approves begins a run and decides nothing: its execution may come when the list was discarded, or
    a later run has put everything on a list of its own.
    """
    held = integration.held
    return run.permits if held is not None and held.run_id == run.permits else ""


def cut_windows(
    collection: str, total: int, open_ended: bool, page_size: int, pull: int
) -> tuple[Window, ...]:
    """Cut a collection into windows of a page each, neighbours sharing one row.

    Each pull cuts elsewhere, by a small first window that shifts all others and the pages in them, so that an
    id that comes twice because pages shifted does not come twice again in the same way (DESIGN, promise 1).
    The last window asks for one row more than there should be: a total that is too low would cut the list
    short without a word. Without an announced total, or with one of 0, it reads on to the end.
    """
    first = page_size if pull == 1 else max(2, min(page_size, total, SMALLEST_CLAMP) * (pull - 1) // PULLS)
    cuts = [0]
    while cuts[-1] + (size := first if len(cuts) == 1 else page_size) <= total:
        cuts.append(cuts[-1] + size - 1)
    ends: list[int | None] = [cut + 1 for cut in cuts[1:]]
    return tuple(
        Window(collection, start, end)
        for start, end in zip(cuts, [*ends, None if open_ended or not total else total + 1], strict=True)
    )


def deal_shards(rows: int) -> tuple[tuple[int, ...], ...]:
    """Deal the shards of a pull of so many rows to tasks: one for a small district, sixteen at the most."""
    tasks = min(len(ALL_SHARDS), 1 + rows // ROWS_PER_SHARD_TASK)
    return tuple(ALL_SHARDS[first::tasks] for first in range(tasks))


def deal(windows: list[Window], tasks: int) -> tuple[tuple[Window, ...], ...]:
    """Deal windows to tasks in turn, the largest first, so that every task has about the same rows."""
    largest_first = sorted(windows, key=lambda window: -(window.end or window.start) + window.start)
    return tuple(tuple(largest_first[task::tasks]) for task in range(tasks))
