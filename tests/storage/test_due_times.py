"""When a night is due: the same local time every day, once a local date, whatever daylight saving does."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.errors import InvalidInput
from rostersync.roster.pausing import PauseWindow
from rostersync.storage.due_times import is_due, next_due_at, to_due_at

NEW_YORK = "America/New_York"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_next_night_is_the_day_after_the_last() -> None:
    now = utc("2026-01-15T07:00:30")  # 02:00:30 in New York
    assert next_due_at(now, NEW_YORK, 2, "2026-01-15") == "2026-01-16T07:00Z"


def test_a_date_that_has_not_had_its_night_is_due_even_when_its_hour_is_over() -> None:
    assert next_due_at(utc("2026-01-15T20:00:00"), NEW_YORK, 2, "2026-01-12") == "2026-01-15T07:00Z"


def test_who_connects_before_todays_hour_is_due_today() -> None:
    assert next_due_at(utc("2026-01-15T06:59:59"), NEW_YORK, 2, "") == "2026-01-15T07:00Z"


@pytest.mark.parametrize("now", ["2026-01-15T07:00:00", "2026-01-15T18:00:00"])
def test_who_connects_at_todays_hour_or_later_is_due_tomorrow(now: str) -> None:
    assert next_due_at(utc(now), NEW_YORK, 2, "") == "2026-01-16T07:00Z"


def test_the_local_date_counts_and_not_the_utc_one() -> None:
    # 19:30 on the 14th in Los Angeles.
    assert next_due_at(utc("2026-01-15T03:30:00"), "America/Los_Angeles", 20, "") == "2026-01-15T04:00Z"


def test_an_hour_that_the_clock_skips_is_the_first_moment_after() -> None:
    # On 8 March 2026 New York's clock goes from 01:59 to 03:00.
    assert next_due_at(utc("2026-03-07T12:00:00"), NEW_YORK, 2, "2026-03-07") == "2026-03-08T07:00Z"
    assert next_due_at(utc("2026-03-08T12:00:00"), NEW_YORK, 2, "2026-03-08") == "2026-03-09T06:00Z"


def test_an_hour_that_comes_twice_is_the_first_and_has_one_night() -> None:
    # On 1 November 2026 New York's clock shows 01:00 to 01:59 twice.
    assert next_due_at(utc("2026-10-31T12:00:00"), NEW_YORK, 1, "2026-10-31") == "2026-11-01T05:00Z"
    assert next_due_at(utc("2026-11-01T05:00:00"), NEW_YORK, 1, "2026-11-01") == "2026-11-02T06:00Z"
    assert next_due_at(utc("2026-11-01T06:30:00"), NEW_YORK, 1, "") == "2026-11-02T06:00Z"


def test_a_gap_of_half_an_hour_ends_where_it_ends() -> None:
    # On 4 October 2026 Lord Howe's clock goes from 01:59 to 02:30.
    assert (
        next_due_at(utc("2026-10-03T00:00:00"), "Australia/Lord_Howe", 2, "2026-10-03") == "2026-10-03T15:30Z"
    )


def test_a_gap_at_midnight_ends_at_the_new_dates_first_moment() -> None:
    # On 6 September 2026 Santiago's clock goes from 23:59 on the 5th to 01:00.
    assert next_due_at(utc("2026-09-05T12:00:00"), "America/Santiago", 0, "2026-09-05") == "2026-09-06T04:00Z"


def test_a_date_that_the_calendar_skips_gives_one_night_after_it() -> None:
    # Samoa had no 30 December 2011.
    assert next_due_at(utc("2011-12-30T00:00:00"), "Pacific/Apia", 2, "2011-12-29") == "2011-12-30T10:00Z"


def test_an_unknown_time_zone_is_named() -> None:
    for name in ("Nowhere/Atall", "../../etc/passwd", ""):
        with pytest.raises(InvalidInput, match="timeZone"):
            next_due_at(utc("2026-01-15T00:00:00"), name, 2, "")


zones = st.sampled_from(
    [
        NEW_YORK,
        "America/Los_Angeles",
        "America/Santiago",
        "Australia/Lord_Howe",
        "Europe/Dublin",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Pacific/Auckland",
        "UTC",
    ]
)


@settings(max_examples=60)
@given(zone=zones, hour=st.integers(0, 23), start=st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_every_local_date_has_exactly_one_night_near_its_hour(zone: str, hour: int, start: date) -> None:
    now = datetime(start.year, start.month, start.day, 12, tzinfo=UTC)
    last = ""
    dates = []
    for _ in range(30):
        due = datetime.fromisoformat(next_due_at(now, zone, hour, last))
        local = due.astimezone(ZoneInfo(zone))
        assert due > now
        minutes_late = (local.hour - hour) * 60 + local.minute
        assert 0 <= minutes_late <= 60
        last, now = local.date().isoformat(), due
        dates.append(local.date())
    assert dates == [dates[0] + timedelta(days=number) for number in range(30)]


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
windows = st.lists(st.tuples(days, st.integers(0, 60)), max_size=20).map(
    lambda drawn: tuple(
        PauseWindow(first.isoformat(), (first + timedelta(days=length)).isoformat())
        for first, length in drawn
    )
)


def covered(day: date, pauses: tuple[PauseWindow, ...]) -> bool:
    """Say so by listing every day of every window."""
    return any(
        day == date.fromisoformat(one.first_day) + timedelta(days=number)
        for one in pauses
        for number in range((date.fromisoformat(one.last_day) - date.fromisoformat(one.first_day)).days + 1)
    )


@settings(max_examples=100)
@given(
    zone=zones,
    hour=st.integers(0, 23),
    start=days,
    minute=st.integers(0, 24 * 60),
    ago=st.integers(-1, 3),
    pauses=windows,
)
def test_a_night_with_windows_is_the_first_one_without_them_on_a_day_outside(
    zone: str, hour: int, start: date, minute: int, ago: int, pauses: tuple[PauseWindow, ...]
) -> None:
    now = datetime(start.year, start.month, start.day, tzinfo=UTC) + timedelta(minutes=minute)
    last = "" if ago < 0 else (start - timedelta(days=ago)).isoformat()

    def night(last: str) -> tuple[str, date]:
        due = next_due_at(now, zone, hour, last)
        return due, datetime.fromisoformat(due).astimezone(ZoneInfo(zone)).date()

    due, day = night(last)
    while covered(day, pauses):
        due, day = night(day.isoformat())
    assert next_due_at(now, zone, hour, last, pauses) == due
    # At that moment it begins, unless a window came in between when it was due already.
    begins = max(now, datetime.fromisoformat(due))
    today = begins.astimezone(ZoneInfo(zone)).date()
    between = any(covered(day + timedelta(days=number), pauses) for number in range((today - day).days + 1))
    assert is_due(due, begins, zone, hour, pauses) or between
    assert not is_due(due, datetime.fromisoformat(due) - timedelta(minutes=1), zone, hour, pauses)


@settings(max_examples=100)
@given(zone=zones, hour=st.integers(0, 23), due_on=days, later=st.integers(0, 24 * 200), pauses=windows)
def test_no_night_begins_on_a_day_of_a_window_however_late_it_is(
    zone: str, hour: int, due_on: date, later: int, pauses: tuple[PauseWindow, ...]
) -> None:
    due = next_due_at(datetime(due_on.year, due_on.month, due_on.day, tzinfo=UTC), zone, hour, "2025-01-01")
    now = datetime.fromisoformat(due) + timedelta(hours=later)
    today = now.astimezone(ZoneInfo(zone)).date()
    if covered(today, pauses):
        assert not is_due(due, now, zone, hour, pauses)
    elif not pauses:
        assert is_due(due, now, zone, hour)


def test_due_times_sort_by_time_whatever_zone_they_came_from() -> None:
    moment = datetime(2026, 1, 1, 0, 30, tzinfo=ZoneInfo("Asia/Kathmandu"))
    assert to_due_at(moment) == "2025-12-31T18:45Z"
