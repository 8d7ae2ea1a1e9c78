"""The one clock. Lambda's is the machine's; the local engine and tests set it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_set_time: datetime | None = None


def now() -> datetime:
    """The current time, in UTC."""
    return _set_time or datetime.now(UTC)


def set_time(iso: str | None) -> None:
    """Stop the clock at an ISO 8601 time that carries its offset; ``None`` lets it run again."""
    global _set_time  # noqa: PLW0603 - one clock a process is the point
    _set_time = datetime.fromisoformat(iso).astimezone(UTC) if iso else None


def milliseconds(moment: datetime) -> int:
    """Return a time as items, events and names of runs hold it: in ms since 1970."""
    return int(moment.timestamp() * 1000)


def local_date(milliseconds: int, time_zone: str) -> str:
    """Return the ISO date that it is in a time zone at a moment given in ms since 1970."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.astimezone(ZoneInfo(time_zone)).date().isoformat()
