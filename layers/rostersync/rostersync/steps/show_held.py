"""What a run held, for who decides: what would go, where, and how it was decided."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from rostersync.clock import milliseconds
from rostersync.errors import HeldListExpired, NotFound, StagedObjectMissing
from rostersync.roster.guard import EVERYWHERE
from rostersync.steps.keeping import Summary, summary_of
from rostersync.steps.stored_roster import StoredRoster
from rostersync.storage import staged
from rostersync.storage.runs import Held
from rostersync.storage.stores import Stores

UNDECIDED: Final = "undecided"
REPLACED: Final = "replaced"
"""A later run has put everything on a list of its own."""


class ShownList(Struct, frozen=True):
    """A held list. ``state`` is ``undecided``, ``approved``, ``discarded``, ``over`` or ``replaced``.

    ``schools`` are names by sourcedId, of those of which something would go or was too much.
    """

    state: str
    held: Held
    summary: Summary
    schools: dict[str, str]


def require_held(tenant_id: str, run_id: str, stores: Stores) -> Held:
    """Return what became of a run's held list; raises ``NotFound``, for another tenant's too."""
    run = stores.runs.get(tenant_id, run_id)
    if run is None or run.held is None:
        raise NotFound("no sync of this name holds anything; look at the history")
    return run.held


def show_held(tenant_id: str, run_id: str, stores: Stores, *, now: datetime) -> ShownList:
    """Return a held list; raises ``NotFound``, and ``HeldListExpired`` after 90 days."""
    held = require_held(tenant_id, run_id, stores)
    integration = stores.integrations.require(tenant_id)
    if milliseconds(now) >= held.expires_at:
        raise HeldListExpired("the list is older than 90 days; the next sync looks afresh")
    try:
        summary = summary_of(stores.staging.open_pack(staged.held(tenant_id, run_id)))
    except StagedObjectMissing:
        raise HeldListExpired("the list is not kept any more; the next sync looks afresh") from None
    causes = {school for _, school, _, _ in summary.causes}
    ids = {group.school for group in summary.largest} | summary.shares.keys() | causes
    roster = StoredRoster(stores, tenant_id, integration.settings, "")
    undecided = integration.undecided(milliseconds(now)) == run_id
    return ShownList(
        state=held.decision or (UNDECIDED if undecided else REPLACED),
        held=held,
        summary=summary,
        schools=roster.school_names(ids - {EVERYWHERE, ""}),
    )
