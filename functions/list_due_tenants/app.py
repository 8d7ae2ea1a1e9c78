"""The night begins: claims the hour and stages the list of tenants whose night it is."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync import clock
from rostersync.bootstrap import environment, stores
from rostersync.observability import step
from rostersync.settings import NightSettings
from rostersync.steps.list_due_tenants import NightRequest, list_due_tenants


@step(NightRequest)
def lambda_handler(request: NightRequest, _: LambdaContext) -> dict[str, Any]:
    """Return where the list lies and how many there are."""
    settings = environment(NightSettings)
    zone = settings.default_time_zone
    return list_due_tenants(request, stores(settings), now=clock.now(), default_time_zone=zone)
