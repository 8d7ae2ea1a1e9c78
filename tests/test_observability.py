"""The gate through which errors leave a function."""

import gc
import io
import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from rostersync.errors import InvalidInput, LeaseLost, UnexpectedError
from rostersync.metrics import count_outcome
from rostersync.observability import Handler, logger, step
from rostersync.queueing import queue
from rostersync.steps.requests import RunRequest

EVENT = {"tenantId": "springfield", "runId": "run"}


class Context:
    """What Lambda tells a handler, as far as it is read."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = "plan_pull"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:plan_pull"


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is written to the log."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


def handler(result: Any = None, *, error: BaseException | None = None) -> Handler:
    """Return a handler that returns or raises."""

    @step(RunRequest)
    def run(request: RunRequest, _: Any) -> Any:
        assert request.tenant_id == "springfield"
        if error is not None:
            raise error
        return result

    return run


def call(run: Handler, event: Any = EVENT) -> Any:
    """Invoke a handler as Lambda does."""
    return run(event, Context())  # type: ignore[arg-type]  # as much of a context as is read


def test_cycles_are_looked_for_seldom_while_a_step_runs() -> None:
    usual = gc.get_threshold()
    try:
        gc.set_threshold(700, 10, 10)
        call(handler())
        assert gc.isenabled()
        assert gc.get_threshold()[0] >= 10_000
    finally:
        gc.set_threshold(*usual)


def test_a_result_is_handed_on() -> None:
    assert call(handler({"done": True})) == {"done": True}


@pytest.mark.parametrize(
    "error",
    [
        ValueError("Jane Invented"),
        KeyError("jane@hill.example"),
        UnicodeDecodeError("utf-8", b"Jane", 0, 1, "Jane"),
        OSError(2, "Jane", "Jane.txt"),
        RecursionError("Jane"),
    ],
)
def test_any_other_exception_leaves_as_its_type_and_place_only(error: Exception, logged: io.StringIO) -> None:
    with pytest.raises(UnexpectedError) as caught:
        call(handler(error=error))
    assert str(caught.value).startswith(f"{type(error).__name__} at ")
    assert "jane" not in str(caught.value).lower()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "unexpected error" in logged.getvalue()
    assert "jane" not in logged.getvalue().lower()


def test_an_error_whose_text_is_ours_leaves_as_it_is() -> None:
    with pytest.raises(LeaseLost, match=r"^run a does not hold the lease$"):
        call(handler(error=LeaseLost("run a does not hold the lease")))


def test_a_bad_input_is_refused_before_anything_runs() -> None:
    ran: list[str] = []

    @step(RunRequest)
    def run(request: RunRequest, _: Any) -> None:
        ran.append(request.run_id)

    with pytest.raises(InvalidInput, match="tenantId"):
        call(run, {"runId": "run"})
    assert not ran


def test_a_log_line_names_tenant_and_run(logged: io.StringIO) -> None:
    call(handler())
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [(line["tenantId"], line["runId"]) for line in lines if line["message"] == "done"] == [
        ("springfield", "run")
    ]


def test_metrics_have_no_tenant(capsys: pytest.CaptureFixture[str]) -> None:
    count_outcome("published", {"RosterItemsWritten": 3})
    (metrics,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert metrics["RunsPublished"] == [1.0]
    assert metrics["RosterItemsWritten"] == [3.0]
    (cloudwatch,) = metrics["_aws"]["CloudWatchMetrics"]
    assert cloudwatch["Dimensions"] == [["service"]]


# -- A queue's messages ----------------------------------------------------------------------------------

PERSON = "Jane Invented <jane@hill.example>"


def batch(*bodies: str) -> dict[str, Any]:
    """Return a batch of messages as Lambda gets it from SQS."""
    records = [
        {"messageId": f"m{number}", "body": body, "eventSource": "aws:sqs"}
        for number, body in enumerate(bodies, start=1)
    ]
    return {"Records": records}


def take_in(record: SQSRecord) -> None:
    """Fail as the body says."""
    if record.body == "refuse":
        raise InvalidInput("the input is not valid (email: Field required)")
    if PERSON in record.body:
        raise KeyError(PERSON)


def test_only_the_messages_that_failed_come_again(logged: io.StringIO) -> None:
    answer = call(queue(take_in), batch("good", "refuse", f"about {PERSON}", "good"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m2"}, {"itemIdentifier": "m3"}]}
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [(line["message_id"], line["message"]) for line in lines] == [
        ("m1", "done"),
        ("m2", "refused"),
        ("m3", "unexpected error"),
        ("m4", "done"),
    ]
    assert lines[1]["reason"] == "the input is not valid (email: Field required)"
    assert "Jane" not in logged.getvalue()


def test_a_batch_that_failed_whole_is_no_error_of_the_function() -> None:
    answer = call(queue(take_in), batch("refuse", "refuse"))
    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == ["m1", "m2"]
