"""Run items and progress, on the fake table and on moto."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from rostersync import clock
from rostersync.storage import keys
from rostersync.storage.runs import Requests, RunRecord, Runs
from rostersync.storage.table import Table

STARTED = 1_772_452_800_000


@pytest.fixture(autouse=True)
def _stopped_clock() -> Iterator[None]:
    clock.set_time("2026-03-02T12:00:00+00:00")
    yield
    clock.set_time(None)


@pytest.fixture
def runs(table: Table) -> Runs:
    return Runs(table)


def record(run_id: str = "run-1", started_at: int = STARTED, tenant: str = "maple") -> RunRecord:
    return RunRecord(tenant_id=tenant, run_id=run_id, mode="changes", cause="nightly", started_at=started_at)


ENDED = replace(
    record(),
    finished_at=STARTED + 5,
    outcome="published",
    warnings=["2 enrolled teachers are shared by no people collection"],
    collections={"orgs": {"announced": None, "received": 1, "kept": 1, "setAside": 0, "duplicates": 0}},
    statistics={"teachers": 2},
    changes={"added": {"people": 3}},
    without_groups={"no members": 1},
    writes={"roster": 4, "groups": 0},
    requests=9,
)


def test_a_run_is_begun_once_and_keeps_its_beginning(runs: Runs) -> None:
    assert runs.start(record()) == record()
    assert runs.start(record(started_at=STARTED + 9)) == record()
    assert runs.get("maple", "run-1") == record()


def test_a_run_that_never_began_has_no_item(runs: Runs) -> None:
    assert runs.get("maple", "run-1") is None
    assert runs.finish(ENDED) is False
    assert runs.get("maple", "run-1") is None


def test_requests_are_counted_as_often_as_they_are_sent(runs: Runs) -> None:
    assert runs.requests("maple", "run-1").sent == 0
    assert runs.count_requests("maple", "run-1", answered=4, failed=1) == Requests(4, 1)
    assert runs.count_requests("maple", "run-1", answered=0, failed=2) == Requests(4, 3)
    assert runs.requests("maple", "run-1").sent == 7
    assert runs.requests("maple", "run-2") == Requests()
    assert runs.recent("maple", 9) == [], "a count is no run"


def test_a_run_ends_once(runs: Runs) -> None:
    runs.start(record())
    assert runs.finish(ENDED) is True
    assert runs.finish(replace(ENDED, outcome="failed")) is False
    assert runs.get("maple", "run-1") == ENDED
    assert runs.start(record()) == ENDED


def test_recent_runs_are_the_tenants_own_latest_first(runs: Runs) -> None:
    for number, run_id in enumerate(["zz", "aa", "mm"]):
        runs.start(record(run_id, STARTED + number))
    runs.start(record("other", STARTED + 9, "oak"))
    runs.put_progress("maple", "aa", 0, {"orgs": 1})
    assert [run.run_id for run in runs.recent("maple", 2)] == ["mm", "aa"]


def test_progress_adds_up_over_tasks_and_replaces_within_one(runs: Runs) -> None:
    runs.put_progress("maple", "run-1", 0, {"orgs": 1, "classes": 10})
    runs.put_progress("maple", "run-1", 0, {"orgs": 2, "classes": 20})
    runs.put_progress("maple", "run-1", 11, {"classes": 5})
    runs.put_progress("maple", "run-10", 0, {"classes": 100})
    assert runs.progress("maple", "run-1") == {"orgs": 2, "classes": 25}
    assert runs.progress("maple", "run-2") == {}


def test_runs_and_progress_expire(runs: Runs, table: Table) -> None:
    runs.start(record())
    runs.put_progress("maple", "run-1", 0, {})
    run, progress = table.get(keys.run("maple", "run-1")), table.get(keys.progress("maple", "run-1", 0))
    assert run is not None
    assert progress is not None
    assert run["expires"] == STARTED // 1000 + 400 * 86_400
    assert progress["expires"] == int(clock.now().timestamp()) + 2 * 86_400
