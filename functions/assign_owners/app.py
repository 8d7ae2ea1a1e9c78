"""Owners: decides which owner each teacher is."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.bootstrap import environment, stores
from rostersync.observability import step
from rostersync.settings import StoreSettings
from rostersync.steps.assign_owners import assign_owners
from rostersync.steps.requests import LookRequest


@step(LookRequest)
def lambda_handler(request: LookRequest, _: LambdaContext) -> None:
    """Leave the result in staging."""
    assign_owners(request, stores(environment(StoreSettings)))
