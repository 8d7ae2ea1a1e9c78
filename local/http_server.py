"""A WSGI application served on loopback, in threads of its own."""

import socket
import threading
from typing import TYPE_CHECKING, Final

from werkzeug.serving import make_server

from local.errors import LocalEngineError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_HOST: Final = "127.0.0.1"
_SECONDS_BETWEEN_LOOKS: Final = 0.02


class HttpServer:
    """Serves from the moment it is made; ``port`` 0 is a free one. ``url`` has no slash at its end."""

    def __init__(self, application: "WSGIApplication", port: int = 0) -> None:
        # Bound here: werkzeug ends the whole process when a port is taken.
        try:
            listening = socket.create_server((_HOST, port), backlog=128)
        except OSError as error:
            raise LocalEngineError(f"port {port} cannot be served: {error.strerror}") from None
        with listening:
            bound: int = listening.getsockname()[1]
            self._server = make_server(_HOST, bound, application, threaded=True, fd=listening.fileno())
        self.url = f"http://{_HOST}:{bound}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_SECONDS_BETWEEN_LOOKS,), daemon=True, name="front door"
        )
        self._thread.start()

    def close(self) -> None:
        """Take no further request; who waits for an answer may still get it."""
        self._server.shutdown()
        self._thread.join()
