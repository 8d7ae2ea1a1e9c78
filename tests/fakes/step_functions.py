"""Step Functions in memory, as far as executions are started and stopped."""

from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from rostersync.storage.executions import Executions

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class FakeStepFunctions:
    """Executions by ARN, each with its input, None once it has ended. Names are taken as AWS takes them."""

    def __init__(self) -> None:
        self.executions: dict[str, str | None] = {}

    def start_execution(self, **asked: str) -> None:
        arn = f"{asked['stateMachineArn'].replace(':stateMachine:', ':execution:')}:{asked['name']}"
        if self.executions.setdefault(arn, asked["input"]) != asked["input"]:
            raise ClientError({"Error": {"Code": "ExecutionAlreadyExists", "Message": ""}}, "StartExecution")

    def stop_execution(self, **asked: str) -> None:
        if asked["executionArn"] not in self.executions:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist", "Message": ""}}, "StopExecution")
        self.executions[asked["executionArn"]] = None

    @property
    def names(self) -> list[str]:
        return [arn.rpartition(":")[2] for arn in self.executions]


def executions_of(step_functions: FakeStepFunctions) -> Executions:
    """Return the real way to start and to stop them; it does not wait."""
    return Executions(cast("SFNClient", step_functions), sleep=lambda _: None)
