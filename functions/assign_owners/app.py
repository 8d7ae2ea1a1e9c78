"""Owners: decides which owner each teacher is."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.bootstrap import environment, stores
from rostersync.observability import step
from rostersync.settings import StoreSettings
from rostersync.steps.assign_owners import assign_owners
from rostersync.steps.requests import PullRequest


@step(PullRequest)
def lambda_handler(request: PullRequest, _: LambdaContext) -> None:
    """Leave the result in staging."""
    assign_owners(request, stores(environment(StoreSettings)))
