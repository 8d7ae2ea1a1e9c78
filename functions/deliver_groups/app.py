"""Deliver: ties owners to users and sends what is due."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync import clock
from rostersync.bootstrap import bus, environment, stores
from rostersync.observability import step
from rostersync.settings import BusSettings
from rostersync.steps.deliver_groups import deliver_groups
from rostersync.steps.requests import ShardsRequest


@step(ShardsRequest)
def lambda_handler(request: ShardsRequest, _: LambdaContext) -> None:
    """Send, and leave the counts in staging."""
    settings = environment(BusSettings)
    deliver_groups(request, stores(settings), bus(settings), now=clock.now())
