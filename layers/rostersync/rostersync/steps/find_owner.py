"""Find a teacher by e-mail: the teacher's own, or that of the Senso user who is tied to the teacher."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from rostersync.parsing import TenantId
from rostersync.roster.emails import normalise_email
from rostersync.roster.explaining import Explanation, explain_owner
from rostersync.roster.groups import OwnersClass
from rostersync.roster.owners import Owner
from rostersync.senso.linking import Linking
from rostersync.steps.requests import Request
from rostersync.storage import items, keys
from rostersync.storage.stores import Stores

OwnerId = Annotated[str, Field(pattern=r"^o_[0-9a-f]{20}$")]


class FindRequest(Request):
    """An e-mail, as somebody typed it."""

    tenant_id: TenantId
    email: Annotated[str, Field(min_length=3, max_length=254)]


@dataclass(frozen=True, slots=True)
class FoundOwner:
    """``owner_id`` is "" when there is none; ``owner`` is None too for one who has left.

    ``user_id`` is the linked Senso user's, ``by_hand`` says that somebody matched the two.
    """

    owner_id: str
    owner: Owner | None
    classes: tuple[OwnersClass, ...]
    user_id: str
    by_hand: bool
    explanation: Explanation

    @property
    def groups(self) -> int:
        """How many groups the owner has, as last published."""
        return sum(bool(one.group_id) for one in self.classes)


def find_owner(request: FindRequest, stores: Stores) -> FoundOwner:
    """Return the owner, or why there is none; raises ``NotConnected``."""
    integration = stores.integrations.require(request.tenant_id)
    linking = Linking(stores, request.tenant_id, integration.settings.email_domains, now_ms=0)
    owner_id = linking.owner_with(request.email)
    if not owner_id:
        for user in stores.users.with_emails(request.tenant_id, [normalise_email(request.email, {})]):
            owner_id = owner_id or stores.links.of_user(request.tenant_id, user.user_id).owner_id
    return look_up(request.tenant_id, owner_id, stores)


def look_up(tenant_id: str, owner_id: str, stores: Stores) -> FoundOwner:
    """Return what is stored of an owner by id; of "" that there is none."""
    if not owner_id:
        return FoundOwner("", None, (), "", False, explain_owner((), is_owner=False, linked=False))
    owner = stores.table.get(keys.owner(tenant_id, owner_id))
    listed = stores.table.get(keys.class_list(tenant_id, owner_id))
    classes = items.class_list_of(listed) if listed is not None else ()
    link = stores.links.of_owner(tenant_id, owner_id)
    user_id = link.user_id if link is not None else ""
    return FoundOwner(
        owner_id=owner_id,
        owner=items.owner_of(owner) if owner is not None else None,
        classes=classes,
        user_id=user_id,
        by_hand=bool(user_id) and stores.links.matched_user(tenant_id, owner_id) == user_id,
        explanation=explain_owner(classes, is_owner=owner is not None, linked=bool(user_id)),
    )
