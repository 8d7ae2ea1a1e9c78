"""Find a teacher by e-mail: the teacher's own, or that of the Senso user who is tied to the teacher."""

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from rostersync import clock
from rostersync.at_once import at_once
from rostersync.clock import local_date, milliseconds
from rostersync.parsing import TenantId, shaped
from rostersync.roster.emails import normalise_email
from rostersync.roster.explaining import (
    REMOVED,
    Explanation,
    Who,
    because,
    explain_nobody,
    explain_owner,
    goes_by,
)
from rostersync.roster.groups import OwnersClass
from rostersync.roster.identity import OWNER_ID_PATTERN, SHARDS
from rostersync.roster.owners import Owner
from rostersync.roster.records import Person
from rostersync.senso.linking import Linking
from rostersync.steps.requests import Request
from rostersync.storage import items, keys
from rostersync.storage.attributes import Item
from rostersync.storage.integrations import Integration
from rostersync.storage.stores import Stores

OwnerId = Annotated[str, shaped(OWNER_ID_PATTERN)]
Email = Annotated[str, Meta(min_length=3, max_length=254)]
"""An e-mail, as somebody typed it."""


class FindRequest(Request, frozen=True, kw_only=True):
    """Whom to look for."""

    tenant_id: TenantId
    email: Email


class FoundOwner(Struct, frozen=True):
    """``owner_id`` is "" when there is none; ``owner`` is None too for one who has left.

    ``user_id`` is the linked Senso user's, ``by_hand`` says that somebody matched the two. ``people`` are
    those who go by an e-mail that nobody owns.
    """

    owner_id: str
    owner: Owner | None
    classes: tuple[OwnersClass, ...]
    user_id: str
    by_hand: bool
    explanation: Explanation
    people: tuple[Who, ...] = ()

    @property
    def groups(self) -> int:
        """How many groups the owner has, as last published."""
        return sum(bool(one.group_id) for one in self.classes)


def find_owner(request: FindRequest, stores: Stores) -> FoundOwner:
    """Return the owner, or why there is none; raises ``NotConnected``."""
    integration = stores.integrations.require(request.tenant_id)
    now_ms = milliseconds(clock.now())
    return find_by_email(
        request.email, integration, stores, now_ms=now_ms, time_zone=integration.time_zone or "UTC"
    )


def find_by_email(
    email: str, integration: Integration, stores: Stores, *, now_ms: int, time_zone: str
) -> FoundOwner:
    """Find an owner; where there is none today, read all people of the roster to say why."""
    tenant_id = integration.tenant_id
    owner_id = Linking(stores, tenant_id, integration.settings.email_domains, now_ms).owner_with(email)
    if not owner_id:
        for user in stores.users.with_emails(tenant_id, [normalise_email(email, {})]):
            owner_id = owner_id or stores.links.of_user(tenant_id, user.user_id).owner_id
    found = look_up(tenant_id, owner_id, stores)
    if found.owner is not None:
        return found
    people, removed = _who_go_by(email, integration, stores, now_ms, time_zone)
    explanation, whos = explain_nobody(people, removed, integration.settings)
    return replace(found, explanation=explanation, people=whos)


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


def removed_person(item: Item, now_ms: int, time_zone: str) -> Who | None:
    """Return who was removed, from what is kept of them for 30 days; None after that."""
    if items.has_expired(item, now_ms):
        return None
    gone = items.gone_of(item)
    return Who(
        sourced_id=gone.sourced_id,
        given_name=gone.given_name,
        family_name=gone.family_name,
        email=gone.email,
        why=because(REMOVED, local_date(gone.gone_at, time_zone)),
    )


def _who_go_by(
    email: str, integration: Integration, stores: Stores, now_ms: int, time_zone: str
) -> tuple[list[Person], list[Who]]:
    """Return who goes by an e-mail, and who did and was removed."""
    domains = integration.settings.email_domains
    compared = normalise_email(email, domains)

    def in_shard(shard: int) -> tuple[list[Person], list[Who]]:
        people: list[Person] = []
        removed: list[Who] = []
        for item in stores.table.query(keys.roster_partition(integration.tenant_id, shard)):
            if item["sk"].startswith(keys.RECORD_PREFIXES[Person]):
                person = items.record_of(item, Person)
                if goes_by(person, email, integration.settings):
                    people.append(person)
            elif item["sk"].startswith(keys.GONE_PREFIX):
                who = removed_person(item, now_ms, time_zone)
                if compared and who is not None and normalise_email(who.email, domains) == compared:
                    removed.append(who)
        return people, removed

    found = at_once(in_shard, range(SHARDS), workers=SHARDS)
    return [one for people, _ in found for one in people], [one for _, gone in found for one in gone]
