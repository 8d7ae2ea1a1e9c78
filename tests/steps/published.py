"""What a table means to a tenant: its items without versions, ids of owners and traces of before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rostersync.roster.groups import Group, OwnersClass
from rostersync.roster.records import Person
from rostersync.storage import items
from rostersync.storage.table import Item
from tests.fakes import FakeTable
from tests.steps.driver import TENANT

BOOKKEEPING = frozenset(
    {
        *("integration", "lease", "run", "progress", "requests", "hour", "night"),
        *("user", "emailUser", "listing", "listed", "link", "linked", "match", "sent", "wanted"),
    }
)
ROSTER = frozenset({"org", "academicSession", "course", "class", "person"})


@dataclass
class Published:
    """``roster`` by kind and sourcedId, ``owners`` by e-mail, ``groups`` by the owner's e-mail and class."""

    roster: dict[tuple[str, str], Item] = field(default_factory=dict)
    owners: dict[str, Any] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    groups: dict[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)
    class_lists: dict[str, Any] = field(default_factory=dict)

    def people(self) -> dict[str, Person]:
        """Return the people by sourcedId."""
        return {
            one: items.record_of(item, Person)
            for (kind, one), item in self.roster.items()
            if kind == "person"
        }

    def classes(self) -> dict[str, Item]:
        """Return the items of classes by sourcedId."""
        return {one: item for (kind, one), item in self.roster.items() if kind == "class"}


def published(table: FakeTable, tenant_id: str = TENANT) -> Published:
    """Return what a tenant's items mean; owners' ids are replaced by their e-mails."""
    mine = [item for (pk, _), item in table.items.items() if pk.startswith(f"T#{tenant_id}#")]
    owners = {
        owner.owner_id: owner for item in mine if item["kind"] == "owner" for owner in [items.owner_of(item)]
    }
    found = Published(owners={owner.email: owner.records for owner in owners.values()})
    assert len(found.owners) == len(owners), "two owners have one e-mail"
    for item in mine:
        kind, name = item["kind"], item["sk"].split("#", 1)[1]
        if kind in ROSTER:
            found.roster[kind, name] = item
        elif kind == "email":
            found.emails[name] = owners[items.owner_id_of(item)].email
        elif kind == "group" and not item["removed"]:
            group: Group = items.group_of(item)
            meaning = (group.name, group.members, group.school)
            found.groups[owners[group.owner_id].email, group.class_id] = meaning
        elif kind == "classList":
            listed = [_without_id(one) for one in items.class_list_of(item)]
            found.class_lists[owners[name].email] = listed
    return found


def kept_items(table: FakeTable) -> Mapping[tuple[str, str], Item]:
    """Return every item of rosters and groups, whole, versions and tombstones too."""
    return {key: item for key, item in table.items.items() if item["kind"] not in BOOKKEEPING}


def _without_id(listed: OwnersClass) -> tuple[str, str, str, bool]:
    return listed.class_id, listed.name, listed.reason, bool(listed.group_id)
