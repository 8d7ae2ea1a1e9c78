"""A tiny HTTP server on loopback whose answers a test scripts byte by byte."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


@dataclass
class Asked:
    """One request as it arrived; ``target`` is path and query exactly as sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> str:
        return urlsplit(self.target).query


@dataclass
class Reply:
    """``chunks`` are written as they come when given, with no length; ``length`` lies about the body's."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Callable[[], Iterator[bytes]] | None = None
    length: int | None = None
    hang_up: bool = False


Script = Callable[[Asked], Reply]


@dataclass
class Loopback:
    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """Serve ``script`` for the time of the block, over https where ``tls`` is given."""
    loopback = Loopback("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

        def _serve(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            asked = Asked(
                self.command, self.path, dict(self.headers), self.rfile.read(size), self.client_address[1]
            )
            loopback.asked.append(asked)
            reply = script(asked)
            if reply.hang_up:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.chunks is None:
                self.send_header(
                    "Content-Length", str(len(reply.body) if reply.length is None else reply.length)
                )
                self.end_headers()
                self.wfile.write(reply.body)
                self.close_connection = reply.length is not None
                return
            self.end_headers()
            self.close_connection = True
            try:
                for chunk in reply.chunks():
                    self.wfile.write(chunk)
            except OSError:
                return

        do_GET = do_POST = _serve  # noqa: N815 - http.server's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        # A handshake that fails is no request, and the next one is served.
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    loopback.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
