"""The sync button: one run at a time, however often it is pressed."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from rostersync.clock import milliseconds
from rostersync.errors import RunInProgress, StorageUnavailable
from rostersync.parsing import TenantId
from rostersync.roster.settings import RosterSettings
from rostersync.steps.going_on import SECONDS_TO_BEGIN
from rostersync.steps.requests import ActorId, Mode, Request
from rostersync.storage.executions import Executions
from rostersync.storage.runs import RunRecord
from rostersync.storage.stores import Stores


class StartRequest(Request, frozen=True, kw_only=True):
    """Which kind of sync; ``actor`` is the id of who pressed, never a name.

    ``settings``: what a preview is to be made under, in place of the tenant's own, made by who has checked
    them; with ``additions_only_until``, as after that day. ``permits``: the run whose held list somebody has
    approved.
    """

    tenant_id: TenantId
    mode: Mode
    actor: ActorId = ""
    settings: RosterSettings | None = None
    additions_only_until: str | None = None
    permits: str = ""

    def __post_init__(self) -> None:
        """Refuse other settings for a run that changes something."""
        others = (self.settings, self.additions_only_until)
        if any(one is not None for one in others) and self.mode != "preview":
            raise ValueError("other settings are for a preview")


class Started(Struct, frozen=True):
    """The run that goes on. ``already``: it was begun by somebody else, or by an earlier press."""

    run_id: str
    already: bool


def start_run(
    request: StartRequest,
    stores: Stores,
    executions: Executions,
    state_machine: str,
    *,
    now: datetime,
    nonce: str,
) -> Started:
    """Take the lease and write the run down, then start the execution; return the run in progress if any.

    ``nonce`` makes the run's id another one than that of any press in the same millisecond. Raises
    ``NotConnected``, ``RunInProgress`` while what a run that has ended left may still be writing,
    ``StorageConflict`` and ``StorageUnavailable``.
    """
    integration = stores.integrations.require(request.tenant_id)
    settings = request.settings
    if settings is None and request.additions_only_until is not None:
        # Written down: the tenant's own may be others by the time this preview is shown.
        settings = integration.settings
    started_at = milliseconds(now)
    run_id = f"portal-{started_at}-{nonce}"
    # Who pressed stays in the run's item: an execution's input is kept in its history.
    run = RunRecord(
        tenant_id=request.tenant_id,
        run_id=run_id,
        mode=request.mode,
        cause="portal",
        actor=request.actor,
        started_at=started_at,
        settings=settings,
        additions_only_until=request.additions_only_until,
        permits=request.permits,
    )
    try:
        # Together: whoever finds the lease taken can see for what.
        stores.leases.acquire(
            request.tenant_id, run_id, now, SECONDS_TO_BEGIN, together_with=[stores.runs.beginning(run)]
        )
    except RunInProgress:
        holder = stores.leases.holder(request.tenant_id, now)
        if holder is None or holder.ended:
            raise
        return Started(holder.run_id, already=True)
    event = {"tenantId": request.tenant_id, "mode": request.mode, "cause": "portal"}
    try:
        executions.start(state_machine, run_id, event)
    except StorageUnavailable as error:
        failed = replace(run, outcome="failed", error=type(error).__name__, reason=str(error))
        stores.runs.finish(replace(failed, finished_at=started_at))
        stores.leases.release(request.tenant_id, run_id)
        raise
    return Started(run_id, already=False)
