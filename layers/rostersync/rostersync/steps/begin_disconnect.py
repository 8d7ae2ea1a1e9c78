"""The disconnect button: from now on no run begins, and the tenant is taken apart."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from rostersync.clock import milliseconds
from rostersync.parsing import TenantId
from rostersync.steps.requests import Request
from rostersync.storage.executions import Executions
from rostersync.storage.integrations import GroupsLeft, Integration, Leaving
from rostersync.storage.stores import Stores


class DisconnectRequest(Request):
    """``groups``: whether Senso keeps them. ``actor`` is the id of who pressed, never a name."""

    tenant_id: TenantId
    groups: GroupsLeft
    actor: Annotated[str, Field(max_length=200)] = ""


def begin_disconnect(
    request: DisconnectRequest, stores: Stores, executions: Executions, state_machine: str, *, now: datetime
) -> None:
    """Set the status, then start the execution; however often it is pressed, one works at a time.

    Pressed again after an execution that failed it starts another, which goes on from there. Raises
    ``NotConnected``, also when the groups are being left the other way, and ``StorageUnavailable``; pressing
    again then finishes it.
    """
    integration = leave(request, stores, now)
    # Who pressed stays in the integration's item: an execution's input is kept in its history.
    executions.start_next(
        state_machine,
        f"{request.tenant_id}-{integration.connected_at}",
        {"tenantId": request.tenant_id, "groups": request.groups},
    )


def leave(request: DisconnectRequest, stores: Stores, now: datetime) -> Integration:
    """Let the tenant be disconnecting, as asked; raises ``NotConnected``."""
    leaving = Leaving(request.groups, milliseconds(now), request.actor)
    return stores.integrations.leave(request.tenant_id, leaving)
