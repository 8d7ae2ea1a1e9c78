"""Bytes on their way: HTTP/1.1 with connections kept alive, and what can happen to an answer there."""

import io
import socket
import struct
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Response
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from simulator.answers import Answer

_MEGABYTE: Final = 1_000_000
_DRIPS: Final = 20
_IDLE_SECONDS: Final = 60


class Server(ThreadedWSGIServer):
    """A thread for each connection. Closing it ends the connections that are open."""

    daemon_threads = True

    def __init__(self, host: str, port: int, app: Flask) -> None:
        self.open: set[socket.socket] = set()
        self.guard = threading.Lock()
        super().__init__(host, port, app, handler=Handler)

    def server_close(self) -> None:
        """Stop listening, and hang up on everybody."""
        super().server_close()
        with self.guard:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # The client was faster.


class Handler(WSGIRequestHandler):
    """Keeps connections alive, as Roster Servers do and werkzeug's own handler does not; logs nothing."""

    server: Server
    protocol_version = "HTTP/1.1"
    # Headers and body may be written apart; with Nagle's algorithm the second waits for the first's receipt.
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS

    def setup(self) -> None:
        """Note the connection."""
        super().setup()
        with self.server.guard:
            self.server.open.add(self.connection)

    def finish(self) -> None:
        """Forget the connection."""
        with self.server.guard:
            self.server.open.discard(self.connection)
        super().finish()

    def run_wsgi(self) -> None:
        """Answer one request, and leave the connection ready for the next."""
        # The whole body is read before the answer: what is left of it would be taken for the next request.
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(body)
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
            started[:] = [status, headers]

        parts = self.server.app(environ, start_response)
        try:
            # Pulling the first part first: a connection that is reset has sent nothing.
            first = next(iter(parts), b"") if isinstance(parts, Iterator) else b"".join(parts)
            self._head(started[0], dict(started[1]))
            if self.command != "HEAD":
                self._send(first, parts if isinstance(parts, Iterator) else iter(()))
        finally:
            close = getattr(parts, "close", None)
            if close:
                close()

    def _head(self, status: str, headers: dict[str, str]) -> None:
        self._chunked = "Content-Length" not in headers
        if self._chunked:
            headers["Transfer-Encoding"] = "chunked"
        if self.headers.get("Connection", "").lower() == "close":
            self.close_connection = True
            headers["Connection"] = "close"
        code = HTTPStatus(int(status.split()[0]))
        self.send_response(code, code.phrase)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._write(first)
        for part in rest:
            self._write(part)
        if self._chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _write(self, part: bytes) -> None:
        if self._chunked and part:
            part = b"%x\r\n%s\r\n" % (len(part), part)
        self.wfile.write(part)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's signature
        """Log nothing: addresses hold ids."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:  # noqa: ARG002 - werkzeug's
        """End a connection that a fault, or the client, dropped."""
        self.close_connection = True
        if isinstance(error, _Dropped) and error.reset:
            # Lingering for no time, close sends a reset; later, somebody would have said farewell first.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()


class _Dropped(ConnectionError):
    """A fault ends the connection."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__("dropped by a fault")
        self.reset = reset


def response(answer: Answer) -> Response:
    """Return the answer as flask sends it, with what befalls it on the way."""
    if answer.delivery in {"reset", "tls"}:
        # Without TLS there is no handshake to fail: what is left of it is a connection that ends.
        return Response(_dropped(reset=answer.delivery == "reset"))
    if not answer.delivery:
        made = Response(answer.body, answer.status, content_type=answer.content_type)
    else:
        made = Response(_body(answer), answer.status, content_type=answer.content_type)
        if answer.delivery != "endless":
            made.headers["Content-Length"] = str(len(answer.body))
    made.headers.update(answer.headers)
    return made


def _body(answer: Answer) -> Iterator[bytes]:
    if answer.delivery == "endless":
        # The document begins as it should and never ends.
        yield answer.body[:-1]
        for _ in range(int(answer.delivery_value)):
            yield b" " * _MEGABYTE
    elif answer.delivery == "truncated":
        yield answer.body[: len(answer.body) // 2]
        raise _Dropped(reset=False)
    else:
        size = max(1, -(-len(answer.body) // _DRIPS))
        for start in range(0, len(answer.body), size):
            time.sleep(answer.delivery_value)
            yield answer.body[start : start + size]


def _dropped(*, reset: bool) -> Iterator[bytes]:
    raise _Dropped(reset=reset)
    yield b""  # What makes it a generator: the connection ends when the answer is asked for.
