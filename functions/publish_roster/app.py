"""Publish: writes the changes of some shards, by value."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync import clock
from rostersync.bootstrap import environment, stores
from rostersync.observability import step
from rostersync.settings import StoreSettings
from rostersync.steps.publish_roster import publish_roster
from rostersync.steps.requests import ShardsRequest


@step(ShardsRequest)
def lambda_handler(request: ShardsRequest, _: LambdaContext) -> None:
    """Write, and leave the counts in staging."""
    publish_roster(request, stores(environment(StoreSettings)), now=clock.now())
