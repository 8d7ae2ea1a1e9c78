"""AWS's clients, each made when it is first called: a function waits only for those that it uses."""

import threading
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.config import Config

# storage/retrying.py carries on where these few attempts end; the pool serves its threads.
_CONFIG: Final = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=32)

# A session makes one client at a time; the clients themselves may be called from any thread.
_MAKING: Final = threading.RLock()


class LateClient:
    """The client of a service, by the name that botocore gives it."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, operation: str) -> Any:
        """Return the client's own method, and remember it."""
        with _MAKING:
            found = getattr(_made(self._service), operation)
        setattr(self, operation, found)
        return found


@cache
def late_client(service: str) -> Any:
    """Return a service's client; nothing is read or sent before it is called."""
    return LateClient(service)


@cache
def _made(service: str) -> Any:
    return _session().create_client(service, config=_CONFIG)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()
