"""A step that runs twice at once, one in the middle of the other at any call, leaves what it leaves once."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from rostersync.errors import RetryableError, RosterSyncError
from tests.crashes.crash import is_same_end, result_of, seen, some, without_staging
from tests.crashes.runs import RUNS
from tests.crashes.scenario import Invocation
from tests.crashes.world import Snapshot, World
from tests.steps.driver import NOW, TENANT
from tests.steps.guarded import NIGHT
from tests.steps.published import Published, published


def tried_again(step: Callable[[], Any]) -> Any:
    """Run a step as its state's Retry does."""
    try:
        return step()
    except RetryableError:
        return step()


def twice(world: World, invocation: Invocation, number: int, meanwhile: Callable[[], Any]) -> None:
    """Run a step up to a call, then something else, then the rest of the step."""
    world.set_back(invocation.before)
    world.journal.interrupt(number, meanwhile)
    try:
        invocation.step()
    finally:
        world.journal.begin()


@pytest.mark.parametrize("name", RUNS)
def test_a_second_one_that_runs_in_the_middle_of_the_first(name: str) -> None:
    run = RUNS[name]()
    for place, invocation in enumerate(run.invocations):
        for number in some(range(1, len(invocation.calls) + 1), 1 if name == "held" else 7):
            where = f"{invocation.state}, at call {number}, {invocation.calls[number - 1]}"
            results: list[Any] = []

            def meanwhile(step: Any = invocation.step, results: list[Any] = results) -> None:
                results.append(tried_again(step))

            try:
                twice(run.world, invocation, number, meanwhile)
            except RetryableError:
                invocation.step()
            assert result_of(results[0]) == result_of(invocation.result), where
            now = run.world.now
            assert is_same_end(now, invocation.after), where
            if now != invocation.after:
                run.go_on_after(place)
                assert is_same_end(run.world.now, run.end), where


@pytest.mark.parametrize("name", RUNS)
def test_one_that_goes_on_when_its_run_has_long_ended(name: str) -> None:
    """A function that nobody waits for any more; who waited was answered by another invocation of it."""
    run = RUNS[name]()
    in_senso = seen(run.end)
    for place, invocation in enumerate(run.invocations):
        for number in some(range(1, len(invocation.calls) + 1), 29):
            where = f"{invocation.state}, at call {number}, {invocation.calls[number - 1]}"

            def the_rest(place: int = place, step: Any = invocation.step) -> None:
                tried_again(step)
                run.go_on_after(place)

            with suppress(RosterSyncError):
                twice(run.world, invocation, number, the_rest)
            now = run.world.now
            assert is_same_end(without_staging(now), without_staging(run.end)), where
            if len(now.events) != len(run.end.events):
                assert seen(now) == in_senso, where


def test_one_that_goes_on_in_the_middle_of_a_later_state() -> None:
    """Paused before its first call or before it writes, it goes on when its run is at any later state."""
    run = RUNS["held"]()
    right, in_senso = published_in(run.end), seen(run.end)
    begins = [
        place
        for place, invocation in enumerate(run.invocations)
        if place == 0 or run.invocations[place - 1].state != invocation.state
    ]
    cases = [
        (place, number, later)
        for place in begins
        for number in sorted({1, first_write(run.invocations[place])})
        for later in range(place + 1, len(run.invocations))
    ]
    for place, number, later in some(cases, 13):
        invocation = run.invocations[place]

        def until_later(place: int = place, later: int = later) -> None:
            for one in run.invocations[place:later]:
                tried_again(one.step)

        with suppress(RosterSyncError):
            twice(run.world, invocation, number, until_later)
        for one in run.invocations[later:]:
            tried_again(one.step)
        now = run.world.now
        where = (
            f"{invocation.state} at call {number}, goes on before {run.invocations[later].state} ({later})"
        )
        assert published_in(now) == right, where
        assert seen(now) == in_senso, where
        assert run.world.stores.leases.holder(TENANT, NOW + NIGHT) is None, where


def first_write(invocation: Invocation) -> int:
    """Return the number of the first call that changes anything, of the last one if none does."""
    reads = {"GetItem", "Query", "GetSecretValue", "get_object"}
    writes = [number for number, name in enumerate(invocation.calls, 1) if name not in reads]
    return writes[0] if writes else len(invocation.calls)


def published_in(snapshot: Snapshot) -> Published:
    """Return what is published."""
    world = World()
    world.set_back(snapshot)
    return published(world.table)
