"""Disconnecting begins: no run begins any more, and the one that goes on is stopped."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync import clock
from rostersync.bootstrap import environment, executions, stores
from rostersync.observability import step
from rostersync.settings import StopSettings
from rostersync.steps.begin_disconnect import DisconnectRequest
from rostersync.steps.stop_run import stop_run


@step(DisconnectRequest)
def lambda_handler(request: DisconnectRequest, _: LambdaContext) -> dict[str, int]:
    """Set the status, then stop."""
    settings = environment(StopSettings)
    machine = settings.sync_state_machine
    return stop_run(request, stores(settings), executions(), machine, now=clock.now())
