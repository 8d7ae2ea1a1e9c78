"""What a server has served: the numbers that tests and people look at."""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

_TRAIL: Final = 20_000


class Request(NamedTuple):
    """One request for data, and nothing of whom it was about; -1 for what was not asked for."""

    collection: str
    offset: int
    limit: int
    status: int
    rows: int


class Served:
    """Counts since the server started, or since ``reset``.

    ``requests`` counts every request for data, whatever came of it, and ``token_requests`` those for a token.
    ``rows`` counts rows sent by collection, ``statuses`` answers by status (0: the connection was reset).
    ``most_at_once`` is the highest number of requests in flight, ``trail`` the last 20,000 requests in the
    order in which they were answered.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_once = 0
        self.reset()

    def reset(self) -> None:
        """Begin again at nothing."""
        with self._lock:
            self.requests = 0
            self.token_requests = 0
            self.rows: Counter[str] = Counter()
            self.statuses: Counter[int] = Counter()
            self.bytes = 0
            self.most_at_once = 0
            self.trail: deque[Request] = deque(maxlen=_TRAIL)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Count a request for data while it is being answered."""
        with self._lock:
            self.requests += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def token(self) -> None:
        """Count a request for a token."""
        with self._lock:
            self.token_requests += 1

    def answered(self, request: Request, size: int) -> None:
        """Note what a request was answered with; ``size`` is the body's, in bytes."""
        with self._lock:
            self.rows[request.collection] += request.rows
            self.statuses[request.status] += 1
            self.bytes += size
            self.trail.append(request)

    def described(self) -> dict[str, Any]:
        """Return the counts as an object for JSON."""
        with self._lock:
            return {
                "requests": self.requests,
                "tokenRequests": self.token_requests,
                "rows": dict(self.rows),
                "statuses": {str(status): number for status, number in self.statuses.items()},
                "bytes": self.bytes,
                "mostAtOnce": self.most_at_once,
            }
