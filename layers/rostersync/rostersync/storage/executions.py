"""Executions of state machines: starting one, by the name that is its run's id."""

import json
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rostersync.storage.retrying import Retrying, code_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Executions:
    """Starts executions. ``sleep`` takes seconds."""

    def __init__(
        self,
        client: "SFNClient",
        *,
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
        jitter: random.Random | None = None,
    ) -> None:
        self._client = client
        self._retrying = Retrying("Step Functions", attempts=attempts, sleep=sleep, jitter=jitter)

    def start(self, state_machine: str, name: str, event: Mapping[str, Any]) -> None:
        """Start an execution; one of this name that runs already is fine: an earlier try got through."""
        try:
            self._retrying.call(
                self._client.start_execution,
                stateMachineArn=state_machine,
                name=name,
                input=json.dumps(dict(event)),
            )
        except ClientError as error:
            if code_of(error) != "ExecutionAlreadyExists":
                raise
