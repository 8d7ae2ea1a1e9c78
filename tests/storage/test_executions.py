"""Executions on moto, which takes names as Step Functions does."""

from typing import TYPE_CHECKING

import boto3
import pytest

from rostersync.storage.executions import Executions
from tests.storage.aws import REGION

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

DEFINITION = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
EVENT = {"tenantId": "maple"}


@pytest.fixture
def client(aws: None) -> "SFNClient":
    return boto3.client("stepfunctions", REGION)


@pytest.fixture
def machine(client: "SFNClient") -> str:
    role = "arn:aws:iam::123456789012:role/machine"
    return client.create_state_machine(name="machine", definition=DEFINITION, roleArn=role)["stateMachineArn"]


def statuses(client: "SFNClient", machine: str) -> dict[str, str]:
    found = client.list_executions(stateMachineArn=machine)["executions"]
    return {one["name"]: one["status"] for one in found}


def test_a_name_is_started_once(client: "SFNClient", machine: str) -> None:
    executions = Executions(client, sleep=lambda _: None)
    executions.start(machine, "run", EVENT)
    executions.start(machine, "run", EVENT)
    executions.stop(machine, "run", "enough")
    executions.start(machine, "run", EVENT)
    assert statuses(client, machine) == {"run": "ABORTED"}


def test_the_next_one_starts_when_the_last_has_ended(client: "SFNClient", machine: str) -> None:
    executions = Executions(client, sleep=lambda _: None)
    for _ in range(2):
        executions.start_next(machine, "maple-5", EVENT)
    assert statuses(client, machine) == {"maple-5-1": "RUNNING"}
    for number in (1, 2):
        executions.stop(machine, f"maple-5-{number}", "enough")
        executions.start_next(machine, "maple-5", EVENT)
    assert statuses(client, machine) == {
        "maple-5-1": "ABORTED",
        "maple-5-2": "ABORTED",
        "maple-5-3": "RUNNING",
    }


def test_stopping_what_never_was_is_fine(client: "SFNClient", machine: str) -> None:
    Executions(client, sleep=lambda _: None).stop(machine, "never", "enough")
    assert statuses(client, machine) == {}
