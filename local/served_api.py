"""A template's HTTP API while the engine runs: served when somebody asks for it, closed with the engine."""

import threading
from collections.abc import Iterable

from local.clock import Clock
from local.errors import LocalEngineError
from local.front_door import FrontDoor, Invoke
from local.http_api import read_http_api
from local.http_server import HttpServer
from local.static_files import StaticFiles
from local.template import Template
from local.tokens import TokenIssuer


class ServedApi:
    """The way from a template to an address."""

    def __init__(
        self,
        template: Template,
        invoke: Invoke,
        clock: Clock,
        *,
        issuers: Iterable[TokenIssuer],
        throttle: bool,
    ) -> None:
        self._api = read_http_api(template)
        self._invoke = invoke
        self._clock = clock
        self._issuers = tuple(issuers)
        self._throttle = throttle
        self._lock = threading.Lock()
        self._is_running = False
        self._server: HttpServer | None = None

    def start(self) -> None:
        """Be ready to be served; the functions are there by now."""
        with self._lock:
            self._is_running = True

    def url(self) -> str:
        """The address, on a free port when nobody chose one; "" when the template has no HTTP API."""
        if self._api is None:
            return ""
        with self._lock:
            return (self._server or self._serve(0, StaticFiles())).url

    def serve(self, port: int, static: StaticFiles) -> str:
        """Serve on a port; returns the address."""
        with self._lock:
            if self._server is not None:
                raise LocalEngineError(f"the HTTP API is served at {self._server.url} already")
            return self._serve(port, static).url

    def close(self) -> None:
        """Take no further request."""
        with self._lock:
            self._is_running = False
            if self._server is not None:
                self._server.close()
                self._server = None

    def _serve(self, port: int, static: StaticFiles) -> HttpServer:
        if self._api is None:
            raise LocalEngineError("the template has no HTTP API")
        if not self._is_running:
            raise LocalEngineError("the local engine is not running")
        door = FrontDoor(
            self._api,
            self._invoke,
            self._clock,
            issuers=self._issuers,
            throttle=self._throttle,
            static=static,
        )
        self._server = HttpServer(door, port)
        return self._server
