"""The schools of the published roster, so that an admin can choose by name which to leave out."""

from functools import partial

from msgspec import Struct

from rostersync.at_once import at_once
from rostersync.roster.identity import SHARDS
from rostersync.roster.records import Org
from rostersync.steps.list_teachers import read_shards
from rostersync.storage import items, keys
from rostersync.storage.stores import Stores


class School(Struct, frozen=True):
    """A school by its sourcedId; ``name`` is the id when the roster has none."""

    sourced_id: str
    name: str


def list_schools(tenant_id: str, stores: Stores) -> list[School]:
    """Return the active orgs that are of type school or a class's school, in order of name.

    Raises ``NotConnected``. Costs 32 queries: of each shard of the roster its orgs alone, and each shard of
    owners. Where classes are held stands in the owners' lists of classes, and a class that is on none of them
    has no group to be left out. Classes themselves, with their enrollments, are not read.
    """
    stores.integrations.require(tenant_id)
    shards = read_shards(stores, tenant_id)
    held_at = {one.school for shard in shards for listed in shard.class_lists.values() for one in listed}
    found = [
        School(org.sourced_id, org.name or org.sourced_id)
        for orgs in at_once(partial(_orgs, stores, tenant_id), range(SHARDS), workers=SHARDS)
        for org in orgs
        if org.active and (org.type == "school" or org.sourced_id in held_at)
    ]
    return sorted(found, key=lambda school: (school.name.casefold(), school.sourced_id))


def _orgs(stores: Stores, tenant_id: str, shard: int) -> list[Org]:
    partition = keys.roster_partition(tenant_id, shard)
    return [items.record_of(item, Org) for item in stores.table.query(partition, keys.RECORD_PREFIXES[Org])]
