"""Which sync goes on: not one that never began or broke off unseen, and not one that has ended."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from rostersync.clock import milliseconds
from rostersync.errors import RunInProgress
from rostersync.roster.guard import GuardSettings
from rostersync.steps.decide_held import DecideRequest, approve_held
from rostersync.steps.going_on import NEVER_ENDED, SECONDS_TO_BEGIN, as_it_stands
from rostersync.steps.requests import parse_request
from rostersync.steps.show_integration import Screen, show_integration
from rostersync.steps.show_run import show_run, show_runs
from rostersync.steps.start_run import Started, StartRequest, start_run
from rostersync.storage.leases import Lease
from rostersync.storage.runs import RunRecord
from tests.crashes.journal import Died
from tests.crashes.world import World
from tests.steps.driver import LEASE_SECONDS, LONGEST_FUNCTION_SECONDS, NOW, TENANT, connected, sync
from tests.steps.guarded import students_of, two_schools, without_people
from tests.steps.rosters import serve

SYNC = "arn:aws:states:us-east-1:123456789012:stateMachine:sync"
RUN = RunRecord(tenant_id=TENANT, run_id="run", mode="changes", cause="portal", started_at=milliseconds(NOW))
MINUTE = timedelta(seconds=SECONDS_TO_BEGIN)
EVENING = NOW + timedelta(hours=12)


def lease(run_id: str) -> Lease:
    return Lease(run_id, milliseconds(EVENING))


@pytest.mark.parametrize(
    ("run", "held_by", "now"),
    [
        pytest.param(RUN, lease("run"), EVENING, id="it holds the lease"),
        pytest.param(RUN, None, NOW + MINUTE / 2, id="it took its lease after this was read"),
        pytest.param(replace(RUN, finished_at=1, outcome="published"), None, EVENING, id="it has ended"),
    ],
)
def test_a_run_is_what_it_says(run: RunRecord, held_by: Lease | None, now: datetime) -> None:
    assert as_it_stands(run, held_by, now) == run


@pytest.mark.parametrize("held_by", [None, lease("another")], ids=["nobody", "another run"])
def test_a_run_that_has_not_ended_and_holds_no_lease_has_failed(held_by: Lease | None) -> None:
    run = as_it_stands(RUN, held_by, NOW + MINUTE)
    assert (run.outcome, run.error, run.reason) == ("failed", "NeverEnded", NEVER_ENDED)
    assert run.finished_at == milliseconds(NOW + MINUTE)
    assert replace(run, outcome="", error="", reason="", finished_at=0) == RUN


# -- A press that died -----------------------------------------------------------------------------------


def died(press: Callable[[World], object], world: World) -> str:
    """Let a press die before the execution starts; return the run that it began."""
    world.journal.begin()
    before = world.now
    press(world)
    calls = len(world.journal.names)
    assert world.journal.names[-1] == "StartExecution"
    world.set_back(before)
    world.journal.die(calls, "before")
    with pytest.raises(Died):
        press(world)
    world.journal.begin()
    assert world.step_functions.names == []
    holder = world.stores.leases.holder(TENANT, EVENING)
    assert holder is not None
    return holder.run_id


def press(world: World, now: datetime = EVENING) -> Started:
    request = parse_request(StartRequest, {"tenantId": TENANT, "mode": "changes"})
    return start_run(request, world.stores, world.executions, SYNC, now=now, nonce=now.strftime("%M"))


def screen(world: World, now: datetime) -> Screen:
    return show_integration(TENANT, world.stores, now=now, default_time_zone="UTC")


def test_a_press_that_died_is_a_failed_run_after_a_minute() -> None:
    world = World.of(connected())
    synced = sync(world.stores, serve(two_schools()))
    run_id = died(press, world)
    soon, later = EVENING + MINUTE / 2, EVENING + MINUTE
    assert show_run(TENANT, run_id, world.stores, now=soon).phase == "planning"
    assert [run.outcome for run in show_runs(TENANT, 10, world.stores, now=soon)] == ["", "published"]
    assert screen(world, soon).status == "syncing"
    shown = show_run(TENANT, run_id, world.stores, now=later)
    assert (shown.phase, shown.run.outcome, shown.progress) == ("ended", "failed", {})
    assert show_runs(TENANT, 10, world.stores, now=later) == [shown.run, synced]
    after = screen(world, later)
    assert (after.status, after.running) == ("connected", "")
    assert (after.last, after.synced, after.changed_at) == (shown.run, synced, synced.started_at)
    assert after.integration is not None
    assert after.integration.statistics == synced.statistics


def test_the_next_press_is_another_run_and_the_first_stays_failed() -> None:
    world = World.of(connected())
    first = died(press, world)
    second = press(world, EVENING + MINUTE)
    assert not second.already
    late = EVENING + 2 * MINUTE
    outcomes = {run.run_id: run.outcome for run in show_runs(TENANT, 10, world.stores, now=late)}
    assert outcomes == {first: "failed", second.run_id: "failed"}
    world.stores.leases.acquire(TENANT, second.run_id, late, LEASE_SECONDS)
    outcomes = {run.run_id: run.outcome for run in show_runs(TENANT, 10, world.stores, now=late)}
    assert outcomes == {first: "failed", second.run_id: ""}, "its Plan has come after all"


def test_an_approval_whose_run_never_began_leaves_the_list_to_be_decided_on() -> None:
    world = World.of(connected(guard=GuardSettings()))
    left = without_people(two_schools(), students_of("hill", 30))
    sync(world.stores, serve(two_schools()))
    sync(world.stores, serve(left), now=NOW + timedelta(hours=1), run_id="held")

    def approve(world: World, now: datetime = EVENING) -> Started:
        def start(wanted: StartRequest) -> Started:
            return start_run(wanted, world.stores, world.executions, SYNC, now=now, nonce=f"{now:%M}")

        request = parse_request(DecideRequest, {"tenantId": TENANT, "runId": "held"})
        return approve_held(request, world.stores, start, now=now)

    first = died(approve, world)
    assert screen(world, EVENING + MINUTE).status == "held"
    shown = show_run(TENANT, first, world.stores, now=EVENING + MINUTE)
    assert (shown.run.outcome, shown.run.permits) == ("failed", "held")
    second = approve(world, EVENING + MINUTE)
    assert (second.already, world.step_functions.names) == (False, [second.run_id])
    run = sync(world.stores, serve(left), now=EVENING + MINUTE, run_id=second.run_id, cause="portal")
    assert (run.outcome, screen(world, EVENING + 2 * MINUTE).status) == ("published", "connected")


# -- A run that has ended while its lease runs out -------------------------------------------------------


def test_while_the_lease_of_a_run_that_has_ended_runs_out_nothing_is_syncing_and_nothing_begins() -> None:
    stores = connected()
    stores.leases.acquire(TENANT, "run", NOW, LEASE_SECONDS)
    stores.runs.start(RUN)
    before = show_integration(TENANT, stores, now=NOW, default_time_zone="UTC")
    assert (before.status, before.running) == ("syncing", "run")
    stores.runs.finish(replace(RUN, outcome="failed", finished_at=milliseconds(NOW)))
    ended = show_integration(TENANT, stores, now=NOW, default_time_zone="UTC")
    assert (ended.status, ended.running) == ("connected", "")
    stores.leases.end(TENANT, "run", NOW, LONGEST_FUNCTION_SECONDS)
    after = show_integration(TENANT, stores, now=NOW, default_time_zone="UTC")
    assert (after.status, after.running) == ("connected", "")
    world = World.of(stores)
    with pytest.raises(RunInProgress, match=r"run run .* has ended, and .* start another in 15 minutes"):
        press(world, NOW)
    assert world.step_functions.names == []
    assert not press(world, NOW + timedelta(seconds=LONGEST_FUNCTION_SECONDS)).already


def test_a_run_that_has_taken_its_lease_and_not_written_itself_down_goes_on() -> None:
    stores = connected()
    stores.leases.acquire(TENANT, "run", NOW, LEASE_SECONDS)
    shown = show_integration(TENANT, stores, now=NOW, default_time_zone="UTC")
    assert (shown.status, shown.running) == ("syncing", "run")
