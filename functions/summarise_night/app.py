"""The night ends: writes how it went for each tenant."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.bootstrap import environment, stores
from rostersync.observability import step
from rostersync.settings import StoreSettings
from rostersync.steps.summarise_night import SummaryRequest, summarise_night


@step(SummaryRequest)
def lambda_handler(request: SummaryRequest, _: LambdaContext) -> dict[str, Any]:
    """Return how many tenants had which outcome."""
    return summarise_night(request, stores(environment(StoreSettings)))
