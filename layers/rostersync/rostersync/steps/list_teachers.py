"""Teachers who wait for a Senso user: whom an admin may import (RULES 2.6)."""

from collections import Counter
from functools import partial
from typing import Annotated, Final

from msgspec import Meta, Struct

from rostersync.at_once import at_once
from rostersync.parsing import TenantId
from rostersync.roster.emails import domain_of
from rostersync.roster.identity import SHARDS
from rostersync.roster.offering import can_be_made_automatically, is_offered
from rostersync.roster.owners import Owner
from rostersync.roster.records import Org
from rostersync.steps.requests import Request
from rostersync.storage import items, keys
from rostersync.storage.owner_shards import OwnerShard
from rostersync.storage.stores import Stores
from rostersync.storage.wanted import CREATED, CREATED_ELSEWHERE, WantedUser

PAGE: Final = 50


class TeachersRequest(Request, frozen=True, kw_only=True):
    """``query`` is looked for in name, e-mail and names of schools; ``min_groups`` leaves the others out."""

    tenant_id: TenantId
    query: Annotated[str, Meta(max_length=200)] = ""
    min_groups: Annotated[int, Meta(ge=1, le=10_000)] = 1
    offset: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=500)] = PAGE


class WaitingTeacher(Struct, frozen=True):
    """``schools`` are names. ``state`` is "" or that of the last request for a user, ``refused`` why not.

    ``shared_email``: people of different names have it. ``lost_user``: their user went to another teacher.
    """

    owner_id: str
    given_name: str
    family_name: str
    email: str
    schools: tuple[str, ...]
    groups: int
    state: str
    refused: str
    shared_email: bool
    lost_user: bool


class Teachers(Struct, frozen=True):
    """A page of them, and how many the search found."""

    teachers: tuple[WaitingTeacher, ...]
    total: int


def list_teachers(request: TeachersRequest, stores: Stores) -> Teachers:
    """Return a page of the teachers who wait, in order of name; raises ``NotConnected``."""
    stores.integrations.require(request.tenant_id)
    school_names = _SchoolNames(stores, request.tenant_id)
    words = request.query.casefold().split()
    found = []
    for shard in read_shards(stores, request.tenant_id):
        for owner in shard.owners.values():
            groups = shard.groups_of(owner.owner_id)
            if groups < request.min_groups or not is_offered(groups, linked=_linked(shard, owner)):
                continue
            teacher = _waiting(owner, shard, school_names)
            text = " ".join((teacher.given_name, teacher.family_name, teacher.email, *teacher.schools))
            if all(word in text.casefold() for word in words):
                found.append(teacher)
    found.sort(key=lambda one: (one.family_name.casefold(), one.given_name.casefold(), one.email))
    return Teachers(tuple(found[request.offset : request.offset + request.limit]), len(found))


def automatic_by_domain(tenant_id: str, stores: Stores) -> Counter[str]:
    """Return for how many teachers who wait a user could be made by itself, by e-mail domain.

    Shown before it is switched on. Those for whom somebody asked already are not counted.
    """
    return Counter(
        domain_of(owner.email)
        for shard in read_shards(stores, tenant_id)
        for owner in shard.owners.values()
        if owner.owner_id not in shard.wanted
        and can_be_made_automatically(owner, shard.groups_of(owner.owner_id), linked=_linked(shard, owner))
    )


def users_without_teacher(tenant_id: str, stores: Stores) -> list[str]:
    """Return the ids of users that were made for teachers who have left the roster since (RULES 2.5).

    Not of those whom Senso has removed, or never told of.
    """
    made = [
        wanted.user_id
        for shard in read_shards(stores, tenant_id)
        for owner_id, wanted in shard.wanted.items()
        if wanted.state == CREATED and owner_id not in shard.owners
    ]
    users = (stores.users.get(tenant_id, user_id) for user_id in sorted(made))
    return [user.user_id for user in users if user is not None and not user.removed]


def read_shards(stores: Stores, tenant_id: str) -> list[OwnerShard]:
    """Read all owners of a tenant, the shards at once."""
    return at_once(partial(OwnerShard.read, stores.table, tenant_id), range(SHARDS), workers=SHARDS)


def _linked(shard: OwnerShard, owner: Owner) -> bool:
    return bool(shard.user_of(owner.owner_id))


class _SchoolNames:
    """Names of schools by sourcedId, each read once."""

    def __init__(self, stores: Stores, tenant_id: str) -> None:
        self._stores, self._tenant_id = stores, tenant_id
        self._names: dict[str, str] = {}

    def of(self, sourced_id: str) -> str:
        """Return a school's name, or its id when the roster does not have it."""
        if sourced_id not in self._names:
            item = self._stores.table.get(keys.record(self._tenant_id, Org, sourced_id))
            name = items.record_of(item, Org).name if item is not None else ""
            self._names[sourced_id] = name or sourced_id
        return self._names[sourced_id]


def _state(wanted: WantedUser | None) -> str:
    state = wanted.state if wanted is not None else ""
    return CREATED_ELSEWHERE if state == CREATED else state


def _waiting(owner: Owner, shard: OwnerShard, school_names: _SchoolNames) -> WaitingTeacher:
    classes = shard.class_lists[owner.owner_id]
    schools = {one.school for one in classes if one.group_id and one.school}
    wanted = shard.wanted.get(owner.owner_id)
    return WaitingTeacher(
        owner_id=owner.owner_id,
        given_name=owner.given_name,
        family_name=owner.family_name,
        email=owner.email,
        schools=tuple(sorted(map(school_names.of, schools))),
        groups=shard.groups_of(owner.owner_id),
        state=_state(wanted),
        refused=wanted.refused if wanted is not None else "",
        shared_email=owner.shares_email,
        lost_user=owner.owner_id in shard.links and shard.links[owner.owner_id].lost,
    )
