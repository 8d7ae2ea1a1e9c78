"""Logging, metrics and tracing of every function, and the one gate through which errors leave it."""

import functools
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.errors import RosterSyncError, UnexpectedError
from rostersync.parsing import parse_request
from rostersync.steps.requests import Request

SERVICE = "roster-sync"

logger = Logger(service=SERVICE)
tracer = Tracer(service=SERVICE, auto_patch=False)

R = TypeVar("R", bound=Request)
Handler = Callable[[Any, LambdaContext], Any]


def step(model: type[R]) -> Callable[[Callable[[R, LambdaContext], Any]], Handler]:
    """Make a Lambda handler of a function over a validated request.

    Only errors whose text we wrote leave it; any other becomes ``UnexpectedError`` with type and place,
    because an exception's text may quote a record (DESIGN, promise 8).
    """

    def decorate(run: Callable[[R, LambdaContext], Any]) -> Handler:
        @tracer.capture_lambda_handler(capture_response=False, capture_error=False)
        @functools.wraps(run)
        def handler(event: Any, context: LambdaContext) -> Any:
            logger.set_correlation_id(context.aws_request_id)
            request = parse_request(model, event)
            named = request.model_dump(by_alias=True, include={"tenant_id", "run_id", "pull", "task", "part"})
            logger.append_keys(function=context.function_name, **named)
            with _only_our_errors():
                return run(request, context)

        return cast("Handler", handler)

    return decorate


def queue(take_in: Callable[[SQSRecord], None]) -> Handler:
    """Make a Lambda handler of a function over one message; the messages that fail come again, no others.

    A message is logged by its id. What is wrong with it is logged in our own words, which hold nothing of it.
    """

    def take_one(record: SQSRecord) -> None:
        with logger.append_context_keys(message_id=record.message_id), _only_our_errors():
            take_in(record)

    @tracer.capture_lambda_handler(capture_response=False, capture_error=False)
    @functools.wraps(take_in)
    def handler(event: Any, context: LambdaContext) -> Any:
        logger.set_correlation_id(context.aws_request_id)
        logger.append_keys(function=context.function_name)
        # That all of a batch failed is no news: each has been logged, and each comes again.
        processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        return process_partial_response(event, take_one, processor, context)

    return cast("Handler", handler)


@contextmanager
def _only_our_errors() -> Iterator[None]:
    """Log how it went, and let an error pass only if we wrote its text."""
    try:
        yield
    except RosterSyncError as error:
        logger.warning("refused", error=type(error).__name__, reason=str(error))
        raise
    except Exception as error:
        logger.error("unexpected error", error=kind_of(error), place=place_of(error))
        raise UnexpectedError(f"{kind_of(error)} at {place_of(error)}") from None
    logger.info("done")


def kind_of(error: BaseException) -> str:
    """Return an exception's class, with AWS's own code where it has one."""
    answer = getattr(error, "response", None)
    code = answer.get("Error", {}).get("Code", "") if isinstance(answer, dict) else ""
    return f"{type(error).__name__} {code}".rstrip()


def place_of(error: BaseException) -> str:
    """Where an exception was raised in our own code, as ``file:line``, innermost; no values."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "rostersync" in frame.filename or "functions" in frame.filename]
    frame = (ours or list(frames))[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def count_outcome(outcome: str, counts: Mapping[str, int]) -> None:
    """Emit a run's metrics. There is no tenant dimension: cost and privacy both grow with it."""
    _emit({f"Runs{outcome.capitalize()}": 1, **counts})


def count_tenants(counts: Mapping[str, int]) -> None:
    """Emit how many tenants are how by now: of several counts in an hour the greatest tells, no sum."""
    _emit(counts)


def _emit(counts: Mapping[str, int]) -> None:
    metrics = Metrics(namespace="RosterSync", service=SERVICE)
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()
