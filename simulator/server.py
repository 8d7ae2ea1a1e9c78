"""The server: flask's routes over a district, in a thread of this process."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Final

from flask import Flask, Response, jsonify, request

from simulator import answers, control, partner, wire
from simulator.answers import Answer
from simulator.days import advance_day, rollover
from simulator.district import District
from simulator.faults import Fault, Faults, Met
from simulator.pages import Pages
from simulator.query import COLLECTIONS
from simulator.render import PATHS
from simulator.served import Request, Served
from simulator.signatures import METHODS, TOKEN_SECONDS, Gate

DEMO_CLIENT_ID: Final = "demo-client"
DEMO_CLIENT_SECRET: Final = "demo-client-secret"  # noqa: S105 - opens invented data on this machine only


class SimulatedServer:
    """A Roster Server on a loopback address, throughout a ``with`` block or from ``start`` to ``close``.

    ``auths`` are the ways in that are open, of ``oauth1-sha256``, ``oauth1-sha1`` and ``oauth2``, which is
    ``/token``; a static bearer ``token`` is accepted when there is one. ``versions`` are the paths that
    exist, of ``v1p1`` and ``v1p2``. With ``partner_key`` the partner API answers under ``/applications``,
    listing ``partner_others`` districts before this one, and the proxy's paths below ``/<application id>/``
    and ``/proxy/v1p0/<application id>/``. Latencies are in
    milliseconds a request and microseconds a record. Port 0 takes a free one.
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
    ) -> None:
        self.district = district
        self.faults = Faults(faults)
        self.served = Served()
        self.gate = Gate(client_id, client_secret, token=token, auths=tuple(auths))
        self.partner_key = partner_key
        self.partner_others = partner_others
        self.latency_ms = latency_ms
        self._versions = tuple(versions)
        self._pages = Pages(district, latency_us_per_record=latency_us_per_record)
        self._host, self._port = host, port
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
        for version in self._versions:
            for root in (f"{before}{PATHS[version]}" for before in ("", *proxied)):
                given = {"version": version}
                app.add_url_rule(f"{root}/<name>", f"{root} page", self._collection, defaults=given)
                app.add_url_rule(
                    f"{root}/<name>/<path:sourced_id>", f"{root} record", self._record, defaults=given
                )
        app.add_url_rule("/token", "token", self._token, methods=["POST"])
        partner.add_routes(app, self)
        control.add_routes(app, self)
        app.register_error_handler(404, _no_such_path)
        return app

    def _collection(self, name: str, version: str, **_path: str) -> Response:
        if name not in COLLECTIONS:
            return _no_such_path()
        return self._answer(name, lambda met: self._pages.page(name, version, request.args, met))

    def _record(self, name: str, sourced_id: str, version: str, **_path: str) -> Response:
        if name not in COLLECTIONS:
            return _no_such_path()
        return self._answer(name, lambda _met: self._pages.record(name, sourced_id, version))

    def _answer(self, name: str, make: Callable[[Met], Answer]) -> Response:
        """Answer a request for data: faults that come first, then who is asking, then ``make``."""
        with self.served.in_flight():
            met = self.faults.meet(name)
            slow = met.fire("slow")
            time.sleep(self.latency_ms / 1000 + (slow.seconds if slow else 0.0))
            answer = answers.early(met)
            if answer is None:
                if met.get("token-expired") and self.gate.forget_tokens():
                    met.fire("token-expired")
                if self.gate.lets_in(
                    request.method,
                    f"{request.host_url[:-1]}{request.environ['REQUEST_URI']}",
                    dict(request.headers),
                ):
                    answer = make(met)
                else:
                    answer = answers.failure(401, "unauthorisedrequest", "The request is not authorised.")
            answer = answers.sent(answer, met, request.headers.get("Accept-Encoding", ""))
        self.served.answered(
            Request(name, _number("offset"), _number("limit"), answer.status, answer.rows), len(answer.body)
        )
        return wire.response(answer)

    def _token(self) -> Response:
        self.served.token()
        answer = answers.early(self.faults.meet("token"))
        if answer is not None:
            return wire.response(answer)
        if "oauth2" not in self.gate.auths:
            return _no_such_path()
        granted = request.form.get("grant_type") == "client_credentials"
        token = self.gate.new_token(request.headers.get("Authorization", "")) if granted else ""
        if not token:
            return wire.response(Answer(401, b'{"error":"invalid_client"}'))
        return jsonify(access_token=token, token_type="bearer", expires_in=TOKEN_SECONDS)  # noqa: S106 - its kind


def _no_such_path(_error: object = None) -> Response:
    return wire.response(answers.failure(404, "unknownobject", "There is nothing at this path."))


def _number(name: str) -> int:
    return request.args.get(name, -1, type=int)
