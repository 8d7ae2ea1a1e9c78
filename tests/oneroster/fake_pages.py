"""A Roster Server in memory, for what is above the wire: it has ``page`` and nothing else."""

import threading
from collections.abc import Callable
from random import Random

from rostersync.errors import RosterSyncError
from rostersync.oneroster.payloads import Row
from rostersync.oneroster.server import Page
from rostersync.roster.identity import id_hash
from rostersync.roster.records import Org


def row(sourced_id: str) -> Row:
    return Row(sourced_id, id_hash(sourced_id), Org(sourced_id=sourced_id), None)


def rows(count: int, prefix: str = "r") -> list[Row]:
    return [row(f"{prefix}{number:06}") for number in range(count)]


class FakePages:
    """Serves ``collections``; ``trouble`` may raise for a request or change how many rows it gives.

    ``leaves_out``: so many rows of those that a page of more than two would have; ``hides``: so many rows
    that its totals do not tell of; ``doubles``: at which place of a page of more than two a row comes twice.
    """

    def __init__(
        self, collections: dict[str, list[Row]], *, totals: bool = True, clamp: int = 10_000
    ) -> None:
        self.collections = collections
        self.totals = totals
        self.clamp = clamp
        self.leaves_out = self.hides = 0
        self.doubles: int | None = None
        self.requests: list[tuple[str, int, int]] = []
        self.most_in_flight = 0
        self.trouble: Callable[[int, str, int, int], RosterSyncError | int | None] = lambda *_: None
        self._in_flight = 0
        self._lock = threading.Lock()

    def page(self, collection: str, *, offset: int, limit: int) -> Page:
        with self._lock:
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            number = len(self.requests)
            self.requests.append((collection, offset, limit))
        try:
            found = self.trouble(number, collection, offset, limit)
            if isinstance(found, Exception):
                raise found
            count = min(limit, self.clamp) if found is None else found
            everything = self.collections[collection]
            there = everything[offset : offset + count]
            given = there[: max(2, len(there) - self.leaves_out)]
            if self.doubles is not None and len(given) > 2:
                given.insert(self.doubles % len(given), given[self.doubles % len(given)])
            return Page(
                rows=given,
                total=len(everything) - self.hides if self.totals else None,
                revision="",
                bytes=0,
            )
        finally:
            with self._lock:
                self._in_flight -= 1


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self, seconds: float = 10_000.0) -> None:
        self.left = seconds
        self.waits: list[float] = []
        self.dice = Random(1)
        self._lock = threading.Lock()

    def seconds_left(self) -> float:
        return self.left

    def wait(self, seconds: float) -> None:
        with self._lock:
            self.waits.append(seconds)
            self.left -= seconds
