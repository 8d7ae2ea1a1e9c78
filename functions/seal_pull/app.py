"""Seal: judges whether the pull is complete."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.bootstrap import environment, roster_server, stores
from rostersync.observability import step
from rostersync.settings import FetchSettings
from rostersync.steps.requests import PullRequest
from rostersync.steps.seal_pull import seal_pull


@step(PullRequest)
def lambda_handler(request: PullRequest, _: LambdaContext) -> dict[str, Any]:
    """Return whether the pull is complete."""
    settings = environment(FetchSettings)
    return seal_pull(
        request,
        stores(settings),
        roster_server(settings),
        requests_in_flight=settings.requests_in_flight,
    )
