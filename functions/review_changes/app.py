"""Review: adds the tallies up and decides what is published."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.bootstrap import environment, stores
from rostersync.observability import step
from rostersync.settings import StoreSettings
from rostersync.steps.requests import LookRequest
from rostersync.steps.review_changes import review_changes


@step(LookRequest)
def lambda_handler(request: LookRequest, _: LambdaContext) -> dict[str, Any]:
    """Return whether to publish, and the shards that have changes."""
    return review_changes(request, stores(environment(StoreSettings)))
