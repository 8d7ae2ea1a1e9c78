"""Disconnecting ends: the secret, what is staged and what is left of the tenant go, the integration last."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync import clock
from rostersync.bootstrap import bus, environment, naming_stores
from rostersync.observability import step
from rostersync.settings import FinishDisconnectSettings
from rostersync.steps.finish_disconnect import FinishDisconnectRequest, finish_disconnect


@step(FinishDisconnectRequest)
def lambda_handler(request: FinishDisconnectRequest, _: LambdaContext) -> None:
    """Delete what is left; connect what follows."""
    settings = environment(FinishDisconnectSettings)
    zone = settings.default_time_zone
    finish_disconnect(
        request, naming_stores(settings), bus(settings), now=clock.now(), default_time_zone=zone
    )
