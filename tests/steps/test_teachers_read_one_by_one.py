"""Enrolled teachers who are in no collection of people are read by id."""

from datetime import timedelta

from rostersync.errors import UnexpectedAnswer
from rostersync.roster.records import Enrollment
from tests.steps.driver import NOW, connected, sync
from tests.steps.published import kept_items, published
from tests.steps.rosters import Roster, aside, enrolled, serve, small_roster, teacher

DAY = timedelta(days=1)
OUTSIDE = ("u1", "u2")


def outside_roster() -> Roster:
    """Return the small roster with two teachers of ``c1`` outside of /teachers, one of whom /users knows."""
    roster = small_roster()
    roster["enrollments"] += [enrolled("c1", one, "teacher") for one in OUTSIDE]
    roster["users"] = [teacher("u1")]
    return roster


def crowd(count: int) -> list[Enrollment]:
    """Return the enrollments of so many teachers, numbered, on ``c1``."""
    return [enrolled("c1", f"v{number:03}", "teacher") for number in range(count)]


def test_who_is_found_owns_groups_and_404_twice_is_absence() -> None:
    stores, server = connected(), serve(outside_roster())
    run = sync(stores, server)
    left = published(stores.table)
    assert server.users_asked == [*OUTSIDE, "u2"]
    assert left.people()["u1"].collections == ("users",)
    assert "u2" not in left.people()
    assert ("u1@hill.example", "c1") in left.groups
    assert (run.statistics["teachers"], run.warnings) == (2, [])
    assert run.requests == len(server.asked)


def test_a_404_for_once_takes_nobody_away() -> None:
    stores = connected()
    sync(stores, serve(outside_roster()))
    before, server = kept_items(stores.table), serve(outside_roster())
    once = dict(server.users)
    server.users.clear()

    def find_again(_: int) -> None:
        if server.users_asked == list(OUTSIDE):
            server.users.update(once)

    server.before_answer = find_again
    assert sync(stores, server, now=NOW + DAY).outcome == "unchanged"
    assert kept_items(stores.table) == before


def test_who_is_not_found_any_more_is_removed() -> None:
    stores = connected()
    sync(stores, serve(outside_roster()))
    sync(stores, serve(outside_roster(), users=[]), now=NOW + DAY)
    left = published(stores.table)
    assert "u1" not in left.people()
    assert ("u1@hill.example", "c1") not in left.groups


def test_an_error_other_than_404_is_the_runs() -> None:
    stores = connected()
    sync(stores, serve(outside_roster()))
    before, server = kept_items(stores.table), serve(outside_roster(), users=[])

    def fail(_: int) -> None:
        if server.asked[-1][0] == "users":
            raise UnexpectedAnswer("the Roster Server answered /users/{id} with 400")

    server.before_answer = fail
    run = sync(stores, server, now=NOW + DAY)
    assert (run.outcome, run.error) == ("failed", "UnexpectedAnswer")
    assert kept_items(stores.table) == before


def test_students_and_teachers_of_a_collection_are_not_asked_for() -> None:
    server = serve(small_roster())
    server.insert("enrollments", enrolled("c1", "s3", "teacher"))
    server.insert("teachers", aside("t9"))
    server.insert("enrollments", enrolled("c1", "t9", "teacher"))
    sync(connected(), server)
    assert server.users_asked == []


def test_above_200_it_warns_and_the_stored_ones_stay() -> None:
    stores, roster = connected(), small_roster()
    roster["enrollments"] += crowd(1)
    roster["users"] = [teacher("v000")]
    sync(stores, serve(roster))
    before = published(stores.table).people()["v000"]
    many = [
        *small_roster()["enrollments"],
        *crowd(1),
        *(enrolled("c1", f"a{n:03}", "teacher") for n in range(201)),
    ]
    server = serve(roster, enrollments=many, users=[])
    run = sync(stores, server, now=NOW + DAY)
    left = published(stores.table)
    assert server.users_asked == [f"a{number:03}" for number in range(200)] * 2
    (warning,) = run.warnings
    assert warning.startswith("2 more enrolled teachers are in no collection of people")
    assert left.people()["v000"] == before
    assert ("v000@hill.example", "c1") in left.groups


def test_who_is_set_aside_there_stays_as_stored() -> None:
    stores = connected()
    sync(stores, serve(outside_roster()))
    before = published(stores.table)
    sync(stores, serve(outside_roster(), users=[aside("u1")]), now=NOW + DAY)
    assert published(stores.table) == before


def test_while_an_enrollment_is_set_aside_who_was_read_before_stays() -> None:
    stores, roster = connected(), outside_roster()
    sync(stores, serve(roster))
    before = published(stores.table)
    rows = [row for row in roster["enrollments"] if row.sourced_id != "c1/u1"]
    server = serve(roster, enrollments=[*rows, aside("c1/u1")])
    sync(stores, server, now=NOW + DAY)
    assert "u1" not in server.users_asked
    assert published(stores.table) == before
