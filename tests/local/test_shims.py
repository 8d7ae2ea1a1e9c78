"""Each test fails on the day that moto no longer needs the shim it is named for, and both can go."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def unpatched():
    program = Path(__file__).with_name("unpatched_moto.py")
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(done.stdout)


def test_moto_needs_evaluate_jsonata(unpatched):
    assert unpatched["jsonata"]["status"] == "FAILED"


def test_moto_needs_quote_assigned_strings(unpatched):
    assert unpatched["assigned string"]["status"] == "FAILED"


def test_moto_needs_name_evaluation_errors(unpatched):
    assert unpatched["evaluation error"]["error"] == "States.Runtime"


def test_moto_needs_invoke_workers(unpatched):
    assert unpatched["lambda"] == {"use_docker": True}


def test_moto_needs_reach_the_server(unpatched):
    assert not unpatched["one client for all"]


def test_moto_needs_start_and_wait(unpatched):
    assert unpatched["start and wait"]["error"] == "States.Runtime"


def test_moto_needs_name_executions(unpatched):
    assert unpatched["unnamed"].endswith(":None")


def test_moto_needs_keep_error_names(unpatched):
    assert unpatched["error in an inline map"]["error"] != "States.QueryEvaluationError"


def test_moto_needs_let_too_much_data_pass(unpatched):
    assert unpatched["too much data"]["output"] == "caught"


def test_moto_needs_count_failed_children(unpatched):
    assert unpatched["all children fail"]["status"] == "SUCCEEDED"


def test_moto_needs_whole_percentages_written_as_floats(unpatched):
    assert "ToleratedFailurePercentage" in unpatched["whole percentage"]


def test_moto_needs_tell_status_changes(unpatched):
    assert unpatched["status events"] == 0


def test_moto_needs_scale_time(unpatched):
    assert unpatched["seconds of a wait of one"] >= 1
