"""Days without nightly runs: a tenant's pause windows, the summer holidays for one."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

MOST_WINDOWS: Final = 20

_DAY: Final = timedelta(days=1)


class PauseWindow(Struct, frozen=True):
    """From ``first_day`` to ``last_day``, both included: ISO dates in the tenant's time zone."""

    first_day: str
    last_day: str


def is_paused(day: date, windows: Sequence[PauseWindow]) -> bool:
    """Say whether a day lies in one of the windows."""
    return any(window.first_day <= day.isoformat() <= window.last_day for window in windows)


def first_day_outside(day: date, windows: Sequence[PauseWindow]) -> date:
    """Return the first day from ``day`` on that lies in none of the windows."""
    while is_paused(day, windows):
        day += _DAY
    return day


def paused_until(day: date, windows: Sequence[PauseWindow]) -> str:
    """Return the last day of the pause that a day lies in, "" for none; windows that adjoin are one."""
    return (first_day_outside(day, windows) - _DAY).isoformat() if is_paused(day, windows) else ""
