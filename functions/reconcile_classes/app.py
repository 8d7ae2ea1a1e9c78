"""Classes: compares classes of some shards and drafts their groups."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.bootstrap import environment, stores
from rostersync.observability import step
from rostersync.settings import StoreSettings
from rostersync.steps.reconcile_classes import reconcile_classes
from rostersync.steps.requests import ShardsRequest


@step(ShardsRequest)
def lambda_handler(request: ShardsRequest, _: LambdaContext) -> None:
    """Leave the result in staging."""
    reconcile_classes(request, stores(environment(StoreSettings)))
