from random import Random

import pytest

from rostersync.errors import (
    UnexpectedAnswer,
)
from rostersync.oneroster.payloads import Row
from rostersync.oneroster.pulling import Stop, find_total
from rostersync.oneroster.signals import TooHeavy
from rostersync.oneroster.windows import Window
from rostersync.roster.completeness import judge
from rostersync.roster.records import Org
from tests.oneroster.fake_pages import Clock, FakePages, rows
from tests.oneroster.reading import assert_complete, read


def test_windows_overlap_by_a_row_and_bring_every_row_once() -> None:
    server = FakePages({"orgs": rows(1000)})
    stop, taken = read(server, [Window("orgs", 0, 400), Window("orgs", 399, 1000)], in_flight=4)
    assert stop == Stop(windows=(), wait_seconds=0, page_size=100, largest_page=100, in_flight=4)
    assert_complete(taken, server)


def test_a_short_page_is_not_the_last() -> None:
    server = FakePages({"orgs": rows(500)})
    dice = Random(3)
    server.trouble = lambda _n, _c, _o, limit: dice.randint(2, limit) if limit > 2 else None
    _, taken = read(server, [Window("orgs", 0, 500)])
    assert_complete(taken, server)


def test_a_server_that_leaves_rows_out_is_asked_for_more_than_the_window_lacks() -> None:
    server = FakePages({"orgs": rows(5000)})
    server.trouble = lambda _n, _c, _o, limit: max(2, limit - 300)
    _, taken = read(server, [Window("orgs", 0, 400), Window("orgs", 399, 4000)], page_size=1000)
    assert len(taken.rows) == 4000
    assert len(server.requests) < 12


@pytest.mark.parametrize("hidden", [1, 2, 5])
def test_a_server_that_leaves_rows_out_does_not_hide_that_its_total_is_too_low(hidden: int) -> None:
    server = FakePages({"orgs": rows(500)})
    server.leaves_out = server.hides = hidden
    total = 500 - hidden
    _, taken = read(server, [Window("orgs", 0, 100), Window("orgs", 99, total + 1)], page_size=100)
    assert not judge("orgs", taken.of("orgs"), total).complete


def test_a_server_that_leaves_rows_out_is_read_to_where_nothing_follows() -> None:
    server = FakePages({"orgs": rows(500)})
    server.leaves_out = 3
    _, taken = read(server, [Window("orgs", 0, 501)], page_size=100)
    assert_complete(taken, server)
    assert taken.of("orgs")[-1].rows == 1


@pytest.mark.parametrize("doubles", [0, 7, -1])
def test_a_row_that_comes_twice_does_not_stand_for_the_last_that_does_not_come(doubles: int) -> None:
    server = FakePages({"orgs": rows(80)})
    server.leaves_out, server.doubles = 1, doubles
    _, taken = read(server, [Window("orgs", 0, 81)], page_size=100)
    assert len(taken.of("orgs")[0].ids) == 80
    assert not judge("orgs", taken.of("orgs"), 80).complete


@pytest.mark.parametrize("place", [0, 7, 79])
def test_a_list_that_has_a_row_twice_is_read_to_where_nothing_follows(place: int) -> None:
    twice = rows(80)
    twice.insert(place, twice[place])
    _, taken = read(FakePages({"orgs": twice}), [Window("orgs", 0, 82)], page_size=100)
    assert judge("orgs", taken.of("orgs"), 81).complete
    assert len(taken.rows) == 81


@pytest.mark.parametrize("clamp", [2, 3, 17, 99])
def test_a_server_that_clamps_the_page_is_read_whole(clamp: int) -> None:
    server = FakePages({"orgs": rows(200)}, clamp=clamp)
    _, taken = read(server, [Window("orgs", 0, 200)], page_size=10_000)
    assert_complete(taken, server)


def test_rows_beyond_the_window_are_not_counted() -> None:
    server = FakePages({"orgs": rows(100)})
    server.trouble = lambda *_: 80
    _, taken = read(server, [Window("orgs", 0, 50)], page_size=30)
    assert [answer.rows for answer in taken.of("orgs")] == [50]
    assert len(taken.rows) == 50


def test_an_empty_collection_is_one_answer_without_rows() -> None:
    server = FakePages({"orgs": []})
    stop, taken = read(server, [Window("orgs", 0, None)])
    assert not stop.windows
    assert [(answer.offset, answer.rows) for answer in taken.of("orgs")] == [(0, 0)]


@pytest.mark.parametrize("count", [0, 1, 2, 99, 100, 101, 250])
def test_without_a_total_the_end_is_where_nothing_follows(count: int) -> None:
    server = FakePages({"orgs": rows(count)}, totals=False)
    _, taken = read(server, [Window("orgs", 0, None)])
    assert_complete(taken, server)


def test_without_a_total_a_page_of_one_row_is_not_believed_to_be_the_end() -> None:
    server = FakePages({"orgs": rows(300)}, totals=False)
    server.trouble = lambda number, *_: 1 if number == 1 else None
    _, taken = read(server, [Window("orgs", 0, None)])
    assert_complete(taken, server)


def test_an_empty_page_before_the_end_is_an_error() -> None:
    server = FakePages({"orgs": rows(300)})
    server.trouble = lambda _n, _c, offset, _l: 0 if offset else None
    with pytest.raises(UnexpectedAnswer, match="although there is more"):
        read(server, [Window("orgs", 0, 300)])


def test_a_server_that_repeats_the_overlap_row_for_ever_is_left() -> None:
    server = FakePages({"orgs": rows(300)}, clamp=1)
    with pytest.raises(UnexpectedAnswer):
        read(server, [Window("orgs", 0, 300)])
    assert len(server.requests) < 8


def test_rows_that_went_away_end_the_window_and_show_in_the_total() -> None:
    server = FakePages({"orgs": rows(90)})
    stop, taken = read(server, [Window("orgs", 0, 100)])
    assert not stop.windows
    assert not judge("orgs", taken.of("orgs"), 100).complete


def test_near_its_time_limit_reading_stops_at_the_last_row_received() -> None:
    clock = Clock()
    server = FakePages({"orgs": rows(1000), "courses": rows(10, "c")})

    def trouble(number: int, *_: object) -> None:
        clock.left = 5.0 if number == 2 else clock.left

    server.trouble = trouble
    stop, taken = read(server, [Window("orgs", 0, 1000), Window("courses", 0, 10)], clock=clock)
    assert stop.windows == (Window("orgs", len(taken.rows) - 1, 1000), Window("courses", 0, 10))
    assert stop.wait_seconds == 0


def test_rows_without_an_id_count_as_rows_but_not_as_ids() -> None:
    everything = rows(10)
    everything[3] = Row("", 77, None, None)
    _, taken = read(FakePages({"orgs": everything}), [Window("orgs", 0, 10)], page_size=4)
    first = taken.of("orgs")[0]
    assert (first.rows, first.last, len(first.ids)) == (4, 77, 3)
    assert sum(len(answer.ids) for answer in taken.of("orgs")) == 9


def test_no_windows_are_read_at_once() -> None:
    assert read(FakePages({}), [])[0].windows == ()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 123_456])
def test_a_total_that_is_not_announced_is_found(count: int) -> None:
    server = FakePages({"orgs": [Row("x", 1, Org(sourced_id="x"), None)] * count}, totals=False)
    assert find_total(server, "orgs") == count
    assert all(limit == 1 for _, _, limit in server.requests)
    assert len(server.requests) <= 35


def test_looking_for_a_total_survives_a_bad_moment_and_not_a_server_without_end() -> None:
    server = FakePages({"orgs": rows(50)}, totals=False)
    server.trouble = lambda number, *_: TooHeavy("503") if number % 2 else None
    assert find_total(server, "orgs", wait=lambda _: None) == 50

    class Endless(FakePages):
        def page(self, collection: str, *, offset: int, limit: int):
            return super().page(collection, offset=0, limit=limit)

    with pytest.raises(UnexpectedAnswer, match="no end"):
        find_total(Endless({"orgs": rows(50)}, totals=False), "orgs")
