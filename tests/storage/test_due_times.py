"""When a night is due: the same local time every day, once a local date, whatever daylight saving does."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.errors import InvalidInput
from rostersync.storage.due_times import next_due_at, to_due_at

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


@settings(max_examples=60, deadline=None)
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


def test_due_times_sort_by_time_whatever_zone_they_came_from() -> None:
    moment = datetime(2026, 1, 1, 0, 30, tzinfo=ZoneInfo("Asia/Kathmandu"))
    assert to_due_at(moment) == "2025-12-31T18:45Z"
