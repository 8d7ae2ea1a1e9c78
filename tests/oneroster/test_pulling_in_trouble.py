import threading
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.errors import (
    AccessDenied,
    CredentialsRejected,
    RosterServerUnavailable,
    RosterSyncError,
    UnexpectedAnswer,
)
from rostersync.oneroster.pulling import pull
from rostersync.oneroster.signals import Busy, Refused, TooHeavy
from rostersync.oneroster.windows import Window
from tests.oneroster.fake_pages import Clock, FakePages, rows
from tests.oneroster.reading import Taken, assert_complete, read, read_on


def test_a_busy_day_with_many_failures_stays_within_three_times_the_plan() -> None:
    orgs, courses = rows(40_000), rows(13, "c")
    for every in (2, 3, 4):
        for trouble in (TooHeavy("503"), RosterServerUnavailable("reset"), Busy("429", 0.5)):
            server = FakePages({"orgs": orgs, "courses": courses})
            server.trouble = lambda number, *_, every=every, trouble=trouble: (
                trouble if number % every == 0 else None
            )
            windows = [Window("orgs", start, min(start + 2000, 40_000)) for start in range(0, 39_999, 1999)]
            clock = Clock(100_000)
            windows.insert(0, Window("courses", 0, 13))
            taken = read_on(server, windows, clock, page_size=2000, in_flight=4)
            assert_complete(taken, server)
            assert len(server.requests) <= 3 * len(windows) + 60


def test_a_page_that_is_too_heavy_is_halved_and_what_was_received_is_kept() -> None:
    server = FakePages({"orgs": rows(2000)})
    server.trouble = lambda _n, _c, _o, limit: TooHeavy("503") if limit > 120 else None
    stop, taken = read(server, [Window("orgs", 0, 2000)], page_size=1000)
    assert_complete(taken, server)
    assert 50 <= stop.page_size <= 1000
    assert len(server.requests) < 60


def test_a_bad_moment_does_not_make_pages_small_for_good() -> None:
    server = FakePages({"orgs": rows(20_000)})
    server.trouble = lambda number, *_: TooHeavy("503") if number % 3 == 2 else None
    _, taken = read(server, [Window("orgs", 0, 20_000)], page_size=1000)
    assert_complete(taken, server)
    assert len(server.requests) < 60


@pytest.mark.parametrize("failures", [4, 5, 6, 7])
def test_a_window_that_began_in_a_bad_minute_is_not_read_on_in_the_smallest_pages(failures: int) -> None:
    server = FakePages({"orgs": rows(5_000)})
    server.trouble = lambda number, *_: TooHeavy("503") if number < failures else None
    _, taken = read(server, [Window("orgs", 0, 5_000)], page_size=5_000)
    assert_complete(taken, server)
    assert server.requests[failures][2] < 100
    assert len(server.requests) < 60


def test_a_refused_page_size_is_made_smaller() -> None:
    server = FakePages({"orgs": rows(2000)})
    server.trouble = lambda _n, _c, _o, limit: Refused("400", 400) if limit > 500 else None
    _, taken = read(server, [Window("orgs", 0, 2000)], page_size=2000)
    assert_complete(taken, server)


def test_what_is_refused_whatever_its_size_is_an_error_by_its_public_name() -> None:
    server = FakePages({"orgs": rows(2000)})
    server.trouble = lambda *_: Refused("400", 400)
    with pytest.raises(UnexpectedAnswer) as raised:
        read(server, [Window("orgs", 0, 2000)], page_size=2000)
    assert type(raised.value) is UnexpectedAnswer
    assert len(server.requests) < 10


def test_a_busy_server_is_asked_less_for_the_rest_of_the_run() -> None:
    server = FakePages({"orgs": rows(1000)})
    server.trouble = lambda number, *_: Busy("429", 3.0) if number == 2 else None
    clock = Clock()
    windows = [Window("orgs", max(0, start - 1), start + 100) for start in range(0, 1000, 100)]
    stop, taken = read(server, windows, in_flight=4, clock=clock)
    assert stop.in_flight == 2
    assert 3.0 in clock.waits
    assert_complete(taken, server)


def test_a_long_cool_down_is_left_to_the_state_machine() -> None:
    server = FakePages({"orgs": rows(300)})
    server.trouble = lambda number, *_: Busy("429", 90.0) if number == 1 else None
    clock = Clock()
    stop, taken = read(server, [Window("orgs", 0, 300)], clock=clock)
    assert stop.windows == (Window("orgs", 99, 300),)
    assert stop.wait_seconds == 90
    assert clock.waits == []
    assert len(taken.rows) == 100


def test_a_server_that_stays_busy_is_left_after_a_few_requests() -> None:
    server = FakePages({"orgs": rows(300)})
    server.trouble = lambda *_: Busy("429")
    with pytest.raises(RosterServerUnavailable) as raised:
        read(server, [Window("orgs", 0, 300)] * 4, in_flight=4)
    assert type(raised.value) is RosterServerUnavailable
    assert len(server.requests) <= 8


@pytest.mark.parametrize("error", [RosterServerUnavailable("reset"), TooHeavy("503"), Busy("429", 0.0)])
def test_a_server_that_is_down_costs_a_few_requests(error: RosterSyncError) -> None:
    server = FakePages({"orgs": rows(50_000)})
    server.trouble = lambda *_: error
    windows = [Window("orgs", max(0, start - 1), start + 5000) for start in range(0, 50_000, 5000)]
    with pytest.raises(RosterServerUnavailable):
        read(server, windows, page_size=5000, in_flight=4)
    assert len(server.requests) <= 12


def test_a_page_grows_again_in_another_invocation() -> None:
    server = FakePages({"orgs": rows(9000)})
    troubles = {0: TooHeavy("503"), 1: TooHeavy("503"), 3: Busy("429", 90.0)}
    server.trouble = lambda number, *_: troubles.get(number)
    taken = Taken()
    stop, _ = read(server, [Window("orgs", 0, 9000)], page_size=1000, taken=taken)
    assert (stop.page_size < 500, stop.largest_page, len(stop.windows)) == (True, 1000, 1)
    asked = len(server.requests)
    windows = list(stop.windows)
    read(server, windows, taken=taken, page_size=stop.page_size, largest_page=stop.largest_page)
    assert_complete(taken, server)
    assert max(limit for _, _, limit in server.requests[asked:]) == 1000


def test_what_was_read_before_a_server_went_away_is_kept() -> None:
    server = FakePages({"orgs": rows(1000)})
    server.trouble = lambda number, *_: RosterServerUnavailable("reset") if number >= 3 else None
    stop, taken = read(server, [Window("orgs", 0, 1000)])
    assert stop.windows == (Window("orgs", len(taken.rows) - 1, 1000),)
    assert stop.wait_seconds == 30


def test_one_page_that_always_fails_leaves_only_its_own_window() -> None:
    server = FakePages({"orgs": rows(1000)})
    server.trouble = lambda _n, _c, offset, _l: RosterServerUnavailable("500") if offset == 299 else None
    windows = [Window("orgs", max(0, start - 1), start + 100) for start in range(0, 1000, 100)]
    stop, _ = read(server, windows, in_flight=2)
    assert Window("orgs", 299, 400) in stop.windows


@pytest.mark.parametrize("error", [CredentialsRejected("401"), AccessDenied("403"), Refused("404", 404)])
def test_nothing_more_is_sent_after_an_error_that_is_for_ever(error: RosterSyncError) -> None:
    server = FakePages({"orgs": rows(1000)})
    server.trouble = lambda number, *_: error if number == 5 else None
    with pytest.raises(type(error).__mro__[0 if not isinstance(error, Refused) else 1]):
        read(server, [Window("orgs", 0, 1000)])
    assert len(server.requests) == 6


def test_threads_under_way_are_the_only_ones_to_finish_after_a_401() -> None:
    server = FakePages({"orgs": rows(4000)})
    together = threading.Barrier(4, timeout=10)

    def trouble(number: int, *_: object) -> RosterSyncError | None:
        if number < 4:
            together.wait()
        return CredentialsRejected("401")

    server.trouble = trouble
    windows = [Window("orgs", max(0, start - 1), start + 100) for start in range(0, 4000, 100)]
    with pytest.raises(CredentialsRejected):
        read(server, windows, in_flight=4)
    assert len(server.requests) <= 5


def test_an_error_of_the_taker_reaches_the_caller() -> None:
    def take(*_: object) -> None:
        raise KeyError("full")

    clock = Clock()
    with pytest.raises(KeyError):
        pull(
            FakePages({"orgs": rows(10)}),
            [Window("orgs", 0, 10)],
            page_size=5,
            in_flight=2,
            seconds_left=clock.seconds_left,
            take=take,
            wait=clock.wait,
            random=clock.dice,
        )


@st.composite
def troubled_servers(draw: st.DrawFn) -> tuple[FakePages, list[Window], dict[str, int], Clock]:
    totals = draw(st.booleans())
    sizes = {"orgs": draw(st.integers(0, 120)), "courses": draw(st.integers(0, 60))}
    server = FakePages(
        {name: rows(count, name) for name, count in sizes.items()},
        totals=totals,
        clamp=draw(st.integers(2, 50)),
    )
    clock = Clock()
    clock.dice = Random(draw(st.integers(0, 2**32)))
    dice = Random(draw(st.integers(0, 2**32)))
    rate = draw(st.sampled_from([0.0, 0.1, 0.3]))
    lock = threading.Lock()

    def trouble(_number: int, _collection: str, _offset: int, limit: int) -> RosterSyncError | int | None:
        with lock:
            if dice.random() < rate:
                wait = dice.choice([None, 0.0, 2.0, 60.0])
                return dice.choice([Busy("429", wait), TooHeavy("503"), RosterServerUnavailable("reset")])
            return dice.randint(min(2, limit), limit) if dice.random() < rate else None

    server.trouble = trouble
    windows: list[Window] = []
    for name, count in sizes.items():
        cuts = sorted(draw(st.sets(st.integers(2, count), max_size=4))) if count > 1 else []
        cuts = [cut for cut in cuts if cut < count]
        starts = [0, *(cut - 1 for cut in cuts)]
        ends: list[int | None] = [*cuts, count if totals and count else None]
        windows += [Window(name, start, end) for start, end in zip(starts, ends, strict=True)]
    flights = {"page_size": draw(st.integers(2, 60)), "in_flight": draw(st.integers(1, 5))}
    return server, draw(st.permutations(windows)), flights, clock


@settings(max_examples=120)
@given(troubled_servers())
def test_every_row_comes_exactly_once_whatever_the_server_does(
    case: tuple[FakePages, list[Window], dict[str, int], Clock],
) -> None:
    server, windows, sizes, clock = case
    taken = Taken()
    for _ in range(60):
        try:
            stop, _ = read(server, windows, clock=clock, taken=taken, **sizes)
        except RosterServerUnavailable:
            continue
        windows, sizes = list(stop.windows), {"page_size": stop.page_size, "in_flight": stop.in_flight}
        clock.left = 10_000.0
        if not windows:
            break
    assert not windows
    assert_complete(taken, server)
    assert server.most_in_flight <= 5
