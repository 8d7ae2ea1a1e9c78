"""Creates a template's resources in moto, through the API of each service."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.aws import REGION
from local.errors import UnsupportedTemplateError
from local.template import Template, as_text

ClientFor = Callable[[str], Any]

# Code runs in our own processes, and nothing here checks a policy, keeps a log group, fires a schedule or
# repeats an asynchronous invocation.
_NOT_CREATED: Final = frozenset(
    {
        "AWS::IAM::Role",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::S3::BucketPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule",
    }
)
# The engine itself tells their targets: moto's rules have no Lambda target.
_DONE_BY_ENGINE: Final = frozenset({"AWS::Events::Rule"})


def create_resources(template: Template, client_for: ClientFor) -> None:
    """Create tables, buckets, queues and state machines.

    Raises ``UnsupportedTemplateError`` for a type of resource that the engine does not know.
    """
    creators: dict[str, Callable[[ClientFor, str, Mapping[str, Any]], None]] = {
        "AWS::DynamoDB::Table": _create_table,
        "AWS::S3::Bucket": _create_bucket,
        "AWS::SQS::Queue": _create_queue,
    }
    machines = "AWS::StepFunctions::StateMachine"
    for logical_id, resource in template.resources.items():
        kind = resource["Type"]
        if kind in creators:
            creators[kind](client_for, template.physical_names[logical_id], resource["Properties"])
        elif kind != machines and kind not in _NOT_CREATED | _DONE_BY_ENGINE:
            raise UnsupportedTemplateError(f"{logical_id}: the local engine does not create {kind}")
    for machine in template.state_machines.values():
        client_for("stepfunctions").create_state_machine(
            name=machine.physical_name,
            definition=json.dumps(as_moto_reads_it(machine.definition)),
            roleArn=machine.role_arn,
            type=machine.type,
        )


def _create_table(client_for: ClientFor, name: str, properties: Mapping[str, Any]) -> None:
    dynamodb = client_for("dynamodb")
    # CloudFormation's names are the API's where they mean something to moto; the rest has calls of its own.
    accepted = dynamodb.meta.service_model.operation_model("CreateTable").input_shape.members
    wanted = {
        key: value for key, value in properties.items() if key in accepted and key != "SSESpecification"
    }
    dynamodb.create_table(**{**wanted, "TableName": name})
    if "TimeToLiveSpecification" in properties:
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )


def _create_bucket(client_for: ClientFor, name: str, properties: Mapping[str, Any]) -> None:
    del properties  # encryption, lifecycle and public access change nothing on this machine
    client_for("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def _create_queue(client_for: ClientFor, name: str, properties: Mapping[str, Any]) -> None:
    attributes = {
        key: as_text(value) for key, value in properties.items() if key not in {"QueueName", "Tags"}
    }
    client_for("sqs").create_queue(QueueName=name, Attributes=attributes)


def as_moto_reads_it(definition: Any) -> Any:
    """The definition with whole percentages as floats: moto's grammar takes no other, AWS takes both."""
    if isinstance(definition, Mapping):
        return {
            key: float(value)
            if key == "ToleratedFailurePercentage" and isinstance(value, int)
            else as_moto_reads_it(value)
            for key, value in definition.items()
        }
    if isinstance(definition, list):
        return [as_moto_reads_it(item) for item in definition]
    return definition
