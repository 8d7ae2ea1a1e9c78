"""Resync of one user: send all groups of that user's owner again, whatever was sent before."""

from msgspec import Struct

from rostersync.parsing import TenantId
from rostersync.roster.explaining import Explanation
from rostersync.senso.bus import Bus
from rostersync.senso.delivering import Delivering
from rostersync.steps.find_owner import OwnerId, look_up
from rostersync.steps.requests import Request
from rostersync.storage.stores import Stores


class ResyncRequest(Request, frozen=True, kw_only=True):
    """An owner, as ``find_owner`` gives it."""

    tenant_id: TenantId
    owner_id: OwnerId


class Resynced(Struct, frozen=True):
    """``groups`` were sent, as ClassLink had them at ``as_of``, in ms since 1970; it was not asked again.

    ``explanation`` says why there were none, or why some of the owner's classes are none.
    """

    groups: int
    as_of: int
    explanation: Explanation


def resync_owner(request: ResyncRequest, stores: Stores, bus: Bus) -> Resynced:
    """Send an owner's groups, and removals of groups that are no more.

    They are due until the bus has accepted them: a call that dies is finished by the next run. Raises
    ``NotConnected`` and ``EventBusUnavailable``.
    """
    integration = stores.integrations.require(request.tenant_id)
    found = look_up(request.tenant_id, request.owner_id, stores)
    delivering = Delivering(stores, bus, request.tenant_id)
    told = delivering.deliver([delivering.read_to_send_again(request.owner_id)])
    return Resynced(told["groups"], integration.synced_at, found.explanation)
