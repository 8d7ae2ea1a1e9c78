"""Somebody decides on a held list: approve it, which starts a run, or discard it (RULES 4.5)."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from rostersync.clock import milliseconds
from rostersync.errors import AlreadyDecided, HeldListExpired, RunInProgress
from rostersync.parsing import TenantId
from rostersync.senso.attention import REMOVALS_HELD, Attention
from rostersync.senso.bus import Bus
from rostersync.steps.going_on import goes_on
from rostersync.steps.requests import ActorId, Request, RunId
from rostersync.steps.show_held import require_held
from rostersync.steps.start_run import Started, StartRequest
from rostersync.storage.integrations import Integration
from rostersync.storage.runs import OVER, Held
from rostersync.storage.stores import Stores


class DecideRequest(Request, frozen=True, kw_only=True):
    """The run whose list it is; ``actor`` is the id of who decides, never a name."""

    tenant_id: TenantId
    run_id: RunId
    actor: ActorId = ""


class _Case(Struct, frozen=True):
    integration: Integration
    held: Held
    undecided: bool


def approve_held(
    request: DecideRequest, stores: Stores, start: Callable[[StartRequest], Started], *, now: datetime
) -> Started:
    """Start a run that permits what is on the list; pressed again it is that run.

    The list is decided when that run has come through: one that fails leaves it as it was. Raises
    ``NotFound``, ``AlreadyDecided``, ``HeldListExpired``, and ``RunInProgress`` while another run goes on.
    """
    case = _require(request, stores, now, "approved")
    if not case.undecided:
        return Started(case.held.decided_in, already=True)
    started = start(
        StartRequest(tenant_id=request.tenant_id, mode="changes", actor=request.actor, permits=request.run_id)
    )
    if started.already:
        run = stores.runs.get(request.tenant_id, started.run_id)
        if run is None or run.permits != request.run_id:
            raise RunInProgress(
                "a sync is in progress; approve when it has ended, and look at the list again"
            )
    return started


def discard_held(request: DecideRequest, stores: Stores, bus: Bus, *, now: datetime) -> None:
    """Forget the list: the next run looks afresh. Pressed again it is the same.

    Raises ``NotFound``, ``AlreadyDecided``, ``HeldListExpired``, ``EventBusUnavailable``, and
    ``RunInProgress`` while the run of an approval goes on.
    """
    case = _require(request, stores, now, "discarded")
    if case.undecided:
        _refuse_while_it_is_approved(request, stores, now)
    held = stores.runs.decide(
        request.tenant_id, request.run_id, decision="discarded", by=request.actor, at=milliseconds(now)
    )
    if held is not None and held.decision != "discarded":
        raise _decided(held)
    if case.undecided:
        # Before it is forgotten: who dies in between presses again, and says it again.
        Attention(stores, bus, case.integration).over(REMOVALS_HELD, request.run_id)
    stores.integrations.release(request.tenant_id, request.run_id)


def _refuse_while_it_is_approved(request: DecideRequest, stores: Stores, now: datetime) -> None:
    """Raise ``RunInProgress`` while a run goes on that permits what is on the list.

    An approval that begins after this was asked finds the list discarded when it plans, and permits nothing.
    """
    lease = stores.leases.holder(request.tenant_id, now)
    run = stores.runs.get(request.tenant_id, lease.run_id) if lease is not None else None
    if goes_on(lease, run) and run is not None and run.permits == request.run_id:
        raise RunInProgress(
            "the list has been approved, and the sync that this started goes on; look at it when it has ended"
        )


def _require(request: DecideRequest, stores: Stores, now: datetime, decision: str) -> _Case:
    """Return the list on which somebody can still decide, or has decided in the same way."""
    # Before the list: of one that is not undecided any more it is known then how that came.
    integration = stores.integrations.require(request.tenant_id)
    held = require_held(request.tenant_id, request.run_id, stores)
    now_ms = milliseconds(now)
    undecided = integration.undecided(now_ms) == request.run_id
    if held.decision == decision or (undecided and not held.decision):
        return _Case(integration, held, undecided)
    if held.decision:
        raise _decided(held)
    if now_ms >= held.expires_at:
        raise HeldListExpired("the list is older than 90 days; the next sync looks afresh")
    raise AlreadyDecided("a later sync has put everything on a list of its own; decide on that one")


def _decided(held: Held) -> AlreadyDecided:
    if held.decision == OVER:
        return AlreadyDecided("everything on the list is back in ClassLink; there is nothing to decide on")
    return AlreadyDecided(f"the list has been {held.decision} already; look at the history")
