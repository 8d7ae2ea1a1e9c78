"""The engine's one clock, which tests and the demo set and every invocation carries."""

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """Runs with the machine until it is set; once set it stands still until it is set again.

    moto keeps the machine's time for its own records (creation dates, secret versions): nothing of ours
    reads those.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: datetime | None = None

    def set(self, time: datetime | None) -> None:
        """Stop the clock at a time that knows its offset; ``None`` lets it run again."""
        if time is not None and time.tzinfo is None:
            raise ValueError("the clock is set to a time with an offset, such as datetime(..., tzinfo=UTC)")
        with self._lock:
            self._set = time.astimezone(UTC) if time else None

    def advance(self, by: timedelta) -> None:
        """Move on; a running clock stops there."""
        self.set(self.now() + by)

    def now(self) -> datetime:
        """The current time, in UTC."""
        with self._lock:
            return self._set or datetime.now(UTC)

    def as_set(self) -> str | None:
        """The time that was set, as ISO 8601, or ``None`` when the clock runs."""
        with self._lock:
            return self._set.isoformat() if self._set else None
