"""Plan: takes the tenant's lease, asks for totals, cuts the pull into tasks."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync import clock
from rostersync.bootstrap import environment, roster_server, stores
from rostersync.observability import step
from rostersync.settings import PlanSettings
from rostersync.steps.plan_pull import PlanRequest, plan_pull


@step(PlanRequest)
def lambda_handler(request: PlanRequest, _: LambdaContext) -> dict[str, Any]:
    """Return the run, task and shard numbers."""
    settings = environment(PlanSettings)
    return plan_pull(
        request,
        stores(settings),
        roster_server(settings),
        now=clock.now(),
        default_time_zone=settings.default_time_zone,
        page_size=settings.page_size,
        fetch_tasks=settings.fetch_tasks,
        lease_seconds=settings.lease_seconds,
        stop_removals=settings.stop_removals,
    )
