"""Prints what moto's interpreter does without our shims, as JSON; run in a process of its own.

JSONata is bridged from the start, or nothing else could be seen; the first observation is made before that.
"""

import json
import logging
import os
import sys
import time

import boto3
from jsonata import Jsonata
from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.jsonata import jsonata
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for

ROLE = "arn:aws:iam::123456789012:role/any"


def client(service):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="eu-west-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def machine(states, name):
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    created = STEPFUNCTIONS.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return created["stateMachineArn"]


def outcome(states, name, given="{}"):
    arn = STEPFUNCTIONS.start_execution(stateMachineArn=machine(states, name), name=name, input=given)[
        "executionArn"
    ]
    while (described := STEPFUNCTIONS.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.01)
    return {key: described.get(key) for key in ("status", "error", "output")}


def passing(output, **others):
    return {"Type": "Pass", "Output": output, "End": True, **others}


def a_map(mode, child, **others):
    processor = {"ProcessorConfig": mode, "StartAt": "C", "States": {"C": child}}
    return {"Type": "Map", "Items": [1], "ItemProcessor": processor, "End": True, **others}


DISTRIBUTED = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


def observe():
    seen = {"jsonata": outcome({"P": passing("{% 1 + 1 %}")}, "jsonata")}
    jsonata._eval_jsonata = lambda text: json.loads(json.dumps(Jsonata(text).evaluate(None)))
    begin = {"Type": "Pass", "Assign": {"text": "{% $states.input.text %}"}, "Next": "End"}
    given = json.dumps({"text": 'say "hi"'})
    seen["assigned string"] = outcome({"Begin": begin, "End": passing("{% $text %}")}, "assigned", given)
    seen["evaluation error"] = outcome({"P": passing("{% 1 + 'a' %}")}, "evaluation")
    seen["lambda"] = default_user_config["lambda"]
    lambda_eval_utils._invoke_lambda_function = lambda *_, **__: {"StatusCode": 200, "Payload": "x" * 300_000}
    large = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "any", "Payload": {}},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "caught", "Next": "End"}],
        "Next": "End",
    }
    seen["too much data"] = outcome({"T": large, "End": {"Type": "Succeed"}}, "large")
    seen["one client for all"] = boto_client_for("eu-west-1", "s3") is boto_client_for("eu-west-1", "s3")
    nested = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": machine({"P": passing(1)}, "child"), "Name": "child"},
        "End": True,
    }
    seen["start and wait"] = outcome({"N": nested}, "nested")
    unnamed = machine({"P": passing(1)}, "unnamed")
    seen["unnamed"] = STEPFUNCTIONS.start_execution(stateMachineArn=unnamed)["executionArn"]
    inline = a_map({"Mode": "INLINE"}, passing("{% $states.input.nobody %}"))
    seen["error in an inline map"] = outcome({"M": inline}, "inline")
    failing = {"Type": "Fail", "Error": "Ours"}
    seen["all children fail"] = outcome({"M": a_map(DISTRIBUTED, failing)}, "distributed")
    try:
        machine({"M": a_map(DISTRIBUTED, failing, ToleratedFailurePercentage=5)}, "percentage")
        seen["whole percentage"] = "accepted"
    except Exception as error:
        seen["whole percentage"] = str(error)
    seen["status events"] = status_events()
    began = time.monotonic()
    outcome({"W": {"Type": "Wait", "Seconds": 1, "End": True}}, "wait")
    seen["seconds of a wait of one"] = time.monotonic() - began
    return seen


def status_events():
    queues, events = client("sqs"), client("events")
    url = queues.create_queue(QueueName="status")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:123456789012:status"
    events.put_rule(Name="status", EventPattern=json.dumps({"source": ["aws.states"]}))
    events.put_targets(Rule="status", Targets=[{"Id": "queue", "Arn": arn}])
    outcome({"P": passing(1)}, "told")
    return len(queues.receive_message(QueueUrl=url).get("Messages", []))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    SERVER = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    SERVER.start()
    HOST, PORT = SERVER.get_host_and_port()
    ENDPOINT = f"http://{HOST}:{PORT}"
    os.environ["MOTO_PORT"] = str(PORT)
    STEPFUNCTIONS = client("stepfunctions")
    sys.stdout.write(json.dumps(observe()))
