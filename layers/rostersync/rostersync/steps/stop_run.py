"""Disconnecting begins: no run begins any more, and the one that goes on is stopped."""

from datetime import datetime

from rostersync.errors import NotConnected
from rostersync.steps.begin_disconnect import DisconnectRequest, leave
from rostersync.storage.executions import Executions
from rostersync.storage.stores import Stores


def stop_run(
    request: DisconnectRequest,
    stores: Stores,
    executions: Executions,
    sync_state_machine: str,
    *,
    now: datetime,
) -> dict[str, int]:
    """Set the status, then stop the execution of whoever holds the tenant's lease.

    After that only functions that were under way can still write, for as long as the longest may take, and
    then nobody: whoever writes has looked at the status first. A run that Plan lets pass has the lease
    already when Plan looks, so it is seen here; one that takes the lease later is refused by Plan. Returns
    which connection is being ended. Raises ``NotConnected``, also when the one meant has ended already.
    """
    found = stores.integrations.get(request.tenant_id)
    meant = request.connected_at
    if found is not None and meant not in {None, found.connected_at}:
        raise NotConnected(f"the connection of tenant {request.tenant_id} that was to end has ended already")
    integration = leave(request, stores, now)
    holder = stores.leases.holder(request.tenant_id, now)
    if holder is not None:
        executions.stop(sync_state_machine, holder.run_id, "the tenant is being disconnected")
    return {"connectedAt": integration.connected_at}
