"""One bad record is set aside and is not absent; every row received is accounted for."""

from datetime import timedelta
from typing import TypeAlias

from hypothesis import given, settings

from rostersync.roster.records import Person, Record, SetAside
from rostersync.storage import items, keys
from tests.steps.driver import NOW, TENANT, FakeStores, connected, sync
from tests.steps.published import Published, published
from tests.steps.rosters import (
    Roster,
    aside,
    dirty_rosters,
    enrolled,
    section,
    serve,
    small_roster,
    student,
    teacher,
)

DAY = timedelta(days=1)
Rows: TypeAlias = list[Record | SetAside]


def synced(first: Roster, **changes: Rows) -> tuple[FakeStores, Published, Published]:
    """Sync a roster and then the same with some collections changed; return before and after."""
    stores = connected()
    sync(stores, serve(first))
    before = published(stores.table)
    sync(stores, serve(first, **changes), now=NOW + DAY)
    return stores, before, published(stores.table)


def without(roster: Roster, collection: str, sourced_id: str, *instead: Record | SetAside) -> Rows:
    """Return a collection's rows without one, and with others."""
    return [*(row for row in roster[collection] if row.sourced_id != sourced_id), *instead]


def test_a_stored_record_stays_while_its_row_is_set_aside() -> None:
    roster = small_roster()
    for collection, one in {
        "orgs": "hill",
        "academicSessions": "year",
        "courses": "arts",
        "classes": "c1",
        "teachers": "t1",
        "students": "s1",
        "enrollments": "c1/s2",
    }.items():
        _, before, after = synced(roster, **{collection: without(roster, collection, one, aside(one))})
        assert after == before, collection


def test_a_guardian_does_not_stay() -> None:
    roster = small_roster()
    _, _, after = synced(roster, students=without(roster, "students", "s1", aside("s1", "guardian")))
    assert "s1" not in after.people()
    assert [member.sourced_id for member in after.groups["t1@hill.example", "c1"][1]] == ["s2"]


def test_a_row_without_an_id_keeps_nobody() -> None:
    roster = small_roster()
    _, _, after = synced(roster, students=without(roster, "students", "s1", aside("", "is missing")))
    assert "s1" not in after.people()


def test_who_is_set_aside_in_one_of_two_collections_stays_in_both() -> None:
    roster = small_roster()
    roster["students"].append(teacher("t1", "other@hill.example"))
    for collection in ("teachers", "students"):
        _, before, after = synced(roster, **{collection: without(roster, collection, "t1", aside("t1"))})
        assert before.people()["t1"].collections == ("students", "teachers")
        assert after.people()["t1"].collections == ("students", "teachers")


def test_an_enrollment_set_aside_in_one_row_and_moved_in_another_is_in_one_class() -> None:
    roster = small_roster()
    moved = enrolled("c2", "s1", sourced_id="c1/s1")
    rows = without(roster, "enrollments", "c1/s1", aside("c1/s1"), moved)
    _, _, after = synced(roster, enrollments=rows)
    holding = [one for one, item in after.classes().items() if "c1/s1" in enrollment_ids(item)]
    assert holding == ["c2"]


def test_a_removed_person_is_remembered_until_it_returns() -> None:
    roster = small_roster()
    stores, _, _ = synced(roster, students=without(roster, "students", "s1"))
    gone = keys.gone(TENANT, "s1")
    remembered = items.gone_of(stores.table.items[gone])
    assert (remembered.email, remembered.gone_at) == ("s1@hill.example", int((NOW + DAY).timestamp() * 1000))
    assert keys.record(TENANT, Person, "s1") not in stores.table
    sync(stores, serve(roster), now=NOW + 2 * DAY)
    assert gone not in stores.table


def test_an_enrollment_id_that_comes_with_two_classes_counts_for_the_newest_only() -> None:
    roster = small_roster()
    for newest in ("c1", "c2"):
        rows = [
            enrolled(one, "s1", sourced_id="e", modified="2026-09-02" if one == newest else "2026-09-01")
            for one in ("c1", "c2")
        ]
        stores = connected()
        run = sync(stores, serve(roster, enrollments=without(roster, "enrollments", "c1/s1", *rows)))
        classes = published(stores.table).classes()
        assert [one for one, item in classes.items() if "e" in enrollment_ids(item)] == [newest]
        assert run.collections["enrollments"]["duplicates"] == 1


def test_a_person_in_both_collections_is_one_item_and_counted_in_both() -> None:
    stores, roster = connected(), small_roster()
    roster["students"].append(student("t1", "t1@pupils.example"))
    run = sync(stores, serve(roster))
    person = published(stores.table).people()["t1"]
    assert person.collections == ("students", "teachers")
    assert (run.statistics["teachers"], run.statistics["students"]) == (2, 4)
    assert run.changes["added"]["people"] == 5


@settings(max_examples=40)
@given(dirty_rosters(), dirty_rosters())
def test_every_row_is_kept_set_aside_or_a_duplicate(first: Roster, second: Roster) -> None:
    stores = connected()
    for number, roster in enumerate((first, second)):
        run = sync(stores, serve(roster), now=NOW + number * DAY)
        for collection, counts in run.collections.items():
            assert counts["received"] == counts["announced"] == len(roster[collection])
            assert counts["received"] == sum(counts[how] or 0 for how in ("kept", "setAside", "duplicates"))
        left = published(stores.table)
        with_groups = {class_id for _, class_id in left.groups}
        assert len(left.classes()) == len(with_groups) + sum(run.without_groups.values())
        assert run.statistics["groups"] == len(left.groups)
        assert run.statistics["memberships"] == sum(len(group[1]) for group in left.groups.values())
        assert run.statistics["classes"] == sum(
            items.class_roster_of(item).record.active for item in left.classes().values()
        )


def test_a_roster_that_yields_no_group_says_which_rule_left_most_out() -> None:
    roster = small_roster()
    roster["classes"] = [section("c1", active=False), section("c2", active=False)]
    run = sync(connected(), serve(roster))
    assert run.without_groups == {"inactive": 2}
    assert run.warnings == ["no class yields a group; most of them, 2, because of: inactive"]


def enrollment_ids(item: dict[str, object]) -> set[str]:
    """Return the ids of the enrollments in a class's item."""
    return {row.sourced_id for row in items.class_roster_of(item).enrollments}
