"""Handlers of functions behind a queue, message by message."""

import functools
from collections.abc import Callable
from typing import Any, cast

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.observability import Handler, logger, only_our_errors


def queue(take_in: Callable[[SQSRecord], None]) -> Handler:
    """Make a Lambda handler of a function over one message; the messages that fail come again, no others.

    A message is logged by its id. What is wrong with it is logged in our own words, which hold nothing of it.
    """

    def take_one(record: SQSRecord) -> None:
        with logger.append_context_keys(message_id=record.message_id), only_our_errors():
            take_in(record)

    @functools.wraps(take_in)
    def handler(event: Any, context: LambdaContext) -> Any:
        logger.set_correlation_id(context.aws_request_id)
        logger.append_keys(function=context.function_name)
        # That all of a batch failed is no news: each has been logged, and each comes again.
        processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        return process_partial_response(event, take_one, processor, context)

    return cast("Handler", handler)
