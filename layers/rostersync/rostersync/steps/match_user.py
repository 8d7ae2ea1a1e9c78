"""Match a teacher to a Senso user by hand, or undo it (RULES 2.4)."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from rostersync.clock import milliseconds
from rostersync.errors import InvalidInput
from rostersync.parsing import TenantId
from rostersync.roster.emails import normalise_email
from rostersync.senso.bus import Bus
from rostersync.senso.delivering import Delivering
from rostersync.senso.linking import Linking
from rostersync.steps.find_owner import FoundOwner, OwnerId, look_up
from rostersync.steps.requests import Request
from rostersync.storage.stores import Stores


class MatchRequest(Request, frozen=True, kw_only=True):
    """``email`` is the Senso user's; None undoes a match."""

    tenant_id: TenantId
    owner_id: OwnerId
    email: Annotated[str, Meta(min_length=3, max_length=254)] | None


def match_user(request: MatchRequest, stores: Stores, bus: Bus, *, now: datetime) -> FoundOwner:
    """Match, or undo; then send whatever groups that moves. Return the owner as it is afterwards.

    Both the user and the teacher lose whom they were matched to. Without a match the rules decide again; a
    user who was there by the match alone is not kept. Raises ``InvalidInput`` when there is no such teacher
    or user, ``NotConnected`` and ``EventBusUnavailable``.
    """
    integration = stores.integrations.require(request.tenant_id)
    linking = Linking(stores, request.tenant_id, integration.settings.email_domains, milliseconds(now))
    if look_up(request.tenant_id, request.owner_id, stores).owner is None:
        raise InvalidInput("ownerId: ClassLink shares no such teacher; find the teacher by e-mail")
    concerned = _match(request, linking) if request.email else _undo(request, linking)
    settled = linking.settle(concerned)
    delivering = Delivering(stores, bus, request.tenant_id)
    delivering.deliver(map(delivering.read, sorted(settled)))
    return look_up(request.tenant_id, request.owner_id, stores)


def _match(request: MatchRequest, linking: Linking) -> set[str]:
    users = linking.stores.users.with_emails(request.tenant_id, [normalise_email(request.email or "", {})])
    if not users:
        raise InvalidInput("email: no user in Senso has it; add the user there, or import the teacher")
    links = linking.stores.links
    user_id = min(user.user_id for user in users)
    before = links.matched_owner(request.tenant_id, user_id)
    links.match(request.tenant_id, request.owner_id, user_id)
    return {request.owner_id, before, *linking.owners_around([user_id])}


def _undo(request: MatchRequest, linking: Linking) -> set[str]:
    user_id = linking.stores.links.matched_user(request.tenant_id, request.owner_id)
    linking.stores.links.match(request.tenant_id, request.owner_id, "")
    return {request.owner_id, *linking.owners_around([user_id] if user_id else [])}
