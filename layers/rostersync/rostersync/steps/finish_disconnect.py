"""Disconnecting ends: the secret, what is staged and what is left of the tenant go, the integration last."""

from rostersync.parsing import TenantId
from rostersync.steps.requests import Request
from rostersync.storage import keys, staged
from rostersync.storage.stores import Stores


class FinishDisconnectRequest(Request):
    """The tenant whose shards are gone."""

    tenant_id: TenantId


def finish_disconnect(request: FinishDisconnectRequest, stores: Stores) -> None:
    """Delete what is left. The integration is last: as long as it is there, this can be done again.

    The history of runs stays until it expires by itself: it tells of the tenant, and holds counts, reasons
    and ids of who pressed, no person's data. Raises ``LeaseLost`` when the tenant is not being disconnected.
    """
    integration = stores.integrations.left(request.tenant_id)
    if integration is None:
        return
    stores.secrets.delete(integration.secret)
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
    stores.integrations.remove(request.tenant_id)
