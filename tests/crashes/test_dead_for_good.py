"""A step that is dead for good fails its run: what was on the screen stays, the next night repairs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from rostersync.steps.finish_run import FinishRequest, finish_run
from rostersync.steps.requests import parse_request
from rostersync.steps.show_held import show_held
from rostersync.steps.show_integration import Screen, show_integration
from tests.crashes.crash import die, points, seen
from tests.crashes.runs import RUNS
from tests.crashes.scenario import RUN, WAY, Invocation, Recorded, second_day
from tests.crashes.world import Snapshot, World
from tests.steps.driver import LONGEST_FUNCTION_SECONDS, NOW, TENANT, sync
from tests.steps.guarded import NIGHT
from tests.steps.published import published
from tests.steps.rosters import serve

AFTER = timedelta(seconds=LONGEST_FUNCTION_SECONDS + 1)
"""When no function of a run that failed can be at work any more."""


@dataclass(frozen=True)
class Ending:
    """Where the run was when it ended, as the state machine knows it."""

    holding: bool
    publishing: bool

    @classmethod
    def of(cls, run: Recorded, place: int) -> "Ending":
        """Return what the state machine's variables are during an invocation."""
        states = [one.state for one in run.invocations[: place + 1]]
        return cls("Review" in states and run.invocations[place].state != "Review", "Publish" in states)


def deaths() -> Iterator[tuple[Recorded, int, Invocation, Snapshot, str]]:
    """Yield what every death in the run leaves, once each."""
    run = RUNS["held"]()
    for place, invocation in enumerate(run.invocations):
        known: list[tuple[Any, Any]] = []
        for number, when in points(invocation):
            left = die(run.world, invocation, number, when)
            key = (left.table, left.events)
            if key not in known:
                known.append(key)
                yield run, place, invocation, left, f"{invocation.state}, {when} call {number}"


def fail(world: World, ending: Ending) -> None:
    """End the run as the Catch does of a function that is not there any more."""
    event = {
        "tenantId": TENANT,
        "runId": RUN,
        "pull": 1,
        "holding": ending.holding,
        "publishing": ending.publishing,
        "error": {"Error": "Lambda.Unknown", "Cause": "{}"},
    }
    finish_run(
        parse_request(FinishRequest, event),
        world.stores,
        now=NOW + NIGHT,
        longest_function_seconds=LONGEST_FUNCTION_SECONDS,
    )


def screen(world: World, now: Any) -> Screen:
    """Return the status screen."""
    return show_integration(TENANT, world.stores, now=now, default_time_zone="UTC")


def next_night(world: World) -> None:
    """Run the night after."""
    sync(
        world.stores,
        world.server(serve(second_day())),
        bus=world.bus,
        now=NOW + 2 * NIGHT,
        run_id="night-3",
        way=WAY,
    )


def what_is_held(world: World) -> Any:
    """Return what would go if somebody approved, as it is shown.

    Not of how many: of what had gone by itself before the list was made it is not said that it was there.
    """
    run_id = world.stores.integrations.require(TENANT).undecided(int((NOW + 2 * NIGHT).timestamp() * 1000))
    shown = show_held(TENANT, run_id, world.stores, now=NOW + 2 * NIGHT)
    assert shown.state == "undecided"
    going = {
        school: {kind: lost for kind, (lost, _) in shares.items()}
        for school, shares in shown.summary.shares.items()
    }
    return going, shown.summary.largest, shown.summary.students_still_seen, shown.schools


@cache
def right() -> tuple[Any, ...]:
    """Return what is right after the next night."""
    run = RUNS["held"]()
    run.world.set_back(run.end)
    next_night(run.world)
    return outcome(run.world)


def outcome(world: World) -> tuple[Any, ...]:
    """Return what is published, held, seen in Senso, and remembered of who has gone."""
    kinds = {"gone", "formerOwner"}
    remembered = {key for key, item in world.table.items.items() if item["kind"] in kinds}
    assert remembered
    return published(world.table), what_is_held(world), seen(world.now), remembered


def test_a_run_whose_step_stays_dead_fails_and_the_next_night_repairs() -> None:
    expected = right()
    count = 0
    for run, place, invocation, left, where in deaths():
        count += 1
        world = run.world
        world.set_back(run.invocations[0].before)
        before = screen(world, NOW + NIGHT)
        world.set_back(left)
        fail(world, Ending.of(run, place))
        world.set_back(world.now)
        lease = world.stores.leases.holder(TENANT, NOW + NIGHT + AFTER)
        assert lease is None, where
        after = screen(world, NOW + NIGHT + AFTER)
        if invocation.state != "Finish":
            assert after.synced == before.synced, where
            assert after.integration.statistics == before.integration.statistics, where
        history = world.stores.runs.recent(TENANT, 10)
        assert "night-1" in {one.run_id for one in history}, where
        assert all(one.finished_at for one in history), where
        next_night(world)
        assert outcome(world) == expected, where
    assert count > 40
