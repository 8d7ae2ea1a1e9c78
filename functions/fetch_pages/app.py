"""Fetch: fills a task's windows and stages what came."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.bootstrap import environment, roster_server, stores
from rostersync.observability import step
from rostersync.settings import FetchSettings
from rostersync.steps.fetch_pages import FetchRequest, fetch_pages

STAGING_SECONDS = 40.0
"""Kept back from the function's time for writing what was pulled."""


@step(FetchRequest)
def lambda_handler(request: FetchRequest, context: LambdaContext) -> dict[str, Any]:
    """Return whether the task is done, else how long to wait."""
    settings = environment(FetchSettings)
    return fetch_pages(
        request,
        stores(settings),
        roster_server(settings),
        requests_in_flight=settings.requests_in_flight,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000 - STAGING_SECONDS,
    )
