"""Routes below ``/_simulator/`` by which another process steers a server. They ask nobody who is there."""

from datetime import date
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from simulator.faults import BadFault, Fault
from simulator.oracle import Oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.server import SimulatedServer


def add_routes(app: Flask, server: "SimulatedServer") -> None:
    """Serve the routes; bodies and answers are JSON.

    ========  ==========  ==========================================================================
    POST      /advance    a day forward, or with ``?rollover=1`` a new school year; what happened
    GET       /district   name, e-mail domain, date, amounts of dirt
    GET       /served     what was served; ``DELETE`` begins to count anew
    GET       /faults     what is switched on, and how often each fault fired
    PUT       /faults     a list of faults (``faults.Fault``), to be the only ones
    GET       /oracle     ``?today=YYYY-MM-DD``: what a right sync gives on that date
    POST      /secret     a new client secret; ``{"clientSecret": …}`` for a certain one
    ========  ==========  ==========================================================================
    """

    def advance() -> Response:
        happened = server.rollover() if request.args.get("rollover") else server.advance_day()
        return jsonify(today=server.district.today.isoformat(), happened=happened)

    def district() -> Response:
        made = server.district
        return jsonify(name=made.name, domain=made.domain, today=made.today.isoformat(), dirt=dict(made.dirt))

    def served() -> Response:
        return jsonify(server.served.described())

    def forget() -> Response:
        server.served.reset()
        return jsonify(server.served.described())

    def faults() -> Response:
        return jsonify(faults=server.faults.described(), fired=dict(server.faults.fired))

    def set_faults() -> Response:
        described: Any = request.get_json(silent=True)
        if not isinstance(described, list) or not all(isinstance(one, dict) for one in described):
            return _refused("the body is a list of faults")
        try:
            wanted = [Fault.from_object(one) for one in described]
        except BadFault as error:
            return _refused(str(error))
        server.faults.set(*wanted)
        return faults()

    def oracle() -> Response:
        try:
            today = date.fromisoformat(request.args.get("today", server.district.today.isoformat()))
        except ValueError:
            return _refused("today is not a date")
        return jsonify(described(Oracle(server.district.tables), today))

    def secret() -> Response:
        body: Any = request.get_json(silent=True) or {}
        return jsonify(clientSecret=server.rotate_secret(str(body.get("clientSecret", ""))))

    routes: dict[tuple[str, str], Callable[[], Response]] = {
        ("POST", "advance"): advance,
        ("GET", "district"): district,
        ("GET", "served"): served,
        ("DELETE", "served"): forget,
        ("GET", "faults"): faults,
        ("PUT", "faults"): set_faults,
        ("GET", "oracle"): oracle,
        ("POST", "secret"): secret,
    }
    for (method, name), view in routes.items():
        app.add_url_rule(f"/_simulator/{name}", f"{method} {name}", view, methods=[method])


def described(oracle: Oracle, today: date) -> dict[str, Any]:
    """Return everything the oracle says of a date, as an object for JSON."""
    return {
        "today": today.isoformat(),
        "statistics": oracle.statistics(today),
        "collections": oracle.collections(),
        "without": oracle.without(today),
        "owners": {email: sorted(teachers) for email, teachers in oracle.owners(today).items()},
        "groups": [
            {"owner": owner, "class": class_id, "name": group.name, "members": sorted(group.members)}
            for (owner, class_id), group in sorted(oracle.groups(today).items())
        ],
    }


def _refused(why: str) -> Response:
    made = jsonify(error=why)
    made.status_code = 400
    return made
