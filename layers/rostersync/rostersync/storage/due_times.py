"""When a tenant's next night is due, whatever daylight saving does (DESIGN §3, nightly)."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rostersync.errors import InvalidInput

_MINUTE: Final = timedelta(minutes=1)


def to_due_at(moment: datetime) -> str:
    """Return a moment as a UTC minute, ``2026-03-29T01:00Z``: such texts sort by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def next_due_at(now: datetime, time_zone: str, hour: int, last_nightly_date: str) -> str:
    """Return when the next night is due, as a UTC minute. ``hour`` is 0 to 23, local.

    A local date has one night. The next date is today, unless it had its night; who never had one
    (``last_nightly_date`` "") and is past today's hour waits for tomorrow's, so that connecting does not
    start a night. A result that is not after ``now`` is a night that is due already.

    An hour that the clock skips is the first moment after the gap; of one that comes twice it is the first.
    Raises ``InvalidInput`` for a time zone that is not known.
    """
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput("timeZone: must be a name of the IANA time zone database") from None
    today = now.astimezone(zone).date()
    if not last_nightly_date:
        due = _moment(today, hour, zone)
        return to_due_at(due if due > now else _moment(today + timedelta(days=1), hour, zone))
    after_last = date.fromisoformat(last_nightly_date) + timedelta(days=1)
    return to_due_at(_moment(max(today, after_last), hour, zone))


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
