"""The limit of requests that an HTTP API takes."""

import threading
from collections.abc import Callable

from local.http_api import Throttling


class TokenBucket:
    """Holds ``burst`` tokens and gets ``rate`` a second; a request takes one. ``now`` gives seconds."""

    def __init__(self, limits: Throttling, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._lock = threading.Lock()
        self._tokens = limits.burst
        self._filled = now()

    def take(self) -> bool:
        """Take a token; False when there is none."""
        with self._lock:
            now = self._now()
            # A clock that was set back gives nothing and takes nothing.
            gained = max(0.0, now - self._filled) * self._limits.rate
            self._tokens = min(self._limits.burst, self._tokens + gained)
            self._filled = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
