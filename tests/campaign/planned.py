"""How many requests a run may send to a server that cuts pages as this one does."""

from collections.abc import Iterable
from itertools import product
from typing import cast

from rostersync.oneroster.payloads import Row
from rostersync.oneroster.pulling import find_total
from rostersync.oneroster.server import Page
from rostersync.oneroster.windows import Window
from rostersync.steps.budget import SPARE
from rostersync.steps.plan_pull import cut_windows
from rostersync.steps.seal_pull import USERS_READ
from rostersync.steps.staged_pull import PULLS
from simulator.faults import Fault
from tests.campaign.invariants import Truth
from tests.campaign.world import World
from tests.steps.driver import Way

_ROW = cast("Row", None)


def most_requests(world: World, truth: Truth, way: Way, faults: Iterable[Fault]) -> int:
    """Return what three pulls are planned with, and 60 more; twice as many where each step runs twice.

    A pull is a look at each collection, its windows, and teachers who are read one by one. Who is not
    found there is asked for twice. Where a server announces no totals, looking for the ends belongs to it.
    """
    several = list(faults)
    page = clamp = way.page_size
    for fault in several:
        if fault.kind == "clamp":
            clamp = min(clamp, fault.number)
        while fault.kind == "limit-refused" and page > fault.number:
            # Who is refused asks for half of it.
            page = page // 2 + 1
    left_out = max((fault.number for fault in several if fault.kind == "short-page"), default=0)
    without_totals = any(fault.kind == "no-totals" for fault in several)
    planned = 0
    for (collection, counted), pull in product(truth.collections.items(), range(1, PULLS + 1)):
        rows = counted["received"]
        planned += 1
        for window in cut_windows(collection, rows, without_totals, way.page_size, pull):
            planned += _requests_of_a_window(window, rows, page, clamp, left_out)
        if without_totals:
            planned += 1 + _looks_for_the_end(rows)
    asked = sum(one.collection == "users" for one in world.server.served.trail)
    planned += PULLS * (min(asked, 2 * USERS_READ) + world.server.served.token_requests)
    return (planned + SPARE) * (2 if way.twice else 1)


def _requests_of_a_window(window: Window, rows: int, page: int, clamp: int, left_out: int) -> int:
    """Count the pages of a server that gives ``clamp`` rows at the most, and some fewer than there are."""
    end = rows if window.end is None else min(window.end, rows)
    place, asked, is_short = window.start, 0, False
    while True:
        limit = page if is_short or window.end is None else min(page, window.end - place)
        there = min(limit, clamp, rows - place)
        given = max(2, there - left_out) if there > 2 else there
        asked += 1
        is_short = given < limit
        if place + given >= end or given < 2:
            return asked
        place += given - 1


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
