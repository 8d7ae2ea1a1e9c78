"""The guard over any two rosters: what is held stays, decided it goes, and dying anywhere changes nothing."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rostersync.errors import LeaseLost, StorageUnavailable
from rostersync.roster.guard import GuardSettings
from rostersync.steps.keeping import held_of
from rostersync.storage import items, staged
from tests.steps.driver import NOW, TENANT, Way, connected, sync
from tests.steps.guarded import (
    NIGHT,
    Guarded,
    students_of,
    two_schools,
    without,
    without_classes,
    without_people,
)
from tests.steps.published import kept_items, published
from tests.steps.rosters import Roster, dirty_rosters, enrolled, rosters, serve, student

STRICT = GuardSettings(
    district_count=0, memberships_count=0, school_count=0, new_percent=100, identity_percent=100
)
"""Of three people one is too much; nothing is stopped altogether."""

DECISIONS = 4


@settings(max_examples=25)
@given(dirty_rosters(), dirty_rosters(), st.sampled_from([STRICT, GuardSettings()]))
def test_approved_to_the_end_it_is_as_if_there_had_been_no_guard(
    first: Roster, second: Roster, guard: GuardSettings
) -> None:
    guarded = Guarded(guard)
    guarded.night(first)
    run = guarded.night(second)
    for _ in range(DECISIONS):
        if run.outcome != "held":
            break
        run = guarded.approve(guarded.undecided, second)
    assert run.outcome in {"published", "unchanged"}
    assert guarded.undecided == ""
    unguarded = connected()
    sync(unguarded, serve(first))
    sync(unguarded, serve(second), now=NOW + NIGHT)
    assert guarded.published == published(unguarded.table)


@settings(max_examples=25)
@given(rosters(), rosters())
def test_what_is_held_stays_night_after_night(first: Roster, second: Roster) -> None:
    guarded = Guarded(STRICT)
    guarded.night(first)
    before = guarded.members()
    run = guarded.night(second)
    if run.outcome != "held":
        return
    if run.stopped:
        assert guarded.members() == before
        return
    held = held_of(guarded.stores.staging.open_pack(staged.held(TENANT, run.run_id)))
    assert {person.sourced_id for person in held.people} <= guarded.published.people().keys()
    assert {class_id for class_id, _ in held.classes} <= guarded.published.classes().keys()
    stored = [items.group_of(item) for item in guarded.stores.table.items.values() if item["kind"] == "group"]
    members = {
        group.group_id: {one.sourced_id for one in group.members} for group in stored if not group.removed
    }
    for group in held.groups:
        assert set(group.members) <= members[group.group_id]
    kept = kept_items(guarded.stores.table)
    again = guarded.night(second)
    assert again.outcome == "unchanged"
    assert kept_items(guarded.stores.table) == kept


# -- Dying -----------------------------------------------------------------------------------------------


ROWS_LEFT = without(two_schools(), "enrollments", lambda row: row.user_id.startswith("hill-s"))
STUDENTS_LEFT = without(
    two_schools(),
    "students",
    lambda row: row.sourced_id in {*students_of("hill", 30), *students_of("dale", 30)},
)


@settings(max_examples=40)
@given(st.sampled_from([ROWS_LEFT, STUDENTS_LEFT]), st.integers(1, 250), st.integers(0, 99))
@example(ROWS_LEFT, 127, 2)
@example(STUDENTS_LEFT, 99, 2)
def test_of_what_a_first_sync_left_that_died_for_good_one_approval_is_enough(
    left: Roster, number: int, order: int
) -> None:
    guarded = Guarded()

    def dying(state: str) -> None:
        guarded.stores.table.fail_at_write(number if state == "Publish" else 0, LeaseLost("gone"))

    guarded.night(two_schools(), before=dying, way=Way(order=Random(order), shards=1))
    run = guarded.night(left)
    if run.outcome == "held":
        run = guarded.approve(run.run_id, left)
    assert run.outcome in {"published", "unchanged"}
    unguarded = connected()
    sync(unguarded, serve(left))
    assert guarded.published == published(unguarded.table)


def half_a_school() -> Roster:
    """Return the two schools without half of one school's students and a class, and with a new student."""
    roster = without_people(without_classes(two_schools(), ["dale-c0"]), students_of("hill", 30))
    roster["students"].append(student("new", orgs=("hill",)))
    roster["enrollments"].append(enrolled("hill-c0", "new"))
    return roster


def after(roster: Roster, before: Callable[[Guarded, str], None] = lambda *_: None, **how: object) -> Guarded:
    """Return a tenant after its first sync and a night on which something happens in each state."""
    guarded = Guarded()
    guarded.night(two_schools())
    run = guarded.night(roster, before=lambda state: before(guarded, state), **how)
    assert run.outcome == "held"
    return guarded


def everything(guarded: Guarded) -> object:
    """Return all that a run leaves that anybody can see later."""
    kept = {
        key: body for key, body in guarded.stores.staging.s3.objects.items() if not key.startswith("staging/")
    }
    return kept_items(guarded.stores.table), kept, guarded.undecided, guarded.shown(guarded.undecided)


def test_every_step_run_twice_gives_the_same() -> None:
    assert everything(after(half_a_school(), way=Way(twice=True))) == everything(after(half_a_school()))


@settings(max_examples=10)
@given(st.builds(Random, st.integers(0, 99)), st.sampled_from([1, 3, 16]))
def test_the_order_of_tasks_does_not_matter(order: Random, shards: int) -> None:
    way = Way(order=order, shards=shards, page_size=50)
    assert everything(after(half_a_school(), way=way)) == everything(after(half_a_school()))


@pytest.mark.parametrize("state", ["People", "Review", "Finish"])
@pytest.mark.parametrize("number", [1, 2, 3, 5, 8, 13, 21, 34, 55])
def test_a_step_that_dies_at_a_call_of_s3_is_tried_again(state: str, number: int) -> None:
    def dying(guarded: Guarded, entered: str) -> None:
        if entered == state:
            guarded.stores.staging.fail_at_call(number, StorageUnavailable("busy"))

    assert everything(after(half_a_school(), dying)) == everything(after(half_a_school()))


@pytest.mark.parametrize("number", range(1, 9))
def test_finishing_that_dies_at_a_write_is_tried_again(number: int) -> None:
    def dying(guarded: Guarded, entered: str) -> None:
        if entered == "Finish":
            guarded.stores.table.fail_at_write(number, StorageUnavailable("busy"))

    assert everything(after(half_a_school(), dying)) == everything(after(half_a_school()))


@pytest.mark.parametrize("number", range(1, 7))
def test_a_held_run_that_dies_while_it_publishes_is_mended_by_the_next(number: int) -> None:
    guarded = Guarded()
    guarded.night(two_schools())
    before = guarded.members()

    def dying(state: str) -> None:
        if state == "Publish":
            guarded.stores.table.fail_at_write(number, LeaseLost("gone"))
        elif state == "Finish":
            guarded.stores.table.fail_at_write(10**9)

    run = guarded.night(half_a_school(), before=dying)
    assert (run.outcome, guarded.undecided) == ("failed", "")
    run = guarded.night(half_a_school())
    assert (run.outcome, guarded.undecided) == ("held", run.run_id)
    for key, members in before.items():
        if key[1] != "dale-c0":
            assert members <= guarded.members()[key]
