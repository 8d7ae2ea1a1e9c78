"""ClassLink's partner API: which districts have approved an application, and where their servers are."""

from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

from simulator.query import DEFAULT_LIMIT

if TYPE_CHECKING:
    from simulator.server import SimulatedServer

APPLICATION_ID = "MoYPlyQWmG0%3D"
"""Percent-escaped as it stands in the list: whoever escapes it again asks for another application."""


def add_routes(app: Flask, server: "SimulatedServer") -> None:
    """Serve ``/applications`` and ``/applications/{id}/server`` for who bears the server's partner key."""

    def applications() -> Response:
        if refusal := _refusal(server):
            return refusal
        listed = [
            {
                "id": 1,
                "tenant_name": server.district.name,
                "tenant_id": 1001,
                "application_id": 2002,
                "bearer": server.gate.token,
                "name": "Roster sync",
                "oneroster_application_id": APPLICATION_ID,
                "enabled": "true",
                "tenant_status": "Active",
            }
        ]
        offset = request.args.get("offset", 0, type=int)
        limit = request.args.get("limit", DEFAULT_LIMIT, type=int)
        # No counts: who wants all of them asks until nothing comes.
        return jsonify(status=1, applications=listed[offset : offset + limit])

    def application_server(application: str) -> Response:
        if refusal := _refusal(server):
            return refusal
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
