"""State machines at work, whole."""

import json
from pathlib import Path

import pytest

from local.engine import LocalEngine
from local.errors import LocalEngineError

TOY = Path(__file__).with_name("toy") / "template.yaml"


def states(engine, definition, given=None):
    """Run a definition that is not in the template."""
    stepfunctions = engine.client("stepfunctions")
    name = f"once-{len(stepfunctions.list_state_machines()['stateMachines'])}"
    arn = stepfunctions.create_state_machine(
        name=name,
        definition=json.dumps({"QueryLanguage": "JSONata", **definition}),
        roleArn="arn:aws:iam::123456789012:role/once",
    )["stateMachineArn"]
    started = stepfunctions.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))
    return engine.wait(started["executionArn"])


def test_a_state_machine_runs_with_the_functions_of_the_template(engine):
    day = engine.run("day", {"words": ["a", "b"], "misbehaviour": ""}, name="first")
    assert day.status == "SUCCEEDED"
    assert day.output["words"] == ["a", "b"]
    assert day.output["runId"] == day.name == "first"
    assert day.states_entered == (
        "Begin", "Misbehave", "Rest", "Words", "Echo", "Echo", "IsLong", "Long",
    )  # fmt: skip
    assert set(day.seconds_by_state()) == set(day.states_entered)


def test_a_functions_error_is_caught_by_its_class_name(engine):
    day = engine.run("day", {"words": [], "misbehaviour": "refuse"})
    assert (day.status, day.error, day.cause) == ("FAILED", "Refused", 'the field "tenantId" is missing')


def test_more_data_than_a_state_holds_is_caught_by_nothing_and_told_by_its_end(engine):
    day = engine.run("day", {"words": [], "misbehaviour": "more than a state holds"}, name="large")
    assert (day.status, day.error) == ("FAILED", "States.DataLimitExceeded")
    assert "Failed" not in day.states_entered
    key = {"pk": {"S": "large"}, "sk": {"S": "FAILED"}}
    item = engine.client("dynamodb").get_item(TableName=engine.table_name, Key=key)["Item"]
    assert item["error"]["S"] == "States.DataLimitExceeded"


def test_a_functions_error_is_tried_again_when_retry_names_it(engine):
    before = len(engine.invocations)
    engine._workers["misbehave"].close()
    day = engine.run("day", {"words": ["a"], "misbehaviour": "fail twice"})
    assert day.status == "SUCCEEDED"
    errors = [invocation.error for invocation in engine.invocations[before:][:3]]
    assert [error and error["errorType"] for error in errors] == ["StorageUnavailable"] * 2 + [None]


def test_a_distributed_map_starts_an_execution_for_each_item_and_waits_for_it(engine):
    items = [
        {"runId": "n1", "words": ["a", "b"], "misbehaviour": ""},
        {"runId": "n2", "words": [], "misbehaviour": "refuse"},
    ]
    night = engine.run("night", {"items": items})
    assert night.status == "SUCCEEDED"
    assert night.output == [{"runId": "n1", "words": ["a", "b"]}, {"runId": "n2", "failed": "Refused"}]
    child = engine.execution(engine.state_machine("day").arn.replace("stateMachine", "execution") + ":n1")
    assert child.status == "SUCCEEDED"


def test_the_end_of_an_execution_reaches_the_functions_of_a_matching_rule(engine):
    engine.run("day", {"words": [], "misbehaviour": "refuse"}, name="failing")
    engine.run("day", {"words": ["a"], "misbehaviour": ""}, name="succeeding")
    items = engine.client("dynamodb").scan(TableName=engine.table_name)["Items"]
    remembered = {item["pk"]["S"]: (item["sk"]["S"], item["error"]["S"]) for item in items}
    assert remembered["failing"] == ("FAILED", "Refused")
    assert "succeeding" not in remembered


@pytest.fixture(scope="module")
def waiting(engine):
    """A state machine that waits for days: its ARN."""
    forever = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 10**8, "End": True}}}
    created = engine.client("stepfunctions").create_state_machine(
        name="waiting", definition=json.dumps(forever), roleArn="arn:aws:iam::123456789012:role/once"
    )
    return created["stateMachineArn"]


def test_an_execution_that_is_stopped_has_ended(engine, waiting):
    stepfunctions = engine.client("stepfunctions")
    arn = stepfunctions.start_execution(stateMachineArn=waiting)["executionArn"]
    assert not engine.has_ended(arn)
    stepfunctions.stop_execution(executionArn=arn)
    assert engine.wait(arn).status == "ABORTED"
    assert engine.has_ended(arn)


def test_waiting_for_an_execution_has_an_end(engine, waiting):
    arn = engine.client("stepfunctions").start_execution(stateMachineArn=waiting)["executionArn"]
    with pytest.raises(LocalEngineError, match=r"still runs after 0\.01 seconds"):
        engine.wait(arn, timeout=0.01)


def test_a_function_that_is_not_there_is_an_error_of_lambda(engine):
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "nobody", "Payload": {}},
        "End": True,
    }
    execution = states(engine, {"StartAt": "T", "States": {"T": task}})
    assert execution.error == "Lambda.ResourceNotFoundException"


def test_any_string_can_be_assigned_and_read(engine):
    text = "\"quoted\" \\ back\nline \u2028 {% $x %} 'é' 😀"
    begin = {"Type": "Pass", "Assign": {"text": "{% $states.input.text %}"}, "Next": "End"}
    end = {"Type": "Pass", "Output": "{% $text %}", "End": True}
    assert (
        states(engine, {"StartAt": "Begin", "States": {"Begin": begin, "End": end}}, {"text": text}).output
        == text
    )


@pytest.mark.parametrize("expression", ["{% $states.input.nobody %}", "{% 1 + 'a' %}"])
def test_an_expression_that_gives_nothing_fails_as_on_aws(engine, expression):
    execution = states(
        engine, {"StartAt": "P", "States": {"P": {"Type": "Pass", "Output": expression, "End": True}}}
    )
    assert (execution.status, execution.error) == ("FAILED", "States.QueryEvaluationError")


def test_an_error_of_step_functions_keeps_its_name_out_of_an_inline_map(engine):
    child = {"Type": "Pass", "Output": "{% $states.input.nobody %}", "End": True}
    each = {
        "Type": "Map",
        "Items": [1],
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "C", "States": {"C": child}},
        "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Output": "caught", "Next": "End"}],
        "Next": "End",
    }
    execution = states(engine, {"StartAt": "M", "States": {"M": each, "End": {"Type": "Succeed"}}})
    assert execution.output == "caught"


@pytest.mark.parametrize(
    ("threshold", "failing", "status"),
    [
        ({}, 1, "FAILED"),
        ({}, 0, "SUCCEEDED"),
        ({"ToleratedFailureCount": 1}, 1, "SUCCEEDED"),
        ({"ToleratedFailureCount": 1}, 2, "FAILED"),
        ({"ToleratedFailurePercentage": 50.0}, 2, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 50.0}, 3, "FAILED"),
        ({"ToleratedFailurePercentage": 100.0}, 4, "SUCCEEDED"),
    ],
)
def test_a_distributed_map_fails_when_more_children_fail_than_it_tolerates(
    engine, threshold, failing, status
):
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": f"{{% $states.input < {failing} %}}", "Next": "Fail"}],
        "Default": "Succeed",
    }
    each = {
        "Type": "Map",
        "Items": [0, 1, 2, 3],
        **threshold,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "C",
            "States": {
                "C": choice,
                "Fail": {"Type": "Fail", "Error": "Ours"},
                "Succeed": {"Type": "Succeed"},
            },
        },
        "End": True,
    }
    execution = states(engine, {"StartAt": "M", "States": {"M": each}})
    assert execution.status == status
    assert execution.error == ("States.ExceedToleratedFailureThreshold" if status == "FAILED" else "")


def test_the_table_is_the_templates(engine):
    table = engine.client("dynamodb").describe_table(TableName=engine.table_name)["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by_due"]
    live = engine.client("dynamodb").describe_time_to_live(TableName=engine.table_name)
    assert live["TimeToLiveDescription"]["AttributeName"] == "expires"


def test_a_queue_is_reached_by_what_ref_gives(engine):
    url = engine.template.resources["DeadLettersPolicy"]["Properties"]["Queues"][0]
    attributes = engine.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == "1209600"


def test_names_that_the_template_does_not_have_are_refused(engine):
    with pytest.raises(LocalEngineError, match="no function nobody"):
        engine.invoke("nobody", {})
    with pytest.raises(LocalEngineError, match="no state machine nobody"):
        engine.start_execution("nobody")
    with pytest.raises(LocalEngineError, match="there is no execution"):
        engine.execution(engine.state_machine("day").arn.replace("stateMachine", "execution") + ":nobody")


def test_there_is_one_engine_at_a_time(engine):
    with pytest.raises(LocalEngineError, match="another local engine"):
        LocalEngine(TOY).start()
