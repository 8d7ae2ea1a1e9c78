"""Import: ask Senso for users of teachers who wait, one or many, each with a role and a site."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from rostersync.clock import milliseconds
from rostersync.parsing import TenantId
from rostersync.roster.offering import is_offered
from rostersync.roster.owners import Owner
from rostersync.senso.asking import Asking
from rostersync.senso.bus import Bus
from rostersync.steps.find_owner import OwnerId, look_up
from rostersync.steps.requests import Request
from rostersync.storage.stores import Stores
from rostersync.storage.wanted import REQUESTED, WantedUser


class UserToImport(Request, frozen=True, kw_only=True):
    """A teacher, as ``list_teachers`` gives it. ``role`` and ``site`` are Senso's words."""

    owner_id: OwnerId
    role: Annotated[str, Meta(min_length=1, max_length=100)]
    site: Annotated[str, Meta(max_length=100)] = ""


class ImportRequest(Request, frozen=True, kw_only=True):
    """The teachers to import."""

    tenant_id: TenantId
    users: Annotated[tuple[UserToImport, ...], Meta(min_length=1, max_length=500)]


class Imported(Struct, frozen=True):
    """What became of one: ``state`` ``requested``, or ``error`` says why not and what to do."""

    owner_id: str
    state: str = ""
    error: str = ""


def import_users(request: ImportRequest, stores: Stores, bus: Bus, *, now: datetime) -> list[Imported]:
    """Ask for the users; the one that cannot be asked for does not stop the others.

    A request is written before it is sent: what the bus does not take now goes with the next run. Asking
    again replaces what was asked, and what was refused, before. Raises ``NotConnected``.
    """
    stores.integrations.require(request.tenant_id)
    now_ms = milliseconds(now)
    asking = Asking(stores, bus, request.tenant_id)
    results: dict[str, Imported] = {}
    to_ask: list[tuple[WantedUser, Owner]] = []
    for one in request.users:
        if one.owner_id in results:
            continue
        owner, error = _offered(request.tenant_id, one.owner_id, stores)
        if owner is None:
            results[one.owner_id] = Imported(one.owner_id, error=error)
            continue
        wanted = WantedUser(
            owner_id=one.owner_id, request_id=f"{one.owner_id}.{now_ms}", role=one.role, site=one.site
        )
        stores.wanted.put(request.tenant_id, wanted)
        to_ask.append((wanted, owner))
        results[one.owner_id] = Imported(one.owner_id, state=REQUESTED)
    receipt = asking.for_users(to_ask, now_ms)
    for place in receipt.refused:
        owner_id = to_ask[place][0].owner_id
        results[owner_id] = Imported(
            owner_id, error="could not be sent to Senso now; it is sent with the next sync"
        )
    return list(results.values())


def _offered(tenant_id: str, owner_id: str, stores: Stores) -> tuple[Owner | None, str]:
    """Return a teacher who is offered for import, or why not."""
    found = look_up(tenant_id, owner_id, stores)
    if found.owner is None:
        return None, "ClassLink does not share this teacher any more; reload the list"
    if found.user_id:
        return None, "has a user in Senso already; reload the list"
    if not is_offered(found.groups, linked=False):
        return None, "has no class with students; import the teacher when there is one"
    return found.owner, ""
