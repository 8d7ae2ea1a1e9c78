"""Part 1: pulling 150,000 records from the simulator, in a process of its own, its pages rendered beforehand.

Ours is the work of the whole Fetch state, in as many processes as there are cores. Against it: a loop with
``requests`` and pages of 10,000 rows, and the ceiling: an asyncio reader that asks for the same pages, as
many at once, and throws the bytes away.
"""

import asyncio
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import requests

from benchmarks.growth_run import TENANT, stores_in
from benchmarks.lean_aws import Meter
from benchmarks.measuring import Figure, Result, figure
from rostersync.observability import collect_seldom
from rostersync.oneroster.ability import Ability
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.server import RosterServer
from rostersync.oneroster.windows import Window
from rostersync.parsing import parse_request
from rostersync.roster.records import COLLECTIONS
from rostersync.roster.settings import RosterSettings
from rostersync.steps.fetch_pages import FetchRequest, fetch_pages
from rostersync.steps.plan_pull import cut_windows, deal
from rostersync.steps.staged_pull import ALL_SHARDS, Plan
from rostersync.storage import staged
from rostersync.storage.integrations import Integration

STUDENTS: Final = 16_800
"""About 150,000 records."""
TODAY: Final = date(2026, 10, 5)
TOKEN: Final = "benchmark"
IN_FLIGHT: Final = 4
PAGE: Final = 5_000
LARGE_PAGE: Final = 10_000
RUNS: Final = 5
CACHED_BYTES: Final = 1_000_000_000
DELAYS: Final = {"no latency": (0.0, 0.0), "50 ms + 20 us a record": (50.0, 20.0)}
AUTHORIZATION: Final = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}

_FORK: Final = multiprocessing.get_context("fork")
_SPAWN: Final = multiprocessing.get_context("spawn")


def measure() -> Result:
    """Let the contestants take turns at each latency."""
    figures: list[Figure] = []
    rows: list[dict[str, Any]] = []
    for name, (milliseconds, microseconds) in DELAYS.items():
        with _simulator(milliseconds, microseconds) as (url, totals):
            contestants: dict[str, Callable[[], float]] = {
                "ours": partial(_ours, url, totals),
                "sequential": partial(_sequential, url),
                "ceiling": partial(_read_all, url, totals),
            }
            walls: dict[str, list[float]] = {one: [] for one in contestants}
            cpus: list[float] = []
            # The first round renders the pages.
            for number in range(RUNS + 1):
                for one, pull in contestants.items():
                    begun = time.perf_counter()
                    cpu = pull()
                    if number:
                        walls[one].append(time.perf_counter() - begun)
                        if one == "ours":
                            cpus.append(cpu)
        every = list(zip(walls["ours"], walls["sequential"], walls["ceiling"], cpus, strict=True))
        cores = os.cpu_count() or 1
        if milliseconds:
            figures += [
                figure("ours to a third of sequential, 50 ms", [a / (b / 3) for a, b, _, _ in every], 1.0),
                figure(
                    "ours to ceiling + CPU / cores, 50 ms", [a / (c + d / cores) for a, _, c, d in every], 1.5
                ),
            ]
        else:
            figures.append(figure("ours to sequential, no latency", [a / b for a, b, _, _ in every]))
        rows.append(
            {
                "latency": name,
                "records": sum(totals.values()),
                **{f"{one}, s": round(statistics.median(found), 2) for one, found in walls.items()},
                "our CPU, s": round(statistics.median(cpus), 2),
            }
        )
    return Result("pull", figures, {"pulling": rows})


@contextmanager
def _simulator(milliseconds: float, microseconds: float) -> Iterator[tuple[str, dict[str, int]]]:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(theirs, milliseconds, microseconds))
    process.start()
    try:
        url = ours.recv()
        totals = {}
        for collection in COLLECTIONS:
            answer = requests.get(f"{url}/{collection}?limit=1", headers=AUTHORIZATION, timeout=60)
            totals[collection] = int(answer.headers["x-total-count"])
        yield url, totals
    finally:
        ours.send("end")
        process.join()


def _serve(control: Any, milliseconds: float, microseconds: float) -> None:
    from simulator import pages
    from simulator.district import District
    from simulator.server import SimulatedServer

    # Room for the pages of every contestant: what one asks for must not push out the other's.
    vars(pages)["_CACHED_BYTES"] = CACHED_BYTES

    district = District.generate(students=STUDENTS, seed=1, today=TODAY)
    with SimulatedServer(
        district, token=TOKEN, latency_ms=milliseconds, latency_us_per_record=microseconds
    ) as server:
        control.send(f"{server.url}/ims/oneroster/v1p1")
        control.recv()


def _sequential(url: str) -> float:
    begun = time.process_time()
    with requests.Session() as session:
        session.headers.update(AUTHORIZATION)
        for collection in COLLECTIONS:
            offset, records = 0, [None]
            while records:
                address = f"{url}/{collection}?limit={LARGE_PAGE}&offset={offset}&sort=sourcedId&orderBy=asc"
                answer = session.get(address, timeout=120)
                (records,) = (one for one in json.loads(answer.content).values() if isinstance(one, list))
                offset += len(records)
                if offset >= int(answer.headers["x-total-count"]):
                    break
    return time.process_time() - begun


def _windows(totals: dict[str, int]) -> list[Window]:
    return [window for one in COLLECTIONS for window in cut_windows(one, totals[one], False, PAGE, 1)]


def _read_all(url: str, totals: dict[str, int]) -> float:
    return asyncio.run(_ceiling(url, totals))


async def _ceiling(url: str, totals: dict[str, int]) -> float:
    begun = time.process_time()
    waiting = sorted(_windows(totals), key=lambda window: window.start - (window.end or window.start))
    place = urlsplit(url)

    async def read() -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        while waiting:
            window = waiting.pop(0)
            limit = (window.end or window.start + PAGE) - window.start
            query = f"limit={limit}&offset={window.start}&sort=sourcedId&orderBy=asc"
            lines = [f"GET {place.path}/{window.collection}?{query} HTTP/1.1", f"Host: {place.netloc}"]
            lines += [f"{name}: {value}" for name, value in AUTHORIZATION.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = next(
                line.split(":")[1] for line in head.splitlines() if line.startswith("content-length")
            )
            await reader.readexactly(int(length))
            if "connection: close" in head:
                writer.close()
                reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.close()

    await asyncio.gather(*(read() for _ in range(IN_FLIGHT * (os.cpu_count() or 1))))
    return time.process_time() - begun


def _ours(url: str, totals: dict[str, int]) -> float:
    """Pull with a process a core; return the CPU seconds of all of them."""
    tasks = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder), url, totals, tasks)
        pipes = [_FORK.Pipe(duplex=False) for _ in range(tasks)]
        workers = [
            _FORK.Process(target=_fetch, args=(Path(folder), url, task, theirs))
            for task, (_, theirs) in enumerate(pipes)
        ]
        for worker in workers:
            worker.start()
        seconds = sum(ours.recv() for ours, _ in pipes)
        for worker in workers:
            worker.join()
    return cast("float", seconds)


def _prepare(folder: Path, url: str, totals: dict[str, int], tasks: int) -> None:
    stores = stores_in(folder, Meter())
    stores.integrations.connect(
        Integration(
            tenant_id=TENANT,
            server_url=url,
            ability={},
            secret_arn="",
            secret_version="1",
            client_id_masked="",
            hash_key=b"k" * 32,
            due_at="2026-10-05T02:00Z",
        )
    )
    plan = Plan(
        mode="changes",
        today=TODAY.isoformat(),
        started_at=int(datetime(2026, 10, 5, tzinfo=UTC).timestamp() * 1000),
        page_size=PAGE,
        tasks=deal(_windows(totals), tasks),
        shards=(ALL_SHARDS,),
        announced=dict(totals),
        revisions={},
        settings=RosterSettings(),
        secret_version="1",
        requests=0,
    )
    stores.staging.put_json(staged.plan(TENANT, "run", 1), plan)


def _fetch(folder: Path, url: str, task: int, answer: Any) -> None:
    collect_seldom()
    begun = time.process_time()
    allowed = AllowList((), loopback=True)
    server = RosterServer(url, Credentials(token=TOKEN), Ability(auth="bearer"), allowed=allowed)
    event = {"tenantId": TENANT, "runId": "run", "pull": 1, "task": task}
    part, done = 0, False
    while not done:
        done = fetch_pages(
            parse_request(FetchRequest, {**event, "part": part}),
            stores_in(folder, Meter()),
            lambda _: server,
            requests_in_flight=IN_FLIGHT,
            seconds_left=lambda: 260.0,
        )["done"]
        part += 1
    answer.send(time.process_time() - begun)
