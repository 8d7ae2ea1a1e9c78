"""What one answer tells the reader to do next, where the project's vocabulary of errors is too coarse.

These stay inside this room: ``settled`` turns them into the error that the state machines know by name.
"""

from rostersync.errors import RosterServerUnavailable, RosterSyncError, UnexpectedAnswer


class Busy(RosterServerUnavailable):
    """429: everybody should pause. ``retry_after`` in seconds, None when the server does not say."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooHeavy(RosterServerUnavailable):
    """502, 503, 504, or an answer without end: ask for a smaller page (ONEROSTER §7)."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(UnexpectedAnswer):
    """400, 404 or another 4xx that has no meaning of its own; ``status`` says which."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def settled(error: RosterSyncError) -> RosterSyncError:
    """Return the error as it may leave this room: of a class that the state machines name."""
    if isinstance(error, RosterServerUnavailable):
        return RosterServerUnavailable(str(error))
    if isinstance(error, UnexpectedAnswer):
        return UnexpectedAnswer(str(error))
    return error
