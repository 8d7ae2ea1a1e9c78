"""Takes in what Senso says of its users, from the queue behind the bus."""

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from rostersync import clock
from rostersync.bootstrap import bus, environment, stores
from rostersync.queueing import queue
from rostersync.settings import BusSettings
from rostersync.steps.link_users import link_users, read_message


@queue
def lambda_handler(record: SQSRecord) -> None:
    """Take in one message; those that fail come again, the others of the batch do not."""
    settings = environment(BusSettings)
    link_users(read_message(record.body), stores(settings), bus(settings), now=clock.now())
