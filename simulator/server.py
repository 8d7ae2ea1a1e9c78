"""The server: flask's routes over a district, in a thread of this process."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from flask import Flask, Response, request

from simulator import answers, control, partner, render, wire
from simulator.answers import Answer
from simulator.days import advance_day, rollover
from simulator.district import District
from simulator.faults import Fault, Faults
from simulator.pages import Pages
from simulator.query import COLLECTIONS
from simulator.render import PATHS
from simulator.served import Request, Served
from simulator.signatures import METHODS, TOKEN_SECONDS, Gate

DEMO_CLIENT_ID: Final = "demo-client"
DEMO_CLIENT_SECRET: Final = "demo-client-secret"  # noqa: S105 - opens invented data on this machine only


@dataclass(frozen=True)
class Asked:
    """A GET of a collection, or with ``sourced_id`` of a record. ``url`` is the whole address, as signed."""

    name: str
    version: str
    url: str
    headers: Mapping[str, str]
    arguments: Mapping[str, str]
    sourced_id: str | None = None

    def number(self, name: str) -> int:
        """Return an argument as a number, -1 for none."""
        text = self.arguments.get(name, "")
        return int(text) if text.isdigit() else -1


class SimulatedServer:
    """A Roster Server on a loopback address, throughout a ``with`` block or from ``start`` to ``close``.

    ``auths`` are the ways in that are open, of ``oauth1-sha256``, ``oauth1-sha1`` and ``oauth2``, which is
    ``/token``; a static bearer ``token`` is accepted when there is one. ``versions`` are the paths that
    exist, of ``v1p1`` and ``v1p2``. With ``partner_key`` the partner API answers under ``/applications``,
    listing ``partner_others`` districts before this one, and the proxy's paths below ``/<application id>/``
    and ``/proxy/v1p0/<application id>/``. Latencies are in
    milliseconds a request and microseconds a record. Port 0 takes a free one.

    Without a ``with`` block nothing listens, and ``answer`` and ``token`` may be called all the same: for
    who carries the bytes in a way of its own, and lets time pass by itself (``sleep``).
    """

    def __init__(
        self,
        district: District,
        *,
        faults: Iterable[Fault] = (),
        client_id: str = DEMO_CLIENT_ID,
        client_secret: str = DEMO_CLIENT_SECRET,
        token: str = "",
        auths: Sequence[str] = tuple(METHODS),
        versions: Sequence[str] = tuple(PATHS),
        partner_key: str = "",
        partner_others: int = 0,
        latency_ms: float = 0.0,
        latency_us_per_record: float = 0.0,
        port: int = 0,
        host: str = "127.0.0.1",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.district = district
        self.faults = Faults(faults)
        self.served = Served()
        self.gate = Gate(client_id, client_secret, token=token, auths=tuple(auths))
        self.partner_key = partner_key
        self.partner_others = partner_others
        self.latency_ms = latency_ms
        self.versions = tuple(versions)
        self._pages = Pages(district, latency_us_per_record=latency_us_per_record)
        self._host, self._port = host, port
        self._sleep = sleep
        self._server: wire.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The server's address without a path."""
        return f"http://{self._host}:{self._port}"

    @property
    def client_id(self) -> str:
        """The id that requests are signed with."""
        return self.gate.client_id

    @property
    def client_secret(self) -> str:
        """The secret that requests are signed with at this moment."""
        return self.gate.client_secret

    def start(self) -> "SimulatedServer":
        """Listen, and answer in a thread."""
        self._server = wire.Server(self._host, self._port, self._app())
        self._port = self._server.port
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.02,), name="simulated-server", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop answering; the district stays."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> "SimulatedServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def advance_day(self) -> dict[str, int]:
        """Take the district a day forward; return what happened on it."""
        return advance_day(self.district)

    def rollover(self) -> dict[str, int]:
        """Begin a new school year: every class is another; return what happened."""
        return rollover(self.district)

    def rotate_secret(self, client_secret: str = "") -> str:
        """Change the client secret, to a new one unless given; return it."""
        return self.gate.rotate(client_secret)

    def _app(self) -> Flask:
        app = Flask("simulator")
        app.url_map.merge_slashes = False
        # The proxy puts the application before the path; which one it is does not matter here.
        proxied = ("/<application>", "/proxy/v1p0/<application>") if self.partner_key else ()
        for version in self.versions:
            for root in (f"{before}{PATHS[version]}" for before in ("", *proxied)):
                given = {"version": version}
                app.add_url_rule(f"{root}/<name>", f"{root} page", self._collection, defaults=given)
                app.add_url_rule(
                    f"{root}/<name>/<path:sourced_id>", f"{root} record", self._collection, defaults=given
                )
        app.add_url_rule("/token", "token", self._token, methods=["POST"])
        partner.add_routes(app, self)
        control.add_routes(app, self)
        app.register_error_handler(404, _no_such_path)
        return app

    def answer(self, asked: Asked) -> Answer:
        """Answer a request for data: faults that come first, then who is asking, then what for."""
        with self.served.in_flight():
            met = self.faults.meet(asked.name)
            slow = met.fire("slow")
            self._sleep(self.latency_ms / 1000 + (slow.seconds if slow else 0.0))
            answer = answers.early(met)
            if answer is None:
                if met.get("token-expired") and self.gate.forget_tokens():
                    met.fire("token-expired")
                if not self.gate.lets_in("GET", asked.url, asked.headers):
                    answer = answers.failure(401, "unauthorisedrequest", "The request is not authorised.")
                elif asked.sourced_id is None:
                    answer = self._pages.page(asked.name, asked.version, asked.arguments, met)
                else:
                    answer = self._pages.record(asked.name, asked.sourced_id, asked.version)
            answer = answers.sent(answer, met, asked.headers.get("Accept-Encoding", ""))
        self.served.answered(
            Request(asked.name, asked.number("offset"), asked.number("limit"), answer.status, answer.rows),
            len(answer.body),
        )
        return answer

    def token(self, authorization: str, grant_type: str) -> Answer:
        """Answer a request for a token."""
        self.served.token()
        answer = answers.early(self.faults.meet("token"))
        if answer is not None:
            return answer
        if "oauth2" not in self.gate.auths:
            return answers.NOTHING_THERE
        token = self.gate.new_token(authorization) if grant_type == "client_credentials" else ""
        if not token:
            return Answer(401, b'{"error":"invalid_client"}')
        granted = {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS}
        return Answer(200, render.encode(granted))

    def _collection(self, name: str, version: str, sourced_id: str | None = None, **_path: str) -> Response:
        if name not in COLLECTIONS:
            return _no_such_path()
        url = f"{request.host_url[:-1]}{request.environ['REQUEST_URI']}"
        return wire.response(
            self.answer(Asked(name, version, url, dict(request.headers), request.args, sourced_id))
        )

    def _token(self) -> Response:
        authorization = request.headers.get("Authorization", "")
        return wire.response(self.token(authorization, request.form.get("grant_type", "")))


def _no_such_path(_error: object = None) -> Response:
    return wire.response(answers.NOTHING_THERE)
