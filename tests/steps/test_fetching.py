"""A task of Fetch goes on in parts: after a cool-down, near its time limit, when it holds enough rows."""

from datetime import timedelta
from typing import Any

import pytest

from rostersync.oneroster.signals import Busy
from rostersync.parsing import parse_request
from rostersync.steps import fetch_pages as step
from rostersync.steps.fetch_pages import FetchRequest, fetch_pages
from tests.steps.driver import NOW, TENANT, FakeStores, Way, connected, sync
from tests.steps.fake_server import FakeRosterServer
from tests.steps.published import kept_items, published
from tests.steps.rosters import serve, small_roster, student

DAY = timedelta(days=1)
COOL_DOWN = 120


def busy_fetching(stores: FakeStores, server: FakeRosterServer, answers: int) -> Any:
    """Sync from a server that puts off that many requests of Fetch."""
    left = [0]

    def enter(state: str) -> None:
        left[0] = answers if state == "Fetch" else 0

    def put_off(_: int) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise Busy("too many requests", COOL_DOWN)

    server.before_answer = put_off
    return sync(stores, server, now=NOW + DAY, way=Way(fetch_tasks=1), before=enter)


def test_a_long_cool_down_is_handed_to_the_state_machine() -> None:
    stores, server = connected(), serve(small_roster())
    run = sync(stores, server)
    server.before_answer = lambda _: (_ for _ in ()).throw(Busy("too many requests", COOL_DOWN))
    event = {"tenantId": TENANT, "runId": run.run_id, "pull": 1, "task": 0, "part": 0}
    told = fetch_pages(
        parse_request(FetchRequest, event),
        stores,
        server.connect,
        requests_in_flight=1,
        seconds_left=lambda: 600.0,
    )
    assert told == {"done": False, "waitSeconds": COOL_DOWN}


def test_after_a_cool_down_it_goes_on() -> None:
    stores, calm = connected(), connected()
    run = busy_fetching(stores, serve(small_roster()), 2)
    sync(calm, serve(small_roster()), now=NOW + DAY)
    assert run.outcome == "published"
    assert kept_items(stores.table) == kept_items(calm.table)


def test_a_server_that_only_puts_off_fails_the_run() -> None:
    stores = connected()
    run = busy_fetching(stores, serve(small_roster()), 10_000)
    assert (run.outcome, run.error) == ("failed", "RosterServerUnavailable")
    assert not kept_items(stores.table)


def test_a_part_holds_so_many_rows_and_the_next_takes_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stores, whole, roster = connected(), connected(), small_roster()
    roster["students"] = [student(f"s{number:03}") for number in range(60)]
    sync(whole, serve(roster))
    monkeypatch.setattr(step, "ROWS_PER_PART", 20)
    run = sync(stores, serve(roster), way=Way(page_size=6, fetch_tasks=1))
    assert published(stores.table) == published(whole.table)
    parts = [key for key in stores.staging.s3.objects if "/fetch/" in key]
    assert len(parts) > 3
    # What the screen shows of a task counts its parts together.
    received = {name: counts["received"] for name, counts in run.collections.items()}
    assert stores.runs.progress(TENANT, run.run_id) == received
