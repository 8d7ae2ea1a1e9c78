"""Take a tenant apart, shard by shard: tell Senso, if its groups are to go, and delete what is kept."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from rostersync.clock import milliseconds
from rostersync.parsing import TenantId
from rostersync.senso.bus import Bus
from rostersync.senso.delivering import Delivering, OwnersGroups
from rostersync.steps.requests import Request, Shards
from rostersync.storage import keys
from rostersync.storage.links import link_of
from rostersync.storage.purging import purge_all_but_what_senso_keeps, purge_shard
from rostersync.storage.sent import sent_of
from rostersync.storage.stores import Stores


class PurgeRequest(Request, frozen=True, kw_only=True):
    """Some shards of a tenant that is being disconnected; ``connected_at`` as ``stop_run`` returned it."""

    tenant_id: TenantId
    connected_at: Annotated[int, Meta(ge=0)]
    shards: Shards


def purge_shards(request: PurgeRequest, stores: Stores, bus: Bus, *, now: datetime) -> None:
    """Tell Senso of each shard that its links are over, unless it keeps its groups; then delete the shard.

    A link and what was sent go only when the bus has accepted the link's end: whoever dies before that says
    it again. Raises ``EventBusUnavailable``, and ``LeaseLost`` when the tenant is not being disconnected.
    """
    tenant_id = request.tenant_id
    integration = stores.integrations.left(tenant_id, request.connected_at)
    if integration is None or integration.leaving is None:
        return
    for shard in request.shards:
        if integration.leaving.groups == "keep":
            left_at = integration.leaving.since
            purge_all_but_what_senso_keeps(stores.table, tenant_id, shard, left_at)
        else:
            now_ms = milliseconds(now)
            Delivering(stores, bus, tenant_id).deliver(_unlinked(tenant_id, shard, stores, now_ms))
            purge_shard(stores.table, tenant_id, shard)


def _unlinked(tenant_id: str, shard: int, stores: Stores, now_ms: int) -> Iterator[OwnersGroups]:
    """End the link of every owner of whom something was sent; yield them, as having no groups."""
    links = {
        keys.owner_of(item["sk"]): link_of(item)
        for item in stores.table.query(keys.owners_partition(tenant_id, shard), keys.LINK_PREFIX)
    }
    for item in stores.table.query(keys.groups_partition(tenant_id, shard)):
        owner_id = keys.owner_of(item["sk"])
        if not keys.is_sent(item["sk"]) or owner_id not in links:
            continue
        sent = sent_of(item)
        if sent.groups:
            ended = stores.links.end(tenant_id, links[owner_id], now_ms=now_ms)
            yield OwnersGroups(owner_id, ended, (), sent)
