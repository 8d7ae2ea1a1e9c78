"""Logging of every function, and the one gate through which errors leave it."""

import functools
import gc
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.errors import RosterSyncError, UnexpectedError
from rostersync.steps.requests import Request, parse_request

SERVICE = "roster-sync"

logger = Logger(service=SERVICE)

YOUNG: Final = 50_000
"""New objects after which cycles among them are looked for; Python's own 700 suit programs that make them."""

NAMED: Final = {"tenant_id": "tenantId", "run_id": "runId", "pull": "pull", "task": "task", "part": "part"}
"""What of a request stands in each line of the log."""

R = TypeVar("R", bound=Request)
Handler = Callable[[Any, LambdaContext], Any]


def step(model: type[R]) -> Callable[[Callable[[R, LambdaContext], Any]], Handler]:
    """Make a Lambda handler of a function over a validated request.

    Only errors whose text we wrote leave it; any other becomes ``UnexpectedError`` with type and place,
    because an exception's text may quote a record (DESIGN, promise 8).
    """

    def decorate(run: Callable[[R, LambdaContext], Any]) -> Handler:
        @functools.wraps(run)
        def handler(event: Any, context: LambdaContext) -> Any:
            collect_seldom()
            logger.set_correlation_id(context.aws_request_id)
            request = parse_request(model, event)
            named = {shown: getattr(request, name) for name, shown in NAMED.items() if hasattr(request, name)}
            logger.append_keys(function=context.function_name, **named)
            with only_our_errors():
                return run(request, context)

        return cast("Handler", handler)

    return decorate


def collect_seldom() -> None:
    """Let the collector of cycles look seldom through what a step holds.

    A step holds hundreds of thousands of records, which form no cycles; to look through all of them again and
    again took a quarter of Fetch's time (docs/performance.md). What does form cycles, errors and answers of
    AWS, is few and young.
    """
    gc.set_threshold(YOUNG, 20, 100)


@contextmanager
def only_our_errors() -> Iterator[None]:
    """Log how a function's work went, and let an error pass only if we wrote its text."""
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
