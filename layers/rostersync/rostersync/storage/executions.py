"""Executions of state machines: starting one, by the name that is its run's id, and stopping one."""

import json
import random
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rostersync.storage.retrying import Retrying, code_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Executions:
    """Starts and stops executions. ``sleep`` takes seconds."""

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
        self._start(state_machine, name, event)

    def start_next(self, state_machine: str, name: str, event: Mapping[str, Any]) -> None:
        """Start an execution unless one for the same runs; those that have ended are counted in its name.

        Step Functions takes a name again while its execution runs on the same input, and refuses it
        afterwards: of two who ask at once, both get the same execution.
        """
        next(number for number in count(1) if self._start(state_machine, f"{name}-{number}", event))

    def stop(self, state_machine: str, name: str, cause: str) -> None:
        """Stop an execution; one that was never begun is fine, and one that has ended."""
        arn = f"{state_machine.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            self._retrying.call(self._client.stop_execution, executionArn=arn, cause=cause)
        except ClientError as error:
            if code_of(error) != "ExecutionDoesNotExist":
                raise

    def _start(self, state_machine: str, name: str, event: Mapping[str, Any]) -> bool:
        """Return whether an execution of this name runs on this input, begun now or before."""
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
            return False
        return True
