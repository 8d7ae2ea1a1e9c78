"""What the documents name exists, and what exists is named."""

import re
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from rostersync import errors
from rostersync.roster.reasons import CLASS_REASONS
from rostersync.steps.plan_pull import PlanRequest
from rostersync.storage.runs import RunRecord

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
OPERATIONS = (ROOT / "docs/operations.md").read_text()
API = (ROOT / "docs/api.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_and_file_that_is_named_exists(path):
    text = path.read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z]+)`", text):
        assert f"\n{target}:" in makefile, target
    for name in re.findall(r"`((?:steps|storage|roster|oneroster)/\w+\.py)`", text):
        assert (ROOT / "layers/rostersync/rostersync" / name).exists(), name
    for name in re.findall(r"`((?:local|statemachines|simulator|events)/[\w./]+)`", text):
        assert (ROOT / name).exists(), name


def test_the_readme_has_fewer_than_200_lines():
    assert len((ROOT / "README.md").read_text().splitlines()) < 200


def test_the_readmes_layout_names_every_folder_there_is():
    layout = (ROOT / "README.md").read_text().split("## Layout")[1].split("```")[1]
    named = {
        line.split("/")[0].split()[0] for line in layout.splitlines() if line and not line.startswith(" ")
    }
    hidden_or_made = {"build", "dist"}
    folders = {
        path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    }
    assert folders - hidden_or_made <= named


def test_every_parameter_is_described_and_no_other():
    parameters = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    table = OPERATIONS.split("## Deploying")[1].split("## ")[0]
    described = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert described == set(parameters)


def test_every_error_is_explained_and_no_other():
    table = OPERATIONS.split("## Reading a failure")[1].split("## ")[0]
    explained = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    vocabulary = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert explained == vocabulary - {"RosterSyncError", "RetryableError", "PermanentError"}


def test_every_function_has_its_row_in_the_architecture():
    for path in (ROOT / "functions").glob("*/app.py"):
        assert f"`{path.parent.name}`" in ARCHITECTURE


def test_every_reason_and_every_field_of_a_run_is_described():
    for reason in CLASS_REASONS:
        assert reason in API
    told_elsewhere = {"tenant_id", "run_id", "mode", "cause", "actor", "started_at", "finished_at"}
    for name in set(RunRecord.__struct_fields__) - told_elsewhere:
        assert f"`{name}`" in API, name


def test_every_field_of_syncs_input_is_described():
    given_by_the_state_machine = {"runId", "pull"}
    for name in set(PlanRequest.__struct_encode_fields__) - given_by_the_state_machine:
        assert f"`{name}`" in API, name


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text()
    for path in folder.glob("0*.md"):
        assert f"]({path.name})" in index, path.name


def test_every_test_that_the_reliability_tables_name_exists():
    text = (ROOT / "docs/reliability.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert named
    for path, test in named:
        assert f"def {test}(" in (ROOT / path).read_text(), test
