"""Deletes what is kept of a tenant, shard by shard. It may die anywhere and be done again."""

from typing import Final

from rostersync.storage import keys
from rostersync.storage.items import DAY
from rostersync.storage.table import Table

TAKEN_OVER_SECONDS: Final = 400 * DAY
"""How long a later connection takes over the groups that Senso keeps: as long as a former owner returns."""

_LATER: Final = {"link": 0, "sent": 7 * DAY, "linked": 7 * DAY}
"""What says which groups Senso keeps, by kind, and by how much it outlives the links.

DynamoDB deletes in no order. A link whose user's side has gone could not be ended any more.
"""


def purge_shard(table: Table, tenant_id: str, shard: int) -> None:
    """Delete everything of one shard of a tenant."""
    for partition in keys.shard_partitions(tenant_id, shard):
        table.write((), [(item["pk"], item["sk"]) for item in table.query(partition)])


def purge_all_but_what_senso_keeps(table: Table, tenant_id: str, shard: int, left_at: int) -> None:
    """Delete everything of one shard but links and what was sent under them: ids and hashes of ours.

    Without them whoever is connected again would have two of each group: owners get new ids then. With them
    the old links end, which removes the old groups, as the new ones come. ``left_at`` in ms since 1970.
    """
    until = left_at // 1000 + TAKEN_OVER_SECONDS
    for partition in keys.shard_partitions(tenant_id, shard):
        kept, deleted = [], []
        for item in table.query(partition):
            if item["kind"] in _LATER:
                kept.append({**item, "expires": until + _LATER[item["kind"]]})
            else:
                deleted.append((item["pk"], item["sk"]))
        table.write(kept, deleted)
