"""``python -m local`` as it is typed."""

import argparse
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from local import sync
from local.engine import TEMPLATE
from local.sync import as_json
from local.template import load_template
from rostersync.roster.records import COLLECTIONS
from simulator.district import District
from simulator.oracle import Oracle
from simulator.server import SimulatedServer

ROOT = Path(__file__).parents[2]


def local(*arguments, **environment):
    """Run a command of ``python -m local`` with nothing in its environment but what is given."""
    return subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def server():
    # The command runs on the machine's own clock.
    with SimulatedServer(District.generate(students=60, seed=4, today=datetime.now(UTC).date())) as server:
        yield server


def where_tenants_are():
    """Return the date of tenants who have chosen no time zone."""
    return datetime.now(ZoneInfo(str(load_template(TEMPLATE, {}).parameters["DefaultTimeZone"]))).date()


def test_sync_prints_one_object_and_nothing_else(server):
    # Midnight may come in between.
    days = [where_tenants_are()]
    ended = local(
        "sync",
        "--server-url",
        server.url,
        "--json",
        ROSTER_CLIENT_ID=server.client_id,
        ROSTER_CLIENT_SECRET=server.client_secret,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    printed = json.loads(ended.stdout)
    assert list(printed) == ["outcome", "reason", "collections", "statistics", "writes", "requests"]
    assert printed["outcome"] == "published"
    oracle = Oracle(server.district.tables)
    assert printed["collections"] == oracle.collections()
    days.append(where_tenants_are())
    assert printed["statistics"] in [oracle.statistics(day) for day in days]
    assert all(printed["writes"].values())
    assert server.served.requests >= printed["requests"] > 0


def test_sync_ends_with_2_and_the_reason_on_standard_error_when_credentials_are_wrong(server):
    ended = local(
        "sync", "--server-url", server.url, "--client-id", "demo-client", "--client-secret", "wrong", "--json"
    )
    assert ended.returncode == 2
    assert "does not accept these credentials" in ended.stderr
    printed = json.loads(ended.stdout)
    assert printed["outcome"] == "failed"
    assert "does not accept these credentials" in printed["reason"]
    assert set(printed["collections"]) == set(COLLECTIONS)


def test_sync_refuses_http_to_another_machine():
    ended = local("sync", "--server-url", "http://roster.example", "--client-id", "a", "--client-secret", "b")
    assert ended.returncode == 2
    assert "only https:// is safe" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_run_that_never_began_is_printed_with_every_field():
    printed = as_json("failed", "why", None)
    assert printed["collections"]["orgs"] == {
        "announced": None,
        "received": 0,
        "kept": 0,
        "setAside": 0,
        "duplicates": 0,
    }
    assert printed["statistics"] == dict.fromkeys(
        ("teachers", "students", "classes", "groups", "memberships"), 0
    )


@pytest.mark.parametrize(
    ("outcome", "status"), [("published", 0), ("unchanged", 0), ("previewed", 0), ("failed", 2), ("held", 3)]
)
def test_the_exit_status_says_how_the_run_ended(outcome, status, capsys):
    assert sync.end(argparse.Namespace(json=True), outcome, "why", None) == status
    printed = capsys.readouterr()
    assert json.loads(printed.out)["outcome"] == outcome
    assert printed.err == (f"{outcome}: why\n" if status else "")


def test_an_interrupted_sync_ends_without_a_traceback_and_leaves_no_process(server):
    started = subprocess.Popen(
        [sys.executable, "-m", "local", "sync", "--server-url", server.url],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "ROSTER_CLIENT_ID": server.client_id,
            "ROSTER_CLIENT_SECRET": server.client_secret,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever starts the tests in the background of a shell ignores it, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    # It names the district when it has connected, and then runs for seconds.
    assert started.stdout.readline().strip()
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=60)
    assert (started.returncode, errors.strip()) == (130, "interrupted; nothing of it is kept")


def test_the_demo_ends_well():
    ended = local("demo")
    assert ended.returncode == 0, ended.stderr
    assert "Everything is as the oracle says." in ended.stdout
    assert "otter-valley: failed, the Roster Server answered" in ended.stdout
