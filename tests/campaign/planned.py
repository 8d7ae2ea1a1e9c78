"""How many requests one pull needs of a server that cuts pages as this one does, when nothing goes wrong."""

from collections.abc import Iterable
from typing import cast

from rostersync.oneroster.payloads import Row
from rostersync.oneroster.pulling import find_total
from rostersync.oneroster.server import Page
from rostersync.steps.seal_pull import USERS_READ
from simulator.faults import Fault
from tests.campaign.invariants import Truth
from tests.campaign.world import World
from tests.steps.driver import Way

_ROW = cast("Row", None)


def planned_requests(world: World, truth: Truth, way: Way, faults: Iterable[Fault]) -> int:
    """Return the requests of one pull: a look at each collection, its pages, teachers read one by one.

    Who is not found there is asked for twice.

    Where a server announces no totals, looking for the ends belongs to the plan.
    """
    several = list(faults)
    page = way.page_size
    for fault in several:
        if fault.kind in {"clamp", "limit-refused"}:
            page = min(page, fault.number)
    left_out = max((fault.number for fault in several if fault.kind == "short-page"), default=0)
    without_totals = any(fault.kind == "no-totals" for fault in several)
    planned = 0
    for counted in truth.collections.values():
        rows = counted["received"]
        # A server that always leaves some rows out sends the last of them one by one, and is asked for more.
        planned += 2 + -(-rows // (page - left_out - 1)) + min(rows, left_out) + (left_out > 0)
        if without_totals:
            planned += 1 + _looks_for_the_end(rows)
    asked = sum(one.collection == "users" for one in world.server.served.trail)
    planned += min(asked, 2 * USERS_READ) + world.server.served.token_requests
    return planned * (2 if way.twice else 1)


class _Rows:
    def __init__(self, rows: int) -> None:
        self._rows = rows
        self.asked = 0

    def page(self, collection: str, *, offset: int, limit: int) -> Page:
        self.asked += 1
        return Page([_ROW] if offset < self._rows else [], None, "", 0)


def _looks_for_the_end(rows: int) -> int:
    server = _Rows(rows)
    find_total(server, "")
    return server.asked
