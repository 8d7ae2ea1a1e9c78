"""The disconnect button: from now on no run begins, and the tenant is taken apart."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from rostersync.clock import milliseconds
from rostersync.errors import NotConnected
from rostersync.parsing import TenantId
from rostersync.steps.requests import ActorId, Request
from rostersync.storage.executions import Executions
from rostersync.storage.integrations import GroupsLeft, Integration, Leaving
from rostersync.storage.stores import Stores


class DisconnectRequest(Request, frozen=True, kw_only=True):
    """``groups``: whether Senso keeps them. ``actor`` is the id of who pressed, never a name.

    ``connected_at`` says which connection is meant, None whichever there is: what is started late must not
    end the next one.
    """

    tenant_id: TenantId
    groups: GroupsLeft
    connected_at: Annotated[int, Meta(ge=0)] | None = None
    actor: ActorId = ""


def begin_disconnect(
    request: DisconnectRequest, stores: Stores, executions: Executions, state_machine: str, *, now: datetime
) -> None:
    """Set the status, then start the execution; however often it is pressed, one works at a time.

    Pressed again after an execution that failed it starts another, which goes on from there. Raises
    ``NotConnected``, also when the groups are being left the other way or another district is taking the
    place of the one connected, and ``StorageUnavailable``; pressing again then finishes it.
    """
    integration = leave(request, stores, now)
    if integration.leaving is not None and integration.leaving.switching:
        raise NotConnected(
            f"tenant {request.tenant_id} is being connected to another district; disconnect it when that "
            "has ended"
        )
    start_ending(integration, executions, state_machine)


def leave(request: DisconnectRequest, stores: Stores, now: datetime) -> Integration:
    """Let the tenant be disconnecting, as asked; raises ``NotConnected``."""
    leaving = Leaving(request.groups, milliseconds(now), request.actor)
    return stores.integrations.leave(request.tenant_id, leaving)


def start_ending(integration: Integration, executions: Executions, state_machine: str) -> None:
    """Start the execution that takes a connection apart, unless one is at work; ``leaving`` says how."""
    if integration.leaving is None:
        return
    # Who pressed stays in the integration's item: an execution's input is kept in its history.
    executions.start_next(
        state_machine,
        f"{integration.tenant_id}-{integration.connected_at}",
        {
            "tenantId": integration.tenant_id,
            "groups": integration.leaving.groups,
            "connectedAt": integration.connected_at,
        },
    )
