"""Rows that are inserted and deleted during a pull: nothing that was there throughout is lost."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rostersync.oneroster.normalising import NOT_A_RECORD
from tests.steps.driver import NOW, Way, connected, sync
from tests.steps.fake_server import FakeRosterServer
from tests.steps.published import kept_items, published
from tests.steps.rosters import aside, serve, small_roster, student

DAY = timedelta(days=1)
IDS = [f"s{number:02}" for number in range(24)]

# After that many requests: that id comes if it is not there, else it goes.
moves = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(IDS)), max_size=8)


def moving(server: FakeRosterServer, when: list[tuple[int, str]], deleted: set[str]) -> Callable[[int], None]:
    """Return what moves students before the requests named; ``deleted`` collects who ever went."""

    def move(request: int) -> None:
        for number, one in when:
            if number == request:
                if any(row.sourced_id == one for row in server.rows["students"]):
                    server.delete("students", one)
                    deleted.add(one)
                else:
                    server.insert("students", student(one))

    return move


@settings(max_examples=60)
@given(
    st.sets(st.sampled_from(IDS), min_size=4),
    moves,
    st.integers(3, 6),
    st.booleans(),
    st.integers(1, 3),
)
# One goes before and one comes behind what is being read, so that the total stays.
@example(set(IDS[:12]), [(11, "s00"), (11, "s20")], 4, True, 1)
@example(
    set(IDS[:12]), [(11, "s00"), (11, "s20"), (25, "s01"), (25, "s21"), (38, "s02"), (38, "s22")], 4, True, 1
)
def test_no_row_that_was_there_throughout_is_lost(
    there: set[str], when: list[tuple[int, str]], page_size: int, totals: bool, fetch_tasks: int
) -> None:
    stores, roster = connected(), small_roster()
    roster["students"] = [student(one) for one in sorted(there)]
    sync(stores, serve(roster))
    before = kept_items(stores.table)
    server, deleted = serve(roster), set[str]()
    server.totals = totals
    server.before_answer = moving(server, when, deleted)
    run = sync(stores, server, now=NOW + DAY, way=Way(page_size=page_size, fetch_tasks=fetch_tasks))
    if run.outcome == "failed":
        assert run.error == "PullIncomplete"
        assert kept_items(stores.table) == before
    else:
        assert there - deleted <= published(stores.table).people().keys()


def test_a_pull_is_repeated_when_rows_move_under_it() -> None:
    stores, roster = connected(), small_roster()
    roster["students"] = [student(one) for one in IDS[:12]]
    server = serve(roster)

    def move(_: int) -> None:
        # When it is asked for what comes after the first page, the first student goes and another comes.
        if server.asked[-1] == ("students", 3) and not any(
            row.sourced_id == "s20" for row in server.rows["students"]
        ):
            server.delete("students", "s00")
            server.insert("students", student("s20"))

    server.before_answer = move
    run = sync(stores, server, way=Way(page_size=4, fetch_tasks=1))
    assert (run.outcome, server.asked.count(("orgs", 0))) == ("published", 4)
    assert {row.sourced_id for row in server.rows["students"]} <= published(stores.table).people().keys()
    assert run.requests == len(server.asked)


def test_a_roster_that_never_rests_fails_the_run_with_everything_as_it_was() -> None:
    stores, roster = connected(), small_roster()
    sync(stores, serve(roster))
    before, server = kept_items(stores.table), serve(roster)
    server.before_answer = lambda request: server.insert("students", student(f"new{request:03}"))
    run = sync(stores, server, now=NOW + DAY, way=Way(page_size=4))
    assert (run.outcome, run.error) == ("failed", "PullIncomplete")
    assert "students" in run.reason
    assert kept_items(stores.table) == before
    assert stores.leases.holder("springfield", NOW + DAY) is None


def test_without_totals_a_collection_is_not_shorter_than_it_was_found_to_be() -> None:
    stores, roster = connected(), small_roster()
    roster["students"] = [student(one) for one in IDS[:6]]
    server = serve(roster)
    server.totals = False
    looked = 0

    def hide(_: int) -> None:
        # While the students of the first pull are read, the first of them is not there.
        nonlocal looked
        looked += server.asked[-1] == ("orgs", 0)
        there = any(row.sourced_id == IDS[0] for row in server.rows["students"])
        hidden = server.asked[-1][0] == "students" and ("enrollments", 0) in server.asked and looked <= 3
        if hidden and there:
            server.delete("students", IDS[0])
        elif not hidden and not there:
            server.insert("students", student(IDS[0]))

    server.before_answer = hide
    run = sync(stores, server, way=Way(fetch_tasks=1))
    assert run.outcome == "published"
    assert set(IDS[:6]) <= published(stores.table).people().keys()


def test_a_collection_that_was_not_empty_on_connecting_is_not_empty_at_the_first_sync() -> None:
    stores, roster = connected(not_empty=("enrollments", "students")), small_roster()
    server = serve({**roster, "enrollments": []})
    server.totals = False
    run = sync(stores, server)
    assert (run.outcome, run.error) == ("failed", "PullIncomplete")
    assert "enrollments: nothing was received, and there was something before" in run.reason
    assert kept_items(stores.table) == {}
    # Once something was published it is for the guard to say; and this tenant has none.
    assert sync(stores, serve(roster), now=NOW + DAY).outcome == "published"
    assert sync(stores, server, now=NOW + 2 * DAY).outcome == "published"


def test_a_collection_of_which_a_run_has_seen_a_row_is_not_empty() -> None:
    stores, server = connected(), serve(small_roster())
    server.totals = False
    asked = 0

    def empty_from_the_third(_: int) -> None:
        nonlocal asked
        asked += server.asked[-1][0] == "enrollments"
        if asked > 2:
            server.rows["enrollments"] = []

    server.before_answer = empty_from_the_third
    run = sync(stores, server)
    assert (run.outcome, run.error) == ("failed", "PullIncomplete")
    assert kept_items(stores.table) == {}


def test_what_is_shared_may_not_change_during_a_pull() -> None:
    stores, server = connected(), serve(small_roster())

    def change(request: int) -> None:
        server.revision = str(request // 10)

    server.before_answer = change
    run = sync(stores, server)
    assert (run.outcome, run.error) == ("failed", "PullIncomplete")


def test_a_change_of_what_is_shared_before_the_second_pull_is_no_harm() -> None:
    stores, server = connected(), serve(small_roster())

    def change(request: int) -> None:
        server.revision = "2" if request > 8 else "1"

    server.before_answer = change
    run = sync(stores, server)
    assert run.outcome == "published"
    assert run.requests == len(server.asked)


def test_rows_that_are_no_record_are_the_servers_own_when_they_come_again() -> None:
    stores, roster = connected(), small_roster()
    server = serve(roster, students=[*roster["students"], aside("", NOT_A_RECORD)])
    run = sync(stores, server)
    assert run.outcome == "published"
    assert run.collections["students"]["setAside"] == 1
    # The first pull was not believed: every collection was peeked at and read twice.
    assert server.asked.count(("orgs", 0)) == 4


def test_rows_that_are_no_record_now_and_then_may_hide_one() -> None:
    stores, roster = connected(), small_roster()
    sync(stores, serve(roster))
    before, server = kept_items(stores.table), serve(roster)
    server.insert("students", aside("", NOT_A_RECORD))
    seen = [0]

    def change(_: int) -> None:
        # Each pull begins with a peek at /orgs, and then reads it.
        seen[0] += server.asked[-1] == ("orgs", 0)
        if server.asked[-1] == ("orgs", 0) and seen[0] in {3, 5}:
            server.insert("students", aside("", NOT_A_RECORD))

    server.before_answer = change
    run = sync(stores, server, now=NOW + DAY)
    assert (run.outcome, run.error) == ("failed", "PullIncomplete")
    assert kept_items(stores.table) == before
