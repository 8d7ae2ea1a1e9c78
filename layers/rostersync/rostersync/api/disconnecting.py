"""``DELETE /integration``: end the connection."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query

from rostersync.api import services
from rostersync.api.resolver import answers, make_router
from rostersync.api.shapes import Shape
from rostersync.steps.begin_disconnect import DisconnectRequest, begin_disconnect
from rostersync.steps.requests import parse_request
from rostersync.storage.integrations import GroupsLeft

router = make_router()


class Disconnecting(Shape):
    """What goes on from now until ``GET /integration`` says that the tenant is not connected."""

    status: Literal["disconnecting"]
    groups: GroupsLeft


@router.delete(
    "/integration",
    summary="Disconnect",
    tags=["integration"],
    responses=answers(Disconnecting, 202),
    status_code=202,
)
def delete_integration(
    groups: Annotated[GroupsLeft, Query(description="Whether Senso keeps the groups it has")],
) -> Disconnecting:
    """Stop syncing and forget roster and credentials; Senso keeps its groups, or is told to remove them.

    Pressed again it is the same; with the other choice it is refused.
    """
    caller, at = services.who_acts(router), services.current()
    event = {"tenantId": caller.tenant_id, "groups": groups, "actor": caller.actor}
    begin_disconnect(
        parse_request(DisconnectRequest, event),
        at.stores,
        at.executions,
        at.settings.disconnect_state_machine,
        now=at.now(),
    )
    return Disconnecting(status="disconnecting", groups=groups)
