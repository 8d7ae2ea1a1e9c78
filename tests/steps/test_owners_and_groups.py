"""Owners and groups over several runs: who owns, who returns, which versions grow."""

from datetime import datetime, timedelta

import pytest

from rostersync.roster.groups import Group
from rostersync.roster.identity import group_id
from rostersync.roster.owners import Owner
from rostersync.roster.records import Person
from rostersync.storage import items
from tests.steps.driver import NOW, TENANT, FakeStores, connected, sync
from tests.steps.published import published
from tests.steps.rosters import enrolled, section, serve, small_roster, student, teacher

DAY = timedelta(days=1)


def owners(stores: FakeStores) -> dict[str, Owner]:
    """Return the stored owners by e-mail."""
    found = [items.owner_of(item) for item in stores.table.items.values() if item["kind"] == "owner"]
    return {owner.email: owner for owner in found}


def stored_group(stores: FakeStores, owner_id: str, class_id: str) -> Group:
    """Return a group or its tombstone."""
    wanted = group_id(TENANT, class_id, owner_id)
    (found,) = [item for (_, sk), item in stores.table.items.items() if sk.endswith(f"#GROUP#{wanted}")]
    return items.group_of(found)


def milliseconds(moment: datetime) -> int:
    """Return a time as items hold it."""
    return int(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    "person", [teacher("t1", active=False), teacher("t1", enabled=False), teacher("t1", "s9@hill.example")]
)
def test_inactive_and_disabled_teachers_and_students_emails_own_nothing(person: Person) -> None:
    stores, roster = connected(), small_roster()
    students = [*roster["students"], student("s9")]
    run = sync(stores, serve(roster, teachers=[person, teacher("t2")], students=students))
    assert published(stores.table).owners.keys() == {"t2@hill.example"}
    assert run.statistics["groups"] == 1


def test_an_inactive_student_keeps_nobody_from_owning() -> None:
    stores, roster = connected(), small_roster()
    students = [*roster["students"], student("s9", "t1@hill.example", active=False)]
    sync(stores, serve(roster, students=students))
    assert "t1@hill.example" in published(stores.table).owners


def test_a_student_owns_nothing() -> None:
    stores = connected()
    sync(stores, serve(small_roster(), teachers=[]))
    assert not published(stores.table).owners


def test_a_teacher_who_returns_gets_the_same_groups_again() -> None:
    stores, roster = connected(), small_roster()
    sync(stores, serve(roster))
    owner = owners(stores)["t1@hill.example"]
    sync(stores, serve(roster, teachers=[teacher("t2")]), now=NOW + DAY)
    tombstone = stored_group(stores, owner.owner_id, "c1")
    assert "t1@hill.example" not in owners(stores)
    assert (tombstone.removed, tombstone.members) == (True, ())
    assert tombstone.version == tombstone.removed_at == milliseconds(NOW + DAY)
    former = {item["sk"] for item in stores.table.items.values() if item["kind"] == "formerOwner"}
    assert former == {f"FORMER#{owner.owner_id}"}
    sync(stores, serve(roster), now=NOW + 2 * DAY)
    group = stored_group(stores, owner.owner_id, "c1")
    assert owners(stores)["t1@hill.example"] == owner
    assert (group.removed, group.version) == (False, milliseconds(NOW + 2 * DAY))
    assert not [item for item in stores.table.items.values() if item["kind"] == "formerOwner"]


def test_who_was_away_for_longer_than_400_days_is_new() -> None:
    stores, roster = connected(), small_roster()
    sync(stores, serve(roster))
    sync(stores, serve(roster, teachers=[teacher("t2")]), now=NOW + DAY)
    sync(stores, serve(roster), now=NOW + 402 * DAY)
    assert owners(stores)["t1@hill.example"].first_seen == milliseconds(NOW + 402 * DAY)


def test_an_owner_takes_its_groups_to_a_new_email() -> None:
    stores, roster = connected(), small_roster()
    sync(stores, serve(roster))
    owner = owners(stores)["t1@hill.example"]
    before = stored_group(stores, owner.owner_id, "c1")
    run = sync(
        stores, serve(roster, teachers=[teacher("t1", "new@hill.example"), teacher("t2")]), now=NOW + DAY
    )
    assert owners(stores)["new@hill.example"].owner_id == owner.owner_id
    assert stored_group(stores, owner.owner_id, "c1") == before
    assert published(stores.table).emails.keys() == {"new@hill.example", "t2@hill.example"}
    assert run.writes == {"roster": 4, "groups": 0}


def test_versions_grow_though_the_clock_goes_back() -> None:
    stores, roster = connected(), small_roster()
    sync(stores, serve(roster))
    owner = owners(stores)["t1@hill.example"]
    renamed = [section("c1", "Pottery"), section("c2", "Music")]
    sync(stores, serve(roster, classes=renamed), now=NOW - DAY)
    group = stored_group(stores, owner.owner_id, "c1")
    assert (group.name, group.version, group.name_version) == (
        "Pottery",
        milliseconds(NOW) + 1,
        milliseconds(NOW) + 1,
    )


def test_a_change_writes_what_changed_and_nothing_else() -> None:
    stores, roster = connected(), small_roster()
    sync(stores, serve(roster))
    students = [student("s1", given_name="Renamed"), student("s2"), student("s3")]
    run = sync(stores, serve(roster, students=students), now=NOW + DAY)
    assert run.changes == {"added": {}, "changed": {"people": 1, "groups": 1}, "removed": {}}
    assert run.writes == {"roster": 1, "groups": 1}


def test_what_an_admin_may_want_to_look_into_is_counted() -> None:
    stores, roster = connected(), small_roster()
    run = sync(
        stores,
        serve(
            roster,
            teachers=[*roster["teachers"], teacher("t3", ""), teacher("t4", "t1@hill.example")],
            students=[*roster["students"], student("s4", "")],
            classes=[*roster["classes"], section("c3", terms=())],
            enrollments=[
                *roster["enrollments"],
                enrolled("c1", "s4"),
                enrolled("c1", "nobody"),
                enrolled("nowhere", "s1"),
            ],
        ),
    )
    assert run.notes == {
        "no e-mail": 1,
        "shared e-mail": 1,
        "classes without term": 1,
        "enrollments without class": 1,
        "enrollments without person": 1,
        "members who cannot be recognised": 1,
    }
