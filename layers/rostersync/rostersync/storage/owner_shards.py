"""All that is known of the owners of one shard, but their groups, in one reading."""

from typing import Self

from msgspec import Struct, field

from rostersync.roster.due import Link
from rostersync.roster.groups import OwnersClass
from rostersync.roster.owners import Owner
from rostersync.storage import items, keys
from rostersync.storage.links import link_of
from rostersync.storage.table import Table
from rostersync.storage.wanted import WantedUser, wanted_of


class OwnerShard(Struct):
    """By owner id: today's owners, their links, the users matched to them by hand and those wanted for them.

    ``links`` has those of owners who have left too; ``class_lists`` the classes that an owner is enrolled on.
    """

    owners: dict[str, Owner] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    matches: dict[str, str] = field(default_factory=dict)
    wanted: dict[str, WantedUser] = field(default_factory=dict)
    class_lists: dict[str, tuple[OwnersClass, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, table: Table, tenant_id: str, shard: int) -> Self:
        """Read the partition."""
        found = cls()
        for item in table.query(keys.owners_partition(tenant_id, shard)):
            kind, owner_id = item["sk"].split("#", 2)[:2]
            match f"{kind}#":
                case keys.OWNER_PREFIX:
                    found.owners[owner_id] = items.owner_of(item)
                case keys.LINK_PREFIX:
                    found.links[owner_id] = link_of(item)
                case keys.MATCH_PREFIX:
                    found.matches[owner_id] = item["user_id"]
                case keys.WANTED_PREFIX:
                    found.wanted[owner_id] = wanted_of(item)
                case keys.CLASS_LIST_PREFIX:
                    found.class_lists[owner_id] = items.class_list_of(item)
        return found

    def user_of(self, owner_id: str) -> str:
        """Return the id of an owner's user, "" for none."""
        return self.links[owner_id].user_id if owner_id in self.links else ""

    def groups_of(self, owner_id: str) -> int:
        """Return how many groups an owner has, as last published."""
        return sum(bool(one.group_id) for one in self.class_lists.get(owner_id, ()))
