"""Any step of a run may die before and after any single call to AWS: run again it ends as if it had not."""

import json
from functools import cache
from typing import Any

import pytest

from rostersync.roster.identity import shard_of
from rostersync.senso.bus import MAX_EVENT_BYTES
from rostersync.storage.table import BATCH
from tests.crashes.crash import die, die_on, is_same_end, is_same_step, points, result_of, seen, some
from tests.crashes.runs import RUNS
from tests.crashes.scenario import RUN, newcomers
from tests.steps.driver import TENANT


def test_the_run_that_dies_has_what_it_takes() -> None:
    run = RUNS["held"]()
    run.world.set_back(run.end)
    ended = run.world.stores.runs.get(TENANT, RUN)
    assert ended.outcome == "held"
    assert ended.changes["removed"] == {"classes": 1, "groups": 2, "owners": 1, "people": 1}, (
        "what goes beside what is held"
    )
    assert sum(one.state == "Publish" for one in run.invocations) > 2, "several tasks of several shards"
    assert {shard_of(one) for one in newcomers()} == {5}
    assert len(newcomers()) >= 2 * BATCH
    groups = [
        group
        for event in run.end.events
        if event["DetailType"] == "Groups Changed"
        for group in json.loads(event["Detail"])["groups"]
    ]
    parts = [group for group in groups if not group["removed"] and group["parts"] == 2]
    assert sorted(group["part"] for group in parts) == [1, 2]
    assert len({group["groupId"] for group in parts}) == 1
    assert sum(len(json.dumps(group, ensure_ascii=False).encode()) for group in parts) > MAX_EVENT_BYTES
    assert any(group["removed"] for group in groups)
    assert sum(len(one.calls) for one in run.invocations) > 1_000


@pytest.mark.parametrize("name", RUNS)
def test_a_step_that_died_at_any_call_and_is_tried_again_leaves_the_same(name: str) -> None:
    run = RUNS[name]()
    for place, invocation in enumerate(run.invocations):
        for number, when in some(points(invocation), 1 if name == "held" else 7):
            die(run.world, invocation, number, when)
            where = f"{invocation.state}, {when} call {number}, {invocation.calls[number - 1]}"
            assert result_of(invocation.step()) == result_of(invocation.result), where
            now = run.world.now
            assert is_same_step(now, invocation.after), where
            if now != invocation.after:
                run.go_on_after(place)
                assert is_same_end(run.world.now, run.end), where
                assert seen(run.world.now) == _seen_in_the_end(name), where


@cache
def _seen_in_the_end(name: str) -> dict[str, Any]:
    return seen(RUNS[name]().end)


def test_a_step_that_dies_again_and_again_leaves_the_same() -> None:
    """At every call in turn, from what the deaths before have left; Step Functions gives up sooner."""
    run = RUNS["held"]()
    for invocation in run.invocations:
        run.world.set_back(invocation.before)
        deaths = sum(die_on(run.world, invocation, number, when) for number, when in points(invocation))
        assert deaths
        assert result_of(invocation.step()) == result_of(invocation.result), invocation.state
        assert is_same_step(run.world.now, invocation.after), invocation.state
