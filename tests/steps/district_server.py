"""A simulated district as the fake Roster Server serves it: its rows through the real parser, no HTTP."""

from rostersync.oneroster.payloads import Row, parse_page
from rostersync.roster.records import COLLECTIONS
from simulator import query, render
from simulator.district import District
from simulator.tables import TABLES
from tests.steps.fake_server import FakeRosterServer


def serve_district(district: District) -> FakeRosterServer:
    """Return a server of the district as it is now."""
    server = FakeRosterServer({})
    for collection in COLLECTIONS:
        server.rows[collection] = sorted(_rows(district, collection), key=lambda row: row.sourced_id)
    server.users = {row.sourced_id: row for row in _rows(district, "users")}
    return server


def _rows(district: District, name: str) -> list[Row]:
    collection = query.COLLECTIONS[name]
    found = district.tables.rows(TABLES[collection.table], collection.where)
    body = render.encode({collection.envelope: [render.record(row, render.V1P1) for _, row in found]})
    return parse_page(name, body)
