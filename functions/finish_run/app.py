"""Finish: records a run's outcome and gives the lease back, also for executions that ended by themselves."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync import clock
from rostersync.bootstrap import environment, stores
from rostersync.metrics import count_outcome
from rostersync.observability import step
from rostersync.settings import FinishSettings
from rostersync.steps.finish_run import FinishRequest, finish_run


@step(FinishRequest)
def lambda_handler(request: FinishRequest, _: LambdaContext) -> dict[str, Any]:
    """Return tenant, run, outcome and reason."""
    settings = environment(FinishSettings)
    finished = finish_run(
        request,
        stores(settings),
        now=clock.now(),
        longest_function_seconds=settings.longest_function_seconds,
    )
    if finished.just_now:
        count_outcome(finished.outcome, finished.counts)
    return finished.summary()
