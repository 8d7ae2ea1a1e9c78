"""A server in another process: what it prints, how it is steered, how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator.district import District
from simulator.oracle import Oracle
from simulator.server import SimulatedServer
from tests.simulator.client import V1P1, get, page

ROOT = Path(__file__).parents[2]


def control(server: SimulatedServer, name: str, method: str = "GET", **request: Any) -> requests.Response:
    return requests.request(method, f"{server.url}/_simulator/{name}", timeout=10, **request)


def test_a_day_can_be_taken_forward(server: SimulatedServer) -> None:
    answer = control(server, "advance", "POST").json()
    assert answer["today"] == "2026-10-02"
    assert answer["happened"]["joined"] == 1
    assert control(server, "advance?rollover=1", "POST").json()["today"] == "2026-12-01"


def test_the_oracle_can_be_asked_about_a_date(server: SimulatedServer, district: District) -> None:
    answer = control(server, "oracle?today=2026-10-01").json()
    right = Oracle(district.tables)
    assert answer["statistics"] == right.statistics(district.today)
    assert answer["collections"] == right.collections()
    assert answer["without"] == right.without(district.today)
    assert len(answer["groups"]) == answer["statistics"]["groups"]
    assert sum(len(group["members"]) for group in answer["groups"]) == answer["statistics"]["memberships"]
    assert control(server, "oracle").json() == answer
    assert control(server, "oracle?today=2029-10-01").json()["groups"] == []
    assert control(server, "oracle?today=soon").status_code == 400


def test_faults_can_be_switched(server: SimulatedServer) -> None:
    faults = [{"kind": "status", "value": 503, "times": 1}]
    assert control(server, "faults", "PUT", json=faults).json()["faults"][0]["kind"] == "status"
    assert page(server, "orgs").status_code == 503
    assert control(server, "faults").json()["fired"] == {"status 503": 1}
    assert control(server, "faults", "PUT", json=[]).json()["faults"] == []


@pytest.mark.parametrize(
    "body",
    ['{"kind": "busy"}', '[{"kind": "none"}]', '[{"value": 1}]', "[1]", "x", '[{"kind":"busy","every":"x"}]'],
)
def test_faults_that_cannot_be_read_are_refused(server: SimulatedServer, body: str) -> None:
    answer = control(server, "faults", "PUT", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_what_was_served_can_be_asked_and_forgotten(server: SimulatedServer) -> None:
    page(server, "orgs")
    assert control(server, "served").json()["requests"] == 1
    assert control(server, "served", "DELETE").json()["requests"] == 0


def test_the_secret_can_be_changed(server: SimulatedServer) -> None:
    old = server.client_secret
    new = control(server, "secret", "POST").json()["clientSecret"]
    assert get(server, f"{V1P1}/orgs", secret=old).status_code == 401
    assert get(server, f"{V1P1}/orgs", secret=new).status_code == 200
    assert (
        control(server, "secret", "POST", json={"clientSecret": "chosen"}).json()["clientSecret"] == "chosen"
    )


def test_the_district_says_what_it_is(server: SimulatedServer, district: District) -> None:
    assert control(server, "district").json() == {
        "name": district.name,
        "domain": district.domain,
        "today": "2026-10-01",
        "dirt": {},
    }


def test_latency_is_waited_for_each_request_and_record(district: District) -> None:
    with SimulatedServer(district, latency_ms=20, latency_us_per_record=1000) as server:
        assert page(server, "students", limit=60).elapsed.total_seconds() >= 0.08


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "simulator", *arguments]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.kill()
        running.communicate(timeout=10)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_process_prints_where_it_is_and_ends_cleanly(ending: signal.Signals) -> None:
    with process("--students", "20", "--today", "2026-10-01", "--fault", "status:503,times=1") as running:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(6)]
        address = lines[1].split()[1]
        assert lines[2].split()[-1] == "demo-client"
        assert lines[3].split()[-1] == "demo-client-secret"
        served = requests.get(f"{address}/_simulator/served", timeout=10).json()
        assert served["requests"] == 0
        assert requests.get(f"{address}{V1P1}/orgs", timeout=10).status_code == 503
        assert requests.get(f"{address}{V1P1}/orgs", timeout=10).status_code == 401
        running.send_signal(ending)
        assert running.wait(timeout=10) == 0
        assert running.stderr is not None
        assert running.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--fault", "nothing"], "there is no fault"),
        (["--csv", "/nowhere"], "neither users.csv"),
        (["--dirt", "2"], "--dirt"),
        (["--students", "-1"], "--students"),
        (["--today", "soon"], "--today"),
    ],
)
def test_a_process_says_what_it_cannot_read(arguments: list[str], word: str) -> None:
    with process(*arguments) as running:
        _, error = running.communicate(timeout=20)
    assert running.returncode == 2
    assert word in error
    assert "Traceback" not in error
