"""Fakes that count their calls and fail when they are told to."""

import threading

from rostersync.errors import StorageUnavailable


class Failing:
    """``calls`` counts calls, ``writes`` items or objects written and deleted; both may be set back to 0."""

    def __init__(self) -> None:
        self.calls = 0
        self.writes = 0
        self._lock = threading.Lock()
        self._fail_at_call = 0
        self._fail_at_write = 0
        self._error: Exception = StorageUnavailable("the fake was told to fail")

    def fail_at_call(self, number: int, error: Exception | None = None) -> None:
        """Fail the ``number``-th call from now, 1 for the next; the ones after it work again."""
        self._fail_at_call = self.calls + number
        self._error = error or self._error

    def fail_at_write(self, number: int, error: Exception | None = None) -> None:
        """Fail instead of the ``number``-th write from now, in the middle of a batch too."""
        self._fail_at_write = self.writes + number
        self._error = error or self._error

    def note_call(self) -> None:
        """Count a call, or fail it."""
        with self._lock:
            self.calls += 1
            if self.calls == self._fail_at_call:
                raise self._error

    def note_write(self) -> None:
        """Count a write, or fail before it happens."""
        with self._lock:
            if self.writes + 1 == self._fail_at_write:
                self._fail_at_write = 0
                raise self._error
            self.writes += 1
