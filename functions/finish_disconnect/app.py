"""Disconnecting ends: the secret, what is staged and what is left of the tenant go, the integration last."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.bootstrap import environment, stores
from rostersync.observability import step
from rostersync.settings import StoreSettings
from rostersync.steps.finish_disconnect import FinishDisconnectRequest, finish_disconnect


@step(FinishDisconnectRequest)
def lambda_handler(request: FinishDisconnectRequest, _: LambdaContext) -> None:
    """Delete what is left."""
    finish_disconnect(request, stores(environment(StoreSettings)))
