"""``GET /integration``: the status screen."""

from typing import Any

from rostersync.api import services
from rostersync.api.resolver import answers, make_router
from rostersync.api.runs import shape_of_run
from rostersync.api.shapes import Connection, FollowingDistrict, IntegrationScreen
from rostersync.steps.show_integration import show_integration
from rostersync.storage.integrations import Integration

router = make_router()


@router.get(
    "/integration",
    summary="How the connection stands",
    tags=["integration"],
    responses=answers(IntegrationScreen),
)
def get_integration() -> IntegrationScreen:
    """Return status, statistics, the last run, the next night, and whose server it is."""
    caller, at = services.who_looks(router), services.current()
    zone = at.settings.default_time_zone
    screen = show_integration(caller.tenant_id, at.stores, now=at.now(), default_time_zone=zone)
    found = screen.integration
    return IntegrationScreen.model_validate(
        {
            "status": screen.status,
            "connection": _connection(found, zone) if found else None,
            "paused_until": screen.paused_until,
            "statistics": found.statistics if found else {},
            "people": screen.people,
            "with_groups": screen.synced.with_groups if screen.synced else 0,
            "without_groups": screen.synced.without_groups if screen.synced else {},
            "synced_at": found.synced_at if found else 0,
            "changed_at": screen.changed_at,
            "running": screen.running,
            "held": screen.held,
            "last_run": shape_of_run(screen.last) if screen.last else None,
            "switching_to": _following(found) if found else None,
            "can_act": caller.can_act,
        }
    )


def _following(found: Integration) -> FollowingDistrict | None:
    following = found.following
    if following is None:
        return None
    return FollowingDistrict(
        district_name=following.district_name, server_url=following.server_url, since=following.connected_at
    )


def _connection(found: Integration, default_time_zone: str) -> Any:
    return Connection(
        server_url=found.server_url,
        district_name=found.district_name,
        client_id=found.client_id_masked,
        nightly_hour=found.nightly_hour,
        time_zone=found.time_zone or default_time_zone,
        next_night=found.due_at if found.has_nights else "",
    )
