"""The state machines as AWS would read them: SAM and cfn-lint do not look into a DefinitionUri."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.api import lint_all

FOLDER = Path(__file__).parents[2] / "statemachines"
NUMBERS = {
    "TimeoutSeconds": "10800",
    "OutliveSeconds": "330",
    "TenantsAtOnce": "2",
    "StagingBucket": "bucket",
}


def definition(text: str) -> dict[str, Any]:
    """A machine's definition with a value for each substitution."""
    arn = "arn:aws:lambda:us-east-1:123456789012:function:"
    filled = re.sub(r"\$\{(\w+)\}", lambda match: NUMBERS.get(match[1], arn + match[1]), text)
    found: dict[str, Any] = yaml.safe_load(filled)
    return found


def complaints(machine: dict[str, Any]) -> list[str]:
    """What cfn-lint says of a state machine whose definition is inlined in a template."""
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/machine", "Definition": machine}
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}},
    }
    matches = lint_all(yaml.safe_dump(template, sort_keys=False))
    return [str(match) for match in matches if not match.rule.id.startswith("I")]


def levels(machine: dict[str, Any]) -> list[dict[str, Any]]:
    """The machine and every Map's inner one."""
    inner = [state["ItemProcessor"] for state in machine["States"].values() if "ItemProcessor" in state]
    return [machine, *(level for one in inner for level in levels(one))]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.asl.yaml")), ids=lambda path: path.name)
def test_cfn_lint_finds_nothing_in(path):
    assert complaints(definition(path.read_text())) == []


def test_cfn_lint_would_find_a_broken_state():
    broken = (FOLDER / "sync.asl.yaml").read_text().replace("Items:", "Itemz:", 1)
    assert complaints(definition(broken))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.asl.yaml")), ids=lambda path: path.name)
def test_every_state_is_reached_and_every_next_exists_in(path):
    for level in levels(definition(path.read_text())):
        reached = {level["StartAt"]}
        for state in level["States"].values():
            choices = state.get("Choices", []) + state.get("Catch", [])
            reached |= {one["Next"] for one in [*choices, state] if "Next" in one}
            reached |= {state["Default"]} if "Default" in state else set()
        assert reached == set(level["States"])
        assert all(len(name) <= 80 for name in level["States"])
