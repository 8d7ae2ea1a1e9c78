"""ClassLink's partner API: which districts have approved an application, and where their servers are."""

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

from simulator.query import DEFAULT_LIMIT

if TYPE_CHECKING:
    from simulator.server import SimulatedServer

APPLICATION_ID = "MoYPlyQWmG0%3D"
"""Percent-escaped as it stands in the list: whoever escapes it again asks for another application."""

ELSEWHERE = "https://elsewhere.rosterserver.com"
"""Where the servers of the other districts are said to be; nobody is there."""


def add_routes(app: Flask, server: "SimulatedServer") -> None:
    """Serve ``/applications`` and ``/applications/{id}/server`` for who bears the server's partner key."""
    others = range(1, server.partner_others + 1)

    def applications() -> Response:
        if refusal := _refusal(server):
            return refusal
        listed = [
            *(_listed(number, f"Other district {number}", "", _other(number)) for number in others),
            _listed(len(others) + 1, server.district.name, server.gate.token, APPLICATION_ID),
        ]
        offset = request.args.get("offset", 0, type=int)
        limit = request.args.get("limit", DEFAULT_LIMIT, type=int)
        # No counts: who wants all of them asks until nothing comes.
        return jsonify(status=1, applications=listed[offset : offset + limit])

    def application_server(application: str) -> Response:
        if refusal := _refusal(server):
            return refusal
        if application in {_other(number) for number in others}:
            strange = {"client_id": f"of-{application}", "client_secret": "", "endpoint_url": ELSEWHERE}
            return jsonify(status=1, server=strange, message="")
        if application != APPLICATION_ID.replace("%3D", "="):
            return _answer(404, "No such application")
        found = {
            "client_id": server.client_id,
            "client_secret": server.client_secret,
            "endpoint_url": server.url,
        }
        return jsonify(status=1, server=found, message="")

    app.add_url_rule("/applications", "applications", applications)
    app.add_url_rule("/applications/<application>/server", "application server", application_server)


def _other(number: int) -> str:
    return f"Other{number}"


def _listed(number: int, name: str, bearer: str, application: str) -> dict[str, object]:
    return {
        "id": number,
        "tenant_name": name,
        "tenant_id": 1000 + number,
        "application_id": 2002,
        "bearer": bearer,
        "name": "Roster sync",
        "oneroster_application_id": application,
        "enabled": "true",
        "tenant_status": "Active",
    }


def _refusal(server: "SimulatedServer") -> Response | None:
    if not server.partner_key:
        return _answer(404, "Not found")
    if request.headers.get("Authorization") != f"Bearer {server.partner_key}":
        return _answer(401, "Unauthorized")
    return None


def _answer(status: int, message: str) -> Response:
    made = jsonify(status=0, message=message)
    made.status_code = status
    return made
