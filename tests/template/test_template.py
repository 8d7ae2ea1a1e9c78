"""What no local engine checks about template.yaml and the state machines."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function"
}
MACHINES = {
    path.name.removesuffix(".asl.yaml"): yaml.safe_load(path.read_text())
    for path in (ROOT / "statemachines").glob("*.asl.yaml")
}
LAMBDA_SERVICE_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}


def states_of(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every state of a machine by name, those inside Maps too."""
    found = {}
    for name, state in machine["States"].items():
        found[name] = state
        if "ItemProcessor" in state:
            found |= states_of(state["ItemProcessor"])
    return found


def statements_of(name: str) -> list[dict[str, Any]]:
    return [
        statement for policy in RESOURCES[name]["Properties"]["Policies"] for statement in policy["Statement"]
    ]


def resources_of(name: str, action: str) -> list[Any]:
    """The resources that a statement of the resource's role allows an action on."""
    return [
        resource
        for statement in statements_of(name)
        if action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        for resource in (
            statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        )
    ]


def test_the_vendors_budget_is_what_its_three_factors_multiply_to():
    budgets = TEMPLATE["Mappings"]["RosterServerBudget"]
    assert TEMPLATE["Parameters"]["RosterServerBudget"]["AllowedValues"] == list(budgets)
    for budget, factors in budgets.items():
        assert factors["TenantsAtOnce"] * factors["FetchTasks"] * factors["RequestsInFlight"] == int(budget)


def test_the_lease_outlives_the_state_machine_by_its_longest_function():
    limits = TEMPLATE["Mappings"]["Limits"]["Seconds"]
    assert limits["LongestFunction"] == max(function["Timeout"] for function in FUNCTIONS.values())
    assert limits["Lease"] == limits["Sync"] + limits["LongestFunction"]


def test_a_disconnect_outlives_the_longest_function_before_it_deletes():
    limits = TEMPLATE["Mappings"]["Limits"]["Seconds"]
    assert limits["LongestFunction"] < limits["Outlive"] < limits["Disconnect"]
    states = MACHINES["disconnect"]["States"]
    assert (states["StopRun"]["Next"], states["OutliveFunctions"]["Next"]) == ("OutliveFunctions", "Purge")
    substitutions = RESOURCES["DisconnectStateMachine"]["Properties"]["DefinitionSubstitutions"]
    assert substitutions["OutliveSeconds"] == {"Fn::FindInMap": ["Limits", "Seconds", "Outlive"]}


def test_only_finishing_a_disconnect_may_delete_secrets_and_staged_objects():
    for action in ("secretsmanager:DeleteSecret", "s3:DeleteObject"):
        allowed = {name for name in FUNCTIONS if resources_of(name, action)}
        assert allowed == {"FinishDisconnectFunction"}, action
    (secret,) = resources_of("FinishDisconnectFunction", "secretsmanager:DeleteSecret")
    assert secret["Fn::Sub"].endswith(":secret:${SecretPrefix}/*")


def test_only_verifying_credentials_may_read_the_partner_key():
    policies = {
        name: resource["Properties"]
        for name, resource in RESOURCES.items()
        if "IAM::Policy" in resource["Type"]
    }
    assert list(policies) == ["PartnerKeyPolicy"]
    assert RESOURCES["PartnerKeyPolicy"]["Condition"] == "PartnerKey"
    assert policies["PartnerKeyPolicy"]["Roles"] == [{"Ref": "VerifyCredentialsFunctionRole"}]
    (statement,) = policies["PartnerKeyPolicy"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "secretsmanager:GetSecretValue"
    assert statement["Resource"]["Fn::Sub"].endswith(":secret:${PartnerKeySecret}-??????")
    for name in FUNCTIONS:
        for resource in resources_of(name, "secretsmanager:GetSecretValue"):
            assert resource["Fn::Sub"].endswith(":secret:${SecretPrefix}/*"), name


def test_every_function_has_a_folder_a_step_and_a_log_group_of_its_own():
    folders = {function["CodeUri"] for function in FUNCTIONS.values()}
    assert folders == {f"functions/{path.parent.name}/" for path in (ROOT / "functions").glob("*/app.py")}
    for name, function in FUNCTIONS.items():
        group = RESOURCES[name.replace("Function", "Logs")]["Properties"]
        assert group["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/${{{name}}}"}
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        step = Path(function["CodeUri"]).name
        # What the portal calls is many use cases.
        assert step == "portal_api" or (ROOT / f"layers/rostersync/rostersync/steps/{step}.py").exists()


def test_no_handler_is_longer_than_forty_lines():
    for path in (ROOT / "functions").glob("*/app.py"):
        assert len(path.read_text().splitlines()) <= 40, path


def test_no_function_may_do_everything_or_reach_everything():
    for name in FUNCTIONS:
        for statement in statements_of(name):
            assert "*" not in str(statement["Action"])
            assert statement["Resource"] != "*"


def test_nightly_may_start_sync_and_itself_and_wait_for_both():
    started = resources_of("NightlyStateMachine", "states:StartExecution")
    itself = (
        "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${AWS::StackName}-nightly"
    )
    assert started == [{"Ref": "SyncStateMachine"}, {"Fn::Sub": itself}]
    assert RESOURCES["NightlyStateMachine"]["Properties"]["Name"] == {"Fn::Sub": "${AWS::StackName}-nightly"}
    for action in ("states:DescribeExecution", "states:StopExecution"):
        reached = [resource["Fn::Sub"] for resource in resources_of("NightlyStateMachine", action)]
        assert any("execution:${AWS::StackName}-sync:" in resource for resource in reached)
        assert any("execution:${AWS::StackName}-nightly/" in resource for resource in reached)


@pytest.mark.parametrize("action", ["events:PutTargets", "events:PutRule", "events:DescribeRule"])
def test_nightly_may_keep_the_rule_that_waiting_for_a_nested_execution_needs(action):
    (rule,) = resources_of("NightlyStateMachine", action)
    assert rule["Fn::Sub"].endswith(":rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")


@pytest.mark.parametrize("machine", MACHINES)
def test_every_lambda_task_retries_the_lambda_service_errors(machine):
    for name, state in states_of(MACHINES[machine]).items():
        if state.get("Resource") == "arn:aws:states:::lambda:invoke":
            assert set(state["Retry"][0]["ErrorEquals"]) >= LAMBDA_SERVICE_ERRORS, name


def test_an_iteration_of_sync_returns_nothing():
    for name, state in MACHINES["sync"]["States"].items():
        if state["Type"] == "Map":
            last = [
                one
                for one in state["ItemProcessor"]["States"].values()
                if one.get("End") or one["Type"] == "Succeed"
            ]
            assert [one["Output"] for one in last] == [{}], name
            assert state["Output"] == {}, name


def test_every_state_of_sync_that_can_fail_ends_in_finish():
    states = MACHINES["sync"]["States"]
    for name, state in states.items():
        if state["Type"] in {"Task", "Map"} and name != "FinishFailed":
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
            assert state["Catch"][-1]["Next"] == "FinishFailed", name
    assert states["FinishFailed"]["Next"] == "Failed"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("function", ["$eval(", "$parse(", "$uuid(", "$hash(", "$partition(", "$range("])
def test_expressions_use_only_what_aws_and_the_local_engine_both_know(machine, function):
    assert function not in (ROOT / f"statemachines/{machine}.asl.yaml").read_text()


def test_a_distributed_map_reads_no_variable_from_outside():
    """AWS hands a Distributed Map's children none; the local engine would."""
    for machine in MACHINES.values():
        for name, state in machine["States"].items():
            if state["Type"] == "Map" and state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED":
                inside = str(state["ItemProcessor"]["States"]) + str(state["ItemSelector"])
                expressions = [part.split("%}")[0] for part in inside.split("{%")[1:]]
                assert all(word.startswith("states.") for e in expressions for word in e.split("$")[1:]), name
