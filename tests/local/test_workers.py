"""Functions in processes of their own, as Lambda would run them."""

import dataclasses
import threading
from datetime import UTC, datetime, timedelta

import pytest

from local.workers import FunctionWorkers, Nursery


def test_a_function_stays_warm(engine):
    first = engine.invoke("misbehave", {}).payload
    second = engine.invoke("misbehave", {}).payload
    assert second["pid"] == first["pid"]
    assert second["invocations"] == first["invocations"] + 1


def test_a_function_sees_its_own_environment_and_no_other(engine, monkeypatch):
    monkeypatch.setenv("OF_THE_ENGINE_ONLY", "x")
    environment = engine.invoke("misbehave", {}).payload["environment"]
    assert "OF_THE_ENGINE_ONLY" not in environment
    assert "WHERE" not in environment, "a variable of another function"
    assert {"TABLE_NAME", "BUCKET", "AWS_ENDPOINT_URL", "AWS_REGION"} <= set(environment)


def test_a_function_knows_how_long_it_may_run(engine):
    payload = engine.invoke("misbehave", {}).payload
    assert 0 < payload["milliseconds"] <= 1000


@pytest.mark.parametrize(
    ("misbehaviour", "error", "message"),
    [
        ("refuse", "InvalidInput", 'the field "tenantId" is missing'),
        ("loop", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("exit", "Runtime.ExitError", "Runtime exited"),
        ("no json", "Runtime.MarshalError", "not JSON serializable"),
        ("too much", "Function.ResponseSizeTooLarge", "exceeded maximum allowed"),
    ],
)
def test_what_goes_wrong_is_reported_as_lambda_does(engine, misbehaviour, error, message):
    invocation = engine.invoke("misbehave", {"misbehaviour": misbehaviour})
    assert invocation.payload is None
    assert invocation.error["errorType"] == error
    assert message in invocation.error["errorMessage"]
    assert engine.invoke("misbehave", {}).error is None, "the next invocation is not touched by it"


def test_a_trace_begins_in_the_function_and_not_in_the_engine(engine):
    trace = engine.invoke("misbehave", {"misbehaviour": "refuse"}).error["stackTrace"]
    assert len(trace) == 1
    assert "functions/misbehave/app.py" in trace[0]


def test_a_function_that_cannot_be_imported_says_why(engine, tmp_path):
    (tmp_path / "app.py").write_text("import nowhere_to_be_found")
    function = dataclasses.replace(engine.template.functions["echo"], directory=tmp_path)
    nursery = Nursery()
    error = FunctionWorkers(function, nursery, {}, engine.clock.as_set).invoke({}).error
    nursery.close()
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert "nowhere_to_be_found" in error["errorMessage"]


def test_what_a_function_writes_is_its_log_and_complete_when_it_returns(engine):
    for text in ("one", "two"):
        engine.invoke("misbehave", {"misbehaviour": "talk", "text": text})
        assert f"said {text}" in engine.logs["misbehave"]
    assert "said aloud" in engine.logs["misbehave"]
    assert not [line for line in engine.logs["misbehave"] if "\x00" in line]


def test_invocations_beyond_the_workers_wait_for_their_turn(engine):
    answers = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(engine.invoke("echo", {"n": n}).payload["n"]))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == list(range(8))


def test_functions_read_the_engines_clock(engine):
    time = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
    engine.clock.set(time)
    assert engine.invoke("misbehave", {}).payload["time"] == "2026-09-01T02:00:00+00:00"
    engine.clock.advance(timedelta(days=1))
    assert engine.invoke("misbehave", {}).payload["time"] == "2026-09-02T02:00:00+00:00"
    engine.clock.set(None)
    assert engine.invoke("misbehave", {}).payload["time"] > "2026-09-02T02:00:00+00:00"


def test_a_clock_is_not_set_to_a_time_without_an_offset(engine):
    with pytest.raises(ValueError, match="offset"):
        engine.clock.set(datetime(2026, 9, 1))  # noqa: DTZ001 - the very thing


def test_every_invocation_is_kept_with_its_time_and_memory(engine):
    engine.invoke("echo", {})
    last = engine.invocations[-1]
    assert last.function == "echo"
    assert last.seconds >= 0
    assert last.peak_memory > 1024 * 1024
