"""CloudFormation's functions, one by one."""

from typing import Any

import pytest

from local.errors import UnsupportedTemplateError
from local.intrinsics import Resolver

TEMPLATE: dict[str, dict[str, Any]] = {
    "Conditions": {
        "Big": {"Fn::Equals": [{"Ref": "Size"}, "10"]},
        "Small": {"Fn::Not": [{"Condition": "Big"}]},
        "Either": {"Fn::Or": [{"Condition": "Big"}, {"Condition": "Small"}]},
        "Both": {"Fn::And": [{"Condition": "Big"}, {"Condition": "Small"}]},
    },
    "Mappings": {"Sizes": {"10": {"Rooms": 3}}},
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table"},
        "Named": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "${Size}-rooms"}}},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}},
        "OnBus": {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": {"Ref": "Bus"}}},
        "OnDefault": {"Type": "AWS::Events::Rule"},
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"StateMachineName": "m"}},
        "Left": {"Type": "AWS::S3::Bucket", "Condition": "Small"},
    },
}


@pytest.fixture
def resolver() -> Resolver:
    return Resolver(TEMPLATE, {"Size": 10}, "stack")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"Ref": "Size"}, 10),
        ({"Ref": "Table"}, "stack-Table"),
        ({"Ref": "Bucket"}, "stack-bucket"),
        ({"Ref": "Machine"}, "arn:aws:states:eu-west-1:123456789012:stateMachine:m"),
        ({"Ref": "Queue"}, "https://sqs.eu-west-1.amazonaws.com/123456789012/stack-Queue"),
        ({"Fn::GetAtt": ["Queue", "QueueName"]}, "stack-Queue"),
        ({"Fn::Sub": "${Queue.QueueUrl}"}, "https://sqs.eu-west-1.amazonaws.com/123456789012/stack-Queue"),
        ({"Ref": "Bus"}, "bus"),
        ({"Fn::GetAtt": ["Bus", "Name"]}, "bus"),
        ({"Fn::GetAtt": ["Bus", "Arn"]}, "arn:aws:events:eu-west-1:123456789012:event-bus/bus"),
        ({"Fn::GetAtt": ["OnBus", "Arn"]}, "arn:aws:events:eu-west-1:123456789012:rule/bus/stack-OnBus"),
        ({"Fn::GetAtt": ["OnDefault", "Arn"]}, "arn:aws:events:eu-west-1:123456789012:rule/stack-OnDefault"),
        ({"Ref": "AWS::StackName"}, "stack"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:aws:dynamodb:eu-west-1:123456789012:table/stack-Table"),
        ({"Fn::GetAtt": "Machine.Name"}, "m"),
        ({"Fn::Sub": "${Named}/${Bucket.Arn}/${!Kept}"}, "10-rooms/arn:aws:s3:::stack-bucket/${Kept}"),
        ({"Fn::Sub": ["${Own} ${AWS::Region}", {"Own": {"Ref": "Size"}}]}, "10 eu-west-1"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Size"}, "Rooms"]}, 3),
        ({"Fn::If": ["Big", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Either", {"Fn::If": ["Both", 1, 2]}, 3]}, 2),
        ({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}, "a-10"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"kept": [1, {"Ref": "AWS::NoValue"}], "left": {"Ref": "AWS::NoValue"}}, {"kept": [1]}),
    ],
)
def test_a_function_gives_what_cloudformation_would(resolver, written, meant):
    assert resolver.resolve(written) == meant


def test_a_resource_whose_condition_does_not_hold_is_not_there(resolver):
    assert set(resolver.resources()) == TEMPLATE["Resources"].keys() - {"Left"}


@pytest.mark.parametrize(
    "written",
    [
        {"Ref": "Nobody"},
        {"Fn::GetAtt": ["Table", "StreamArn"]},
        {"Fn::FindInMap": ["Sizes", "11", "Rooms"]},
        {"Fn::ImportValue": "x"},
    ],
)
def test_what_is_not_known_is_refused_and_never_guessed(resolver, written):
    with pytest.raises(UnsupportedTemplateError):
        resolver.resolve(written)
