"""The simulator in a process of its own, with a district of about 150,000 records and its pages kept."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, Final, NamedTuple

import requests

from rostersync.roster.records import COLLECTIONS

STUDENTS: Final = 16_800
"""About 150,000 records."""

TODAY: Final = date(2026, 10, 5)
TOKEN: Final = "benchmark"
AUTHORIZATION: Final = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
PATH: Final = "/ims/oneroster/v1p1"
CACHED_BYTES: Final = 1_000_000_000

_SPAWN: Final = multiprocessing.get_context("spawn")


class Latency(NamedTuple):
    """What the server waits: milliseconds a request, microseconds a record."""

    milliseconds: float = 0.0
    microseconds: float = 0.0


FAR: Final = Latency(50.0, 20.0)
"""As the issue gives it: ONEROSTER §7 has more for a request."""


class Simulated(NamedTuple):
    """A server that answers: its address with the collections' path, and what it announces of each."""

    url: str
    totals: dict[str, int]

    @property
    def records(self) -> int:
        """How many records there are."""
        return sum(self.totals.values())

    @property
    def host(self) -> str:
        """The address without a path."""
        return self.url.removesuffix(PATH)


@contextmanager
def simulated(latency: Latency, students: int = STUDENTS) -> Iterator[Simulated]:
    """Serve, throughout a ``with`` block."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(theirs, latency, students))
    process.start()
    try:
        url = f"{ours.recv()}{PATH}"
        totals = {}
        for collection in COLLECTIONS:
            answer = requests.get(f"{url}/{collection}?limit=1", headers=AUTHORIZATION, timeout=60)
            totals[collection] = int(answer.headers["x-total-count"])
        yield Simulated(url, totals)
    finally:
        ours.send("end")
        process.join()


def _serve(control: Any, latency: Latency, students: int) -> None:
    from simulator import pages
    from simulator.district import District
    from simulator.server import SimulatedServer

    # Room for the pages of every contestant: what one asks for must not push out the other's.
    vars(pages)["_CACHED_BYTES"] = CACHED_BYTES

    district = District.generate(students=students, seed=1, today=TODAY)
    with SimulatedServer(
        district,
        token=TOKEN,
        latency_ms=latency.milliseconds,
        latency_us_per_record=latency.microseconds,
    ) as server:
        control.send(server.url)
        control.recv()
