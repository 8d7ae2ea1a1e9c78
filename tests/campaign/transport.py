"""From the real client to the simulator without a socket: bytes, exceptions and time as they would be.

What a real connection makes of a fault is raised here as requests raises it; that it does so over real
sockets is shown in tests/oneroster.
"""

import io
import ssl
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from rostersync.oneroster.allowed import AllowList
from simulator.answers import NOTHING_THERE, Answer
from simulator.query import COLLECTIONS
from simulator.render import PATHS
from simulator.server import Asked, SimulatedServer

DRIPS: Final = 20
MEGABYTE: Final = 1_000_000


class Clock:
    """Seconds that pass only when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the time, as ``time.monotonic`` does."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


def session_factory(
    server: SimulatedServer, clock: Clock, note: Callable[[str, str], None], heard: Callable[[int], None]
) -> Callable[[AllowList], requests.Session]:
    """Return what makes the client's sessions: each leads to this server, wherever it is sent.

    ``note`` is told of each page's collection and ``x-perm-rev``; of one row only, to find the end, nothing.
    ``heard`` is told the status of each answer but those for tokens, as it reaches the client: 0 for none.
    """

    def make(_: AllowList) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", _InProcess(server, clock, note, heard))
        return session

    return make


class _InProcess(BaseAdapter):
    def __init__(
        self,
        server: SimulatedServer,
        clock: Clock,
        note: Callable[[str, str], None],
        heard: Callable[[int], None],
    ) -> None:
        super().__init__()
        self._server, self._clock, self._note, self._heard = server, clock, note, heard
        self._made = HTTPAdapter()

    def send(
        self, request: requests.PreparedRequest, *_: Any, timeout: Any = None, **__: Any
    ) -> requests.Response:
        begun = self._clock()
        answer = self._ask(request)
        _, longest_silence = timeout
        arrives = self._clock() - begun <= longest_silence and answer.delivery not in {"reset", "tls"}
        if urlsplit(str(request.url)).path != "/token":
            self._heard(answer.status if arrives else 0)
        if self._clock() - begun > longest_silence:
            raise requests.exceptions.ReadTimeout("read timed out", request=request)
        if answer.delivery == "reset":
            reset = urllib3.exceptions.ProtocolError(
                "Connection aborted.", ConnectionResetError(104, "reset")
            )
            raise requests.exceptions.ConnectionError(reset, request=request)
        if answer.delivery == "tls":
            kind = ssl.SSLCertVerificationError if answer.body == b"certificate" else ssl.SSLError
            raise requests.exceptions.SSLError(
                urllib3.exceptions.SSLError(kind(1, "handshake")), request=request
            )
        return self._made.build_response(request, self._raw(answer))

    def close(self) -> None:
        """Nothing is open."""

    def _ask(self, request: requests.PreparedRequest) -> Answer:
        url = str(request.url)
        parts = urlsplit(url)
        if parts.path == "/token":
            granted = dict(parse_qsl(str(request.body or "")))
            return self._server.token(request.headers["Authorization"], granted.get("grant_type", ""))
        for version, root in PATHS.items():
            name, _, sourced_id = parts.path.removeprefix(f"{root}/").partition("/")
            if parts.path.startswith(f"{root}/") and version in self._server.versions and name in COLLECTIONS:
                arguments = dict(parse_qsl(parts.query))
                one = unquote(sourced_id) if sourced_id else None
                asked = Asked(name, version, url, request.headers, arguments, one)
                answer = self._server.answer(asked)
                if answer.status == 200 and asked.number("limit") > 1:
                    self._note(name, answer.headers.get("x-perm-rev", ""))
                return answer
        return NOTHING_THERE

    def _raw(self, answer: Answer) -> urllib3.HTTPResponse:
        headers: dict[str, str] = {"Content-Type": answer.content_type, **answer.headers}
        if answer.delivery != "endless":
            headers["Content-Length"] = str(len(answer.body))
        return urllib3.HTTPResponse(
            body=_Bytes(_delivered(answer, self._clock)),
            headers=headers,
            status=answer.status,
            preload_content=False,
            decode_content=False,
            request_method="GET",
        )


def _delivered(answer: Answer, clock: Clock) -> Iterator[bytes]:
    """Yield the body as it comes, while time passes."""
    if answer.delivery == "endless":
        yield answer.body[:-1]
        for _ in range(int(answer.delivery_value)):
            yield b" " * MEGABYTE
    elif answer.delivery == "truncated":
        yield answer.body[: len(answer.body) // 2]
    elif answer.delivery == "drip":
        size = max(1, -(-len(answer.body) // DRIPS))
        for start in range(0, len(answer.body), size):
            clock.sleep(answer.delivery_value)
            yield answer.body[start : start + size]
    else:
        yield answer.body


class _Bytes(io.BufferedIOBase):
    """A body as a connection gives it: what there is, and no more at once than was asked for."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._left = b""

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        while not self._left:
            part = next(self._parts, None)
            if part is None:
                return b""
            self._left = part
        size = len(self._left) if size is None or size < 0 else size
        part, self._left = self._left[:size], self._left[size:]
        return part

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = float("inf") if size is None or size < 0 else size
        found = b""
        while len(found) < wanted and (
            part := self.read1(-1 if wanted == float("inf") else int(wanted) - len(found))
        ):
            found += part
        return found
