"""What a Roster Server is sent, counted where it is sent."""

import threading
from collections.abc import Callable
from typing import Final, TypeAlias, TypeVar

from rostersync.errors import RetryableError, RosterSyncError
from rostersync.oneroster.signals import Refused

T = TypeVar("T")

Count: TypeAlias = Callable[[int, int, str], None]
"""Is told of requests answered, of those that failed, and why the last did if it may be sent again."""

NOT_FOUND: Final = 404
"""An answer like any other: there is no such user."""


class SentRequests:
    """Requests answered and failed since they were told last. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered = self._failed = 0
        self._count: Count | None = None

    def report_to(self, count: Count) -> None:
        """Tell ``count`` from now on: at each failure that may be sent again, and on ``report``."""
        self._count = count

    def ask(self, send: Callable[[], T]) -> T:
        """Send one request and return its answer; what the count raises is raised instead of its failure."""
        try:
            answer = send()
        except RosterSyncError as error:
            absent = isinstance(error, Refused) and error.status == NOT_FOUND
            self._add(answered=absent, failed=not absent)
            if isinstance(error, (RetryableError, Refused)) and not absent:
                self.report(str(error))
            raise
        self._add(answered=True)
        return answer

    def report(self, why: str = "") -> None:
        """Tell how many were answered and how many failed, unless nothing was sent."""
        with self._lock:
            answered, failed = self._answered, self._failed
            self._answered = self._failed = 0
        if self._count is not None and (answered or failed):
            self._count(answered, failed, why)

    def _add(self, *, answered: bool = False, failed: bool = False) -> None:
        with self._lock:
            self._answered += answered
            self._failed += failed
