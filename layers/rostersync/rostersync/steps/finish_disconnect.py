"""Disconnecting ends: the secret, what is staged and what is left of the tenant go, the integration last."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from rostersync.parsing import TenantId
from rostersync.senso.asking import Asking
from rostersync.senso.attention import Attention
from rostersync.senso.bus import Bus
from rostersync.steps.requests import Request
from rostersync.storage import keys, staged
from rostersync.storage.integrations import Integration, next_due_at
from rostersync.storage.stores import Stores


class FinishDisconnectRequest(Request, frozen=True, kw_only=True):
    """The tenant whose shards are gone; ``connected_at`` as ``stop_run`` returned it."""

    tenant_id: TenantId
    connected_at: Annotated[int, Meta(ge=0)]


def finish_disconnect(
    request: FinishDisconnectRequest, stores: Stores, bus: Bus, *, now: datetime, default_time_zone: str
) -> None:
    """Say that nobody has to look at anything, delete what is left, connect what follows, if anything does.

    The integration is last: as long as it is there, this can be done again. The history of runs stays until
    it expires by itself: it tells of the tenant, and holds counts, reasons and ids of who pressed, no
    person's data. Raises ``LeaseLost`` when the tenant is not being disconnected, ``StorageConflict`` when
    what follows was chosen anew in the middle, and ``EventBusUnavailable``.
    """
    integration = stores.integrations.left(request.tenant_id, request.connected_at)
    if integration is None:
        return
    Attention(stores, bus, integration).settle({})
    stores.secrets.delete(integration.secret_arn)
    leaving = integration.leaving
    if leaving is not None and leaving.switching and integration.following is None:
        # Who began to connect another district died before naming its secret, which may be there.
        stores.secrets.delete(stores.secrets.name(request.tenant_id, str(leaving.since)))
    for prefix in (
        staged.of_tenant(request.tenant_id),
        staged.issues_of_tenant(request.tenant_id),
        staged.held_of_tenant(request.tenant_id),
    ):
        stores.staging.delete_prefix(prefix)
    last = keys.integration(request.tenant_id)
    found = stores.table.query(keys.tenant_partition(request.tenant_id))
    others = [key for item in found if (key := (item["pk"], item["sk"])) != last]
    stores.table.write((), others)
    if integration.following is None:
        stores.integrations.remove(request.tenant_id)
    else:
        _succeed(integration, integration.following, stores, bus, now, default_time_zone)


def _succeed(
    ended: Integration,
    following: Integration,
    stores: Stores,
    bus: Bus,
    now: datetime,
    default_time_zone: str,
) -> None:
    first_night = next_due_at(now, default_time_zone, following.nightly_hour, "")
    stores.integrations.succeed(ended, replace(following, due_at=first_night))
    # What the bus does not take now is asked for by the next run, until a whole list has come.
    Asking(stores, bus, ended.tenant_id).for_all_users(f"connect.{following.connected_at}")
