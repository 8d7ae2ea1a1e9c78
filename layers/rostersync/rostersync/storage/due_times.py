"""When a tenant's next night is due, whatever daylight saving does (DESIGN §3, nightly)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rostersync.errors import InvalidInput
from rostersync.roster.pausing import PauseWindow, first_day_outside, is_paused

_MINUTE: Final = timedelta(minutes=1)


def to_due_at(moment: datetime) -> str:
    """Return a moment as a UTC minute, ``2026-03-29T01:00Z``: such texts sort by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def next_due_at(
    now: datetime,
    time_zone: str,
    hour: int,
    last_nightly_date: str,
    windows: Sequence[PauseWindow] = (),
) -> str:
    """Return when the next night is due, as a UTC minute. ``hour`` is 0 to 23, local.

    A local date has one night. The next date is today, unless it had its night; who never had one
    (``last_nightly_date`` "") and is past today's hour waits for tomorrow's, so that connecting does not
    start a night. A date in one of ``windows`` has none. A result that is not after ``now`` is a night that
    is due already.

    An hour that the clock skips is the first moment after the gap; of one that comes twice it is the first.
    Raises ``InvalidInput`` for a time zone that is not known.
    """
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput("timeZone: must be a name of the IANA time zone database") from None
    today = now.astimezone(zone).date()
    if last_nightly_date:
        day = max(today, date.fromisoformat(last_nightly_date) + timedelta(days=1))
    else:
        day = today if _moment(today, hour, zone) > now else today + timedelta(days=1)
    return to_due_at(_moment(first_day_outside(day, windows), hour, zone))


def is_due(
    due_at: str, now: datetime, time_zone: str, hour: int, windows: Sequence[PauseWindow] = ()
) -> bool:
    """Say whether a night that was due at ``due_at`` is to begin now.

    One that is late, because another was still at work, begins on no day of ``windows``; once a window has
    come between, the next night is at its hour.
    """
    if due_at > to_due_at(now):
        return False
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    due_on = datetime.fromisoformat(due_at).astimezone(zone).date()
    if not any(
        window.first_day <= today.isoformat() and due_on.isoformat() <= window.last_day for window in windows
    ):
        return True
    return not is_paused(today, windows) and _moment(today, hour, zone) <= now


def night_of(now: datetime, time_zone: str, hour: int) -> str:
    """Return the local date of the latest night that has begun: today's, or yesterday's before its hour."""
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    return (today if _moment(today, hour, zone) <= now else today - timedelta(days=1)).isoformat()


def _moment(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return the first moment at which the local clock shows this hour, or has passed it."""
    local = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
    # Of a local time that does not exist, the offset before the gap (fold 0) makes a moment after the gap.
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    before = local.replace(fold=1).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    while (moment - before) > _MINUTE:
        middle = before + (moment - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            moment = middle
    return moment.replace(second=0, microsecond=0)
