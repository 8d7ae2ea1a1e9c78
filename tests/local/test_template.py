"""What the engine makes of a template."""

from pathlib import Path

import pytest

from local.errors import UnsupportedTemplateError
from local.resources import as_moto_reads_it, create_resources
from local.template import load_template, read_definition

TOY = Path(__file__).with_name("toy")


@pytest.fixture(scope="module")
def toy():
    return load_template(TOY / "template.yaml", {"Environment": "local", "Pace": "fast"})


def test_a_function_is_its_folder_handler_layers_and_limits(toy):
    misbehave = toy.functions["misbehave"]
    assert misbehave.directory == TOY / "functions" / "misbehave"
    assert misbehave.handler == "app.lambda_handler"
    assert [layer.resolve().name for layer in misbehave.layers] == ["rostersync"]
    assert (misbehave.timeout, toy.functions["echo"].timeout, misbehave.memory) == (1, 10, 128)


def test_a_functions_variables_are_worked_out_as_text(toy):
    assert toy.functions["echo"].environment == {
        "TABLE_NAME": "local-Table",
        "BUCKET": "local-bucket",
        "WHERE": "here",
        "SECONDS": "600",
        "JOINED": "fast/b",
    }


def test_a_definition_has_its_substitutions_made_as_text(toy):
    night = toy.state_machines["night"].definition["States"]["Days"]
    assert night["MaxConcurrency"] == 2
    day = night["ItemProcessor"]["States"]["Day"]["Arguments"]["StateMachineArn"]
    assert day == toy.state_machines["day"].arn == toy.outputs["DayArn"]


def test_a_definition_with_a_name_that_has_no_value_is_refused(tmp_path):
    definition = tmp_path / "lost.asl.yaml"
    definition.write_text("StartAt: ${Lost}")
    with pytest.raises(UnsupportedTemplateError, match="has no Lost"):
        read_definition(definition, {"Found": "x"})


def test_a_layer_gives_a_role_of_its_own_to_each_function(toy):
    roles = toy.of_type("AWS::IAM::Role")
    assert {"EchoFunctionRole", "DayStateMachineRole", "ScheduleRole"} <= set(roles)
    statement = roles["EchoFunctionRole"]["Policies"][0]["PolicyDocument"]["Statement"][0]
    assert statement["Resource"][1] == "arn:aws:dynamodb:eu-west-1:123456789012:table/local-Table/index/*"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [({"Nobody": "x"}, "no parameter Nobody"), ({"Pace": "lazy"}, "Pace is not one of slow, fast")],
)
def test_a_parameter_that_the_template_would_refuse_is_refused(overrides, message):
    with pytest.raises(UnsupportedTemplateError, match=message):
        load_template(TOY / "template.yaml", overrides)


def written(tmp_path, text):
    path = tmp_path / "template.yaml"
    path.write_text(f"Transform: AWS::Serverless-2016-10-31\n{text}")
    return path


def test_a_parameter_without_a_value_is_named(tmp_path):
    path = written(tmp_path, "Parameters: {Lost: {Type: String}}\nResources: {B: {Type: 'AWS::S3::Bucket'}}")
    with pytest.raises(UnsupportedTemplateError, match="Lost"):
        load_template(path)


def test_a_function_without_its_folder_is_named(tmp_path):
    path = written(
        tmp_path,
        "Resources: {F: {Type: 'AWS::Serverless::Function', Properties: "
        "{CodeUri: functions/lost/, Handler: a.b, Runtime: python3.13}}}",
    )
    with pytest.raises(UnsupportedTemplateError, match="functions/lost"):
        load_template(path)


def test_what_sam_refuses_is_refused_in_its_words(tmp_path):
    path = written(tmp_path, "Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: x/}}}")
    with pytest.raises(UnsupportedTemplateError, match="F"):
        load_template(path)


def test_a_kind_of_resource_that_is_not_known_is_refused(tmp_path):
    path = written(tmp_path, "Resources: {Q: {Type: 'AWS::Kinesis::Stream'}}")
    with pytest.raises(UnsupportedTemplateError, match="AWS::Kinesis::Stream"):
        create_resources(load_template(path), client_for=lambda service: None)


def test_whole_percentages_are_written_as_moto_reads_them():
    assert str(as_moto_reads_it([{"ToleratedFailurePercentage": 5, "MaxConcurrency": 5}])) == (
        "[{'ToleratedFailurePercentage': 5.0, 'MaxConcurrency': 5}]"
    )
