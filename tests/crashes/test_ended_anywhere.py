"""An execution is aborted, times out or is redriven, at every state and in the middle of it."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from rostersync.errors import LeaseLost, RosterSyncError, RunInProgress
from rostersync.steps.finish_run import FinishRequest, finish_run
from rostersync.steps.requests import parse_request
from tests.crashes.crash import is_same_end, some, without_staging
from tests.crashes.runs import RUNS
from tests.crashes.scenario import RUN, WAY, Recorded, second_day
from tests.crashes.test_dead_for_good import AFTER, Ending, fail, next_night, outcome, right, screen
from tests.crashes.world import World
from tests.steps.driver import LONGEST_FUNCTION_SECONDS, NOW, TENANT, sync
from tests.steps.guarded import NIGHT
from tests.steps.rosters import serve

LATER = NOW + NIGHT + AFTER
STATUSES = ("ABORTED", "TIMED_OUT")


def end_from_outside(world: World, status: str) -> None:
    """Tell of the execution's end as the rule on status changes does."""
    detail = {"name": RUN, "status": status, "input": f'{{"tenantId": "{TENANT}"}}'}
    finish_run(
        parse_request(FinishRequest, {"source": "aws.states", "detail": detail}),
        world.stores,
        now=NOW + NIGHT,
        longest_function_seconds=LONGEST_FUNCTION_SECONDS,
    )


def assert_all_is_well(run: Recorded, where: str, expected: Any, *, untouched: bool) -> None:
    """Hold a world whose run was ended against what is right, at once and after the next night."""
    world = run.world
    world.set_back(world.now)
    assert world.stores.leases.holder(TENANT, LATER) is None, where
    after = screen(world, LATER)
    ended = world.stores.runs.get(TENANT, RUN)
    assert ended is None or ended.finished_at, where
    if untouched:
        assert ended.outcome == "failed", where
        assert after.synced.run_id == "night-1", where
        assert after.integration.statistics == after.synced.statistics, where
    next_night(world)
    assert outcome(world) == expected, where


@pytest.mark.parametrize("status", STATUSES)
def test_ended_between_any_two_invocations(status: str) -> None:
    run, expected = RUNS["held"](), right()
    for invocation in some(run.invocations, 3):
        run.world.set_back(invocation.before)
        end_from_outside(run.world, status)
        assert_all_is_well(run, f"before {invocation.state}", expected, untouched=True)


def test_ended_in_the_middle_of_any_invocation() -> None:
    """The function goes on to its end: nobody stops it, and its state machine does not wait for it."""
    run, expected = RUNS["held"](), right()
    world = run.world
    cases = [
        (invocation, number)
        for invocation in run.invocations
        for number in range(1, len(invocation.calls) + 1)
        if invocation.calls[number - 1] not in {"Query", "get_object"}
    ]
    assert len(cases) > 100
    for invocation, number in some(cases, 9):
        world.set_back(invocation.before)
        world.journal.interrupt(number, lambda: end_from_outside(world, "ABORTED"))
        with suppress(RosterSyncError):
            invocation.step()
        where = f"{invocation.state}, at call {number}, {invocation.calls[number - 1]}"
        assert_all_is_well(run, where, expected, untouched=invocation.state != "Finish")


# -- Redriven --------------------------------------------------------------------------------------------


def redrive(run: Recorded, place: int) -> None:
    """Go on at an invocation of an execution that has failed; raises what the first step to fail raises."""
    for invocation in run.invocations[place:]:
        invocation.step()


def test_redriven_with_its_lease_it_ends_as_it_would_have() -> None:
    """The function that should have ended the run was dead too."""
    run = RUNS["held"]()
    for place, invocation in enumerate(run.invocations):
        run.world.set_back(invocation.before)
        redrive(run, place)
        assert is_same_end(run.world.now, run.end), f"from {invocation.state}"


@pytest.mark.parametrize("ended", ["failed", *STATUSES])
def test_redriven_after_its_end_it_publishes_and_sends_nothing(ended: str) -> None:
    """A run that has been ended is over, also while its lease has not run out yet."""
    run = RUNS["held"]()
    world = run.world
    # One that failed in its first call had not begun: then it begins.
    for place, invocation in list(enumerate(run.invocations))[1:]:
        where = f"from {invocation.state}"
        world.set_back(invocation.before)
        if ended == "failed":
            fail(world, Ending.of(run, place))
        else:
            end_from_outside(world, ended)
        before = without_staging(world.now)
        with suppress(LeaseLost):
            redrive(run, place)
        after = without_staging(world.now)
        assert (after.told, after.secrets) == (before.told, before.secrets), where
        assert published_items(after) == published_items(before), where
        assert world.stores.runs.get(TENANT, RUN).outcome == "failed", where
        assert world.stores.leases.holder(TENANT, LATER) is None, where


def test_redriven_while_another_run_has_the_lease_it_publishes_and_sends_nothing() -> None:
    run = RUNS["held"]()
    world = run.world
    for place, invocation in enumerate(run.invocations):
        where = f"from {invocation.state}"
        world.set_back(invocation.before)
        world.stores.leases.release(TENANT, RUN)
        world.stores.leases.acquire(TENANT, "another", NOW + NIGHT, 3_600)
        before = without_staging(world.now)
        with suppress(RosterSyncError):
            redrive(run, place)
        after = without_staging(world.now)
        assert after.told == before.told, where
        assert published_items(after) == published_items(before), where
        assert world.stores.leases.holder(TENANT, NOW + NIGHT).run_id == "another", where


def published_items(snapshot: Any) -> Any:
    """Return every item that only Publish and Deliver write."""
    not_theirs = {"integration", "lease", "run", "progress", "requests"}
    return {key: item for key, item in snapshot.items.items() if item["kind"] not in not_theirs}


def test_started_by_hand_in_the_middle_another_run_is_refused_and_takes_nothing() -> None:
    run = RUNS["held"]()
    world = run.world
    for invocation in run.invocations[1:]:
        world.set_back(invocation.before)
        before = world.now
        with pytest.raises(RunInProgress):
            sync(
                world.stores,
                world.server(serve(second_day())),
                bus=world.bus,
                now=NOW + NIGHT + timedelta(minutes=1),
                run_id="by-hand",
                way=WAY,
            )
        assert world.now == before, invocation.state
