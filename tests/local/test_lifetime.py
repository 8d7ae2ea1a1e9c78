"""Engines one after another."""

import json
import os
import threading
from pathlib import Path

import pytest

from local.engine import LocalEngine
from local.errors import LocalEngineError, UnsupportedTemplateError

TOY = Path(__file__).with_name("toy") / "template.yaml"
LOCAL = {"Environment": "local"}


def test_a_closed_engine_leaves_no_process_and_nothing_for_the_next():
    with LocalEngine(TOY, LOCAL) as first:
        pid = first.invoke("misbehave", {}).payload["pid"]
        first.client("s3").put_object(Bucket=first.bucket, Key="left", Body=b"")
        first.start_execution("day", {"words": [], "misbehaviour": ""})
        assert not first.has_ended("arn:of:an:execution:that:never:was")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with LocalEngine(TOY, LOCAL) as second:
        assert second.client("s3").list_objects_v2(Bucket=second.bucket)["KeyCount"] == 0
        assert second.invoke("echo", {"n": 1}).payload == {"n": 1}


def test_an_engine_closes_around_messages_that_nobody_has_read():
    detail = json.dumps({"word": "late", "how": "slowly"})
    with LocalEngine(TOY, LOCAL) as first:
        said = {"EventBusName": first.event_bus, "Source": "toy", "DetailType": "Word Said", "Detail": detail}
        first.client("events").put_events(Entries=[said] * 8)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("consumer")]
    with LocalEngine(TOY, LOCAL) as second:
        second.wait_for_queues(timeout=0.0)
        assert not [invocation for invocation in second.invocations if invocation.function == "read_words"]


def test_an_engine_that_cannot_start_does_not_stand_in_the_way_of_the_next(tmp_path):
    path = tmp_path / "template.yaml"
    path.write_text("Transform: AWS::Serverless-2016-10-31\nResources: {Q: {Type: 'AWS::Kinesis::Stream'}}")
    with pytest.raises(UnsupportedTemplateError):
        LocalEngine(path).start()
    with LocalEngine(TOY, LOCAL) as next_one:
        assert next_one.invoke("echo", {}).payload == {}


def test_a_closed_engine_starts_no_process_again():
    with LocalEngine(TOY, LOCAL) as engine:
        pass
    with pytest.raises(LocalEngineError, match="closed"):
        engine.invoke("echo", {})
