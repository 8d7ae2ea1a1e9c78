"""Engines one after another."""

import json
import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from local.clock import Clock
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


def test_an_api_closes_with_its_engine_and_gives_its_port_back():
    clock = Clock()
    clock.set(datetime(2026, 9, 1, tzinfo=UTC))
    with LocalEngine(TOY, LOCAL, clock=clock, throttle=True) as first:
        url = first.api_url
        port = int(url.rpartition(":")[2])
        called = [requests.get(f"{url}/runs/7", timeout=10).status_code for _ in range(4)]
        clock.advance(timedelta(seconds=0.5))
        called += [requests.get(f"{url}/runs/7", timeout=10).status_code for _ in range(2)]
        assert called == [401, 401, 401, 429, 401, 429], (
            "three at once and two a second, as the template says"
        )
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)
    with pytest.raises(LocalEngineError, match="not running"):
        _ = first.api_url
    with LocalEngine(TOY, LOCAL) as second:
        assert second.serve_api(port) == url


def test_a_port_that_is_taken_is_said_to_be():
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        LocalEngine(TOY, LOCAL) as engine,
        pytest.raises(LocalEngineError, match="cannot be served"),
    ):
        engine.serve_api(taken.getsockname()[1])
