"""A task of Fetch goes on in parts: after a cool-down, near its time limit, when it holds enough rows."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from rostersync.oneroster.signals import Busy
from rostersync.steps import fetch_pages as step
from rostersync.steps.fetch_pages import FetchRequest, fetch_pages
from rostersync.steps.requests import parse_request
from rostersync.steps.staged_pull import Plan
from rostersync.storage import staged
from rostersync.storage.stores import Stores
from tests.fakes import FakeStaging
from tests.steps.driver import ALL_IN_ONE, NOW, TENANT, FakeStores, Way, connected, sync
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


def fetch(stores: Stores, server: FakeRosterServer, task: int) -> Any:
    """Invoke Fetch for a task's first part."""
    event = {"tenantId": TENANT, "runId": "run", "pull": 1, "task": task, "part": 0}
    return fetch_pages(
        parse_request(FetchRequest, event),
        stores,
        server.connect,
        requests_in_flight=1,
        seconds_left=lambda: 600.0,
    )


def test_a_long_cool_down_is_handed_to_the_state_machine() -> None:
    stores, server = connected(), serve(small_roster())
    told: list[Any] = []

    def put_off(_: int) -> None:
        raise Busy("too many requests", COOL_DOWN)

    def enter(state: str) -> None:
        if state == "Fetch":
            server.before_answer = put_off
            told.append(fetch(stores, server, 0))
            server.before_answer = lambda _: None

    assert sync(stores, server, run_id="run", before=enter).outcome == "published"
    assert told == [{"done": False, "waitSeconds": COOL_DOWN}]


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


def test_a_page_that_was_refused_is_not_asked_for_again_in_the_next_pull() -> None:
    roster = small_roster()
    roster["students"] = [student(f"s{number:03}") for number in range(900)]

    def refused(*, moving: bool) -> int:
        server = serve(roster)
        server.longest = 250
        if moving:
            server.before_answer = lambda request: setattr(server, "revision", f"{request}")
        run = sync(connected(), server, way=Way(page_size=1_000, fetch_tasks=1))
        assert run.error == ("PullIncomplete" if moving else "")
        return server.refused

    assert refused(moving=True) == refused(moving=False) > 0, "three pulls learn it once"


class Late(FakeStaging):
    """Reads what there is, and writes only when it is told to."""

    def __init__(self, there: FakeStaging) -> None:
        super().__init__()
        self.s3, self._client = there.s3, there._client
        self._waiting: list[tuple[Any, dict[str, Any]]] = []

    def _put(self, *what: Any, **how: Any) -> bool:
        self._waiting.append((what, how))
        return True

    def write(self) -> None:
        for what, how in self._waiting:
            super()._put(*what, **how)


def test_an_invocation_that_stages_its_part_after_it_was_judged_takes_nothing_away() -> None:
    """It read before two students came and two went; the invocation that was waited for read afterwards."""
    stores, roster = connected(), small_roster()
    roster["students"] = [student(f"s{number}") for number in range(1, 10)]
    server = serve(roster)
    sync(stores, server)
    late = Late(stores.staging)

    def meanwhile(state: str) -> None:
        if state == "Fetch":
            plan = stores.staging.get_json(staged.plan(TENANT, "run", 1), Plan)
            for task, windows in enumerate(plan.tasks):
                if windows[0].collection == "students" and windows[0].start:
                    fetch(replace(stores, staging=late), server, task)
            # As many go as come, so that the total tells nothing.
            for number in (1, 2):
                server.insert("students", student(f"s0{number}"))
                server.delete("students", f"s{number + 7}")
        elif state == "People":
            late.write()

    way = Way(page_size=4, fetch_tasks=ALL_IN_ONE)
    run = sync(stores, server, now=NOW + DAY, run_id="run", way=way, before=meanwhile)
    assert run.outcome == "published"
    assert {f"s{number}" for number in range(1, 8)} <= published(stores.table).people().keys()
