"""Once an hour: counts the tenants in trouble, and tells Senso what their admins have to look at."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync import clock
from rostersync.bootstrap import bus, environment, stores
from rostersync.metrics import count_tenants
from rostersync.observability import step
from rostersync.settings import WatchSettings
from rostersync.steps.watch_tenants import WatchRequest, watch_tenants


@step(WatchRequest)
def lambda_handler(request: WatchRequest, _: LambdaContext) -> dict[str, Any]:
    """Return how many are stale, rejected and held."""
    settings = environment(WatchSettings)
    return watch_tenants(
        request,
        stores(settings),
        bus(settings),
        now=clock.now(),
        default_time_zone=settings.default_time_zone,
        count=count_tenants,
    )
