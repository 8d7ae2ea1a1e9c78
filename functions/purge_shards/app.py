"""Takes a tenant apart, shard by shard: tells Senso, if its groups are to go, and deletes what is kept."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync import clock
from rostersync.bootstrap import bus, environment, stores
from rostersync.observability import step
from rostersync.settings import BusSettings
from rostersync.steps.purge_shards import PurgeRequest, purge_shards


@step(PurgeRequest)
def lambda_handler(request: PurgeRequest, _: LambdaContext) -> None:
    """Tell, then delete."""
    settings = environment(BusSettings)
    purge_shards(request, stores(settings), bus(settings), now=clock.now())
