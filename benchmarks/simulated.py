"""The simulator in a process of its own, with a district of about 150,000 records and its pages kept."""

import multiprocessing
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, Final, NamedTuple

import requests

from rostersync.oneroster.windows import Window
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
    """A server that answers: its address with the collections' path, and what it announced of each."""

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

    def advance_day(self) -> tuple["Simulated", dict[str, int]]:
        """Take the district a day forward; return the server as it is then, and what happened."""
        happened = requests.post(f"{self.host}/_simulator/advance", timeout=60).json()["happened"]
        return Simulated(self.url, announced(self.url)), happened

    def render(self, pages: Iterable[Window]) -> None:
        """Ask for pages once, so that who asks for them next finds them rendered."""
        with requests.Session() as session:
            session.headers.update(AUTHORIZATION)
            for page in pages:
                limit = (page.end or self.totals[page.collection]) - page.start
                query = f"limit={limit}&offset={page.start}&sort=sourcedId&orderBy=asc"
                session.get(f"{self.url}/{page.collection}?{query}", timeout=120)

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Give a counter, which has the requests and the rows that were served when the block ends."""
        address, counted = f"{self.host}/_simulator/served", Counter[str]()
        requests.delete(address, timeout=60)
        yield counted
        served = requests.get(address, timeout=60).json()
        counted.update(requests=served["requests"], rows=sum(served["rows"].values()))


def announced(url: str) -> dict[str, int]:
    """Return each collection's total."""
    answers = {
        collection: requests.get(f"{url}/{collection}?limit=1", headers=AUTHORIZATION, timeout=60)
        for collection in COLLECTIONS
    }
    return {collection: int(answer.headers["x-total-count"]) for collection, answer in answers.items()}


@contextmanager
def simulated(latency: Latency, students: int = STUDENTS) -> Iterator[Simulated]:
    """Serve, throughout a ``with`` block."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(theirs, latency, students))
    process.start()
    try:
        url = f"{ours.recv()}{PATH}"
        yield Simulated(url, announced(url))
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
