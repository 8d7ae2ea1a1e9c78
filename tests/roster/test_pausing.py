"""Pause windows: which days lie in them, and when they are over."""

from datetime import date

import pytest

from rostersync.roster.pausing import PauseWindow, first_day_outside, is_paused, paused_until

SUMMER = PauseWindow("2026-07-01", "2026-08-15")
AUGUST = PauseWindow("2026-08-16", "2026-08-31")
ONE_DAY = PauseWindow("2026-12-25", "2026-12-25")


@pytest.mark.parametrize(
    ("day", "until"),
    [
        ("2026-06-30", ""),
        ("2026-07-01", "2026-08-31"),
        ("2026-08-15", "2026-08-31"),
        ("2026-08-31", "2026-08-31"),
        ("2026-09-01", ""),
        ("2026-12-25", "2026-12-25"),
        ("2026-12-26", ""),
    ],
)
def test_a_pause_has_both_its_days_and_goes_on_into_a_window_that_adjoins(day: str, until: str) -> None:
    windows = (ONE_DAY, AUGUST, SUMMER)
    assert is_paused(date.fromisoformat(day), windows) is bool(until)
    assert paused_until(date.fromisoformat(day), windows) == until


def test_overlapping_windows_are_one_pause() -> None:
    windows = (SUMMER, PauseWindow("2026-08-01", "2026-09-10"))
    assert first_day_outside(date(2026, 7, 5), windows) == date(2026, 9, 11)


def test_without_windows_every_day_is_outside() -> None:
    assert first_day_outside(date(2026, 7, 5), ()) == date(2026, 7, 5)
