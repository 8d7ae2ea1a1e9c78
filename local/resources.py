"""Creates a template's resources in moto, through the API of each service."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.aws import REGION
from local.errors import UnsupportedTemplateError
from local.event_rules import queue_rules, queue_target
from local.template import Template, as_text

ClientFor = Callable[[str], Any]

# Code runs in our own processes, and nothing here checks a policy, keeps a log group, fires a schedule, rings
# an alarm or repeats an asynchronous invocation.
_NOT_CREATED: Final = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::Events::EventBusPolicy",
        "AWS::IAM::Policy",
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
# What invokes functions is the engine's own work.
_DONE_BY_ENGINE: Final = frozenset(
    {"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage", "AWS::Lambda::EventSourceMapping"}
)
# These name others of the template, which have to be there before them.
_CREATED_LAST: Final = frozenset({"AWS::Events::Rule", "AWS::StepFunctions::StateMachine"})


def create_resources(template: Template, client_for: ClientFor) -> None:
    """Create tables, buckets, queues, buses with their rules to queues, and state machines.

    Raises ``UnsupportedTemplateError`` for a type of resource that the engine does not know.
    """
    creators: dict[str, Callable[[ClientFor, str, Mapping[str, Any]], None]] = {
        "AWS::DynamoDB::Table": _create_table,
        "AWS::Events::EventBus": _create_event_bus,
        "AWS::S3::Bucket": _create_bucket,
        "AWS::SQS::Queue": _create_queue,
    }
    for logical_id, resource in template.resources.items():
        kind = resource["Type"]
        if kind in creators:
            creators[kind](client_for, template.physical_names[logical_id], resource["Properties"])
        elif kind not in _NOT_CREATED | _DONE_BY_ENGINE | _CREATED_LAST:
            raise UnsupportedTemplateError(f"{logical_id}: the local engine does not create {kind}")
    _name_dead_letter_queues(template, client_for)
    for logical_id, rule in queue_rules(template).items():
        _create_rule(client_for, template.physical_names[logical_id], rule)
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
    apart = {"QueueName", "RedrivePolicy", "Tags"}
    attributes = {key: as_text(value) for key, value in properties.items() if key not in apart}
    client_for("sqs").create_queue(QueueName=name, Attributes=attributes)


def _name_dead_letter_queues(template: Template, client_for: ClientFor) -> None:
    # After all queues: a template may have a queue before the one that takes its dead letters.
    for logical_id, properties in template.of_type("AWS::SQS::Queue").items():
        if "RedrivePolicy" in properties:
            sqs = client_for("sqs")
            url = sqs.get_queue_url(QueueName=template.queues[logical_id].name)["QueueUrl"]
            policy = as_text(properties["RedrivePolicy"])
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})


def _create_event_bus(client_for: ClientFor, name: str, properties: Mapping[str, Any]) -> None:
    del properties  # its key and its own dead letters change nothing on this machine
    client_for("events").create_event_bus(Name=name)


def _create_rule(client_for: ClientFor, name: str, properties: Mapping[str, Any]) -> None:
    events, bus = client_for("events"), properties["EventBusName"]
    events.put_rule(Name=name, EventBusName=bus, EventPattern=as_text(properties["EventPattern"]))
    targets = [queue_target(target) for target in properties["Targets"]]
    events.put_targets(Rule=name, EventBusName=bus, Targets=targets)


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
