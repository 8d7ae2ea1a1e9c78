"""People: compares people, orgs, sessions and courses of some shards with the stored ones."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.bootstrap import environment, stores
from rostersync.observability import step
from rostersync.settings import StoreSettings
from rostersync.steps.reconcile_people import reconcile_people
from rostersync.steps.requests import ShardsRequest


@step(ShardsRequest)
def lambda_handler(request: ShardsRequest, _: LambdaContext) -> None:
    """Leave the result in staging."""
    reconcile_people(request, stores(environment(StoreSettings)))
