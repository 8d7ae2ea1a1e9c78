"""A run of which too many requests fail ends, whichever of its functions sent them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rostersync.errors import AccessDenied
from rostersync.oneroster.signals import Busy
from rostersync.steps.budget import SPARE, spare_requests
from rostersync.steps.staged_pull import PULLS
from tests.steps.driver import NOW, Way, connected, sync
from tests.steps.fake_server import FakeRosterServer
from tests.steps.published import kept_items
from tests.steps.rosters import Roster, serve, small_roster, student

DAY = timedelta(days=1)
PAUSE = 120
"""Seconds that no function waits by itself."""

IN_SMALL_PAGES = Way(page_size=4, fetch_tasks=3)


def larger_roster() -> Roster:
    """Return the small roster with students for some forty pages of four."""
    roster = small_roster()
    roster["students"] = [student(f"s{number:03}") for number in range(120)]
    return roster


def requests_of_one_pull() -> int:
    """Return what a pull of the larger roster takes when nothing goes wrong."""
    server = serve(larger_roster())
    sync(connected(), server, way=IN_SMALL_PAGES)
    return len(server.asked)


def failing(
    server: FakeRosterServer, *, every: int = 1, answering: int = 0, moving: bool = False
) -> Callable[[str], None]:
    """Return what is told of states, and puts off every so many of Fetch's requests but every ``answering``.

    ``moving``: what is shared changes during every pull.
    """
    states: list[str] = []

    def put_off(request: int) -> None:
        if moving and request % 30 == 0:
            server.revision = f"{request}"
        answers = answering and request % answering == 0
        if states[-1] == "Fetch" and request % every == 0 and not answers:
            raise Busy("the Roster Server answered /students with 429: too many requests", PAUSE)

    server.before_answer = put_off
    return states.append


@given(
    needed=st.integers(1, 100),
    planned=st.integers(0, 100),
    failures=st.lists(st.integers(0, 300), min_size=PULLS, max_size=PULLS),
)
@example(needed=100, planned=100, failures=[0, 150, 0])
def test_a_run_sends_three_pulls_and_the_spare_requests_at_most(
    needed: int, planned: int, failures: list[int]
) -> None:
    planned = min(planned, needed)
    answered = failed = 0
    for pull in range(1, PULLS + 1):
        if pull > 1 and failed >= spare_requests(pull, planned, answered):
            break
        # Failures first: then the least is known of how many requests a pull needs.
        for _ in range(failures[pull - 1]):
            failed += 1
            if failed >= spare_requests(pull, planned, answered):
                assert answered + failed <= PULLS * needed + SPARE
                return
        answered += needed
        planned = max(planned, answered // pull)
    assert answered + failed <= PULLS * needed + SPARE


def test_a_server_that_fails_every_other_request_is_read() -> None:
    stores, calm = connected(), connected()
    server = serve(larger_roster())
    run = sync(stores, server, way=IN_SMALL_PAGES, before=failing(server, every=2))
    sync(calm, serve(larger_roster()), way=IN_SMALL_PAGES)
    assert run.outcome == "published"
    assert run.requests == len(server.asked)
    assert kept_items(stores.table).keys() == kept_items(calm.table).keys()


def test_and_is_left_alone_when_each_pull_has_to_be_repeated_too() -> None:
    stores = connected()
    sync(stores, serve(larger_roster()), way=IN_SMALL_PAGES)
    before, server = kept_items(stores.table), serve(larger_roster())
    before_each = failing(server, every=2, moving=True)
    run = sync(stores, server, now=NOW + DAY, way=IN_SMALL_PAGES, before=before_each)
    assert (run.outcome, run.error) == ("failed", "RosterServerUnreliable")
    assert "too many to pull it once more" in run.reason
    assert run.requests == len(server.asked) <= 3 * requests_of_one_pull() + SPARE
    assert kept_items(stores.table) == before


def test_nor_is_one_read_to_the_end_that_fails_most_requests() -> None:
    stores, server = connected(), serve(larger_roster())
    run = sync(stores, server, way=IN_SMALL_PAGES, before=failing(server, answering=5))
    assert (run.outcome, run.error) == ("failed", "RosterServerUnreliable")
    assert "the Roster Server answered /students with 429" in run.reason
    assert "nothing was changed; run it again later" in run.reason
    assert run.requests == len(server.asked) <= 3 * requests_of_one_pull() + SPARE
    assert not kept_items(stores.table)


def test_a_pull_that_is_only_repeated_is_not_in_vain() -> None:
    server = serve(larger_roster())
    run = sync(connected(), server, way=IN_SMALL_PAGES, before=failing(server, every=10, moving=True))
    assert run.error == "PullIncomplete", "every page of three pulls was answered in the end"


@pytest.mark.parametrize("state", ["Plan", "Fetch"])
def test_a_denial_is_final_even_when_it_cannot_be_counted(state: str) -> None:
    stores, server = connected(), serve(larger_roster())
    entered: list[str] = []

    def deny(_: int) -> None:
        if entered[-1] == state:
            stores.table.fail_at_call(1)
            raise AccessDenied("the Roster Server answered /orgs with 403")

    server.before_answer = deny
    run = sync(stores, server, way=IN_SMALL_PAGES, before=entered.append)
    assert (run.outcome, run.error) == ("failed", "AccessDenied")
    assert len(server.asked) == (1 if state == "Plan" else 8)


def test_what_an_invocation_sent_that_left_nothing_counts_too() -> None:
    stores, server = connected(), serve(larger_roster())

    def lose_a_part(state: str) -> None:
        if state == "Fetch":
            stores.staging.fail_at_write(1)

    run = sync(stores, server, way=IN_SMALL_PAGES, before=lose_a_part)
    assert run.outcome == "published"
    assert run.requests == len(server.asked) > requests_of_one_pull()
