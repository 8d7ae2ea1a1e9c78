"""Calls to AWS that are tried again when AWS says that it is busy."""

import random
import time
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)

from rostersync.errors import StorageUnavailable

P = ParamSpec("P")
R = TypeVar("R")

BUSY: Final = frozenset(
    {
        "ConditionalRequestConflict",
        "InternalError",
        "InternalException",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""Error codes of DynamoDB, S3, Secrets Manager and EventBridge after which the same call may succeed."""

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 5.0


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error, "404" and its like where a HEAD answer has no body."""
    return error.response.get("Error", {}).get("Code", "")


class Retrying:
    """Tries a call up to ``attempts`` times, with growing pauses of random length (full jitter).

    botocore has tried each of them several times by itself; this carries a run over a busy minute. ``sleep``
    takes seconds.
    """

    def __init__(
        self,
        service: str,
        *,
        attempts: int = 8,
        sleep: Callable[[float], None] = time.sleep,
        jitter: random.Random | None = None,
    ) -> None:
        self._service = service
        self.attempts = attempts
        self._sleep = sleep
        self._jitter = jitter or random.Random()  # noqa: S311 - jitter needs no secret

    def call(self, operation: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what ``operation`` returns; raises ``StorageUnavailable``; other AWS errors pass."""
        attempt = 0
        while True:
            try:
                return operation(*args, **kwargs)
            except ClientError as error:
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
                if code_of(error) not in BUSY and status < 500:
                    raise
                reason = code_of(error)
            except (ConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError) as error:
                reason = type(error).__name__
            attempt += 1
            self.pause(attempt, reason)

    def pause(self, attempt: int, reason: str) -> None:
        """Wait before the next attempt; raises ``StorageUnavailable`` when ``attempt`` was the last one."""
        if attempt >= self.attempts:
            raise StorageUnavailable(
                f"{self._service} did not take a call in {self.attempts} attempts ({reason}); try again later"
            ) from None
        self._sleep(self._jitter.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)))
