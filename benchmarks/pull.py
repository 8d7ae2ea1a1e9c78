"""Part 1: pulling 150,000 records from the simulator, in a process of its own, its pages rendered beforehand.

Ours is the work of the whole Fetch state, in as many processes as there are cores. Against it: a loop with
``requests`` and pages of 10,000 rows; dlt's ``rest_api`` source with its resources in parallel and the same
large pages, into Parquet files; and the ceiling: an asyncio reader that asks for the same pages as ours, as
many at once, and throws the bytes away.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from benchmarks.dlt_contestant import Dlt, Loaded, dlt
from benchmarks.growth_run import windows_of
from benchmarks.measuring import Figure, Result, figure
from benchmarks.our_pull import Cut, our_pull
from benchmarks.simulated import AUTHORIZATION, FAR, Latency, Simulated, simulated
from rostersync.roster.records import COLLECTIONS

IN_FLIGHT: Final = 4
PAGE: Final = 5_000
LARGE_PAGE: Final = 10_000
RUNS: Final = 5
DELAYS: Final = {"no latency": Latency(), "50 ms + 20 us a record": FAR}


def measure() -> Result:
    """Let the contestants take turns at each latency."""
    figures: list[Figure] = []
    rows: list[dict[str, Any]] = []
    with dlt() as others:
        for name, latency in DELAYS.items():
            with simulated(latency) as server:
                walls, cpus, stages = _turns(server, others)
            figures += _figures(walls, cpus) if latency.milliseconds else _figures_near(walls)
            rows.append(
                {
                    "latency": name,
                    "records": server.records,
                    **{f"{one}, s": round(statistics.median(found), 2) for one, found in walls.items()},
                    "of dlt extract, s": round(statistics.median(stages), 2),
                    "our CPU, s": round(statistics.median(cpus["ours"]), 2),
                    "dlt's CPU, s": round(statistics.median(cpus["dlt"]), 2),
                }
            )
    return Result("pull", figures, {"pulling": rows})


def _turns(
    server: Simulated, others: Dlt
) -> tuple[dict[str, list[float]], dict[str, list[float]], list[float]]:
    """Return wall and CPU seconds of each contestant's runs, and those that dlt spent on extracting alone."""
    cut = Cut(PAGE, os.cpu_count() or 1, IN_FLIGHT)
    loads: list[Loaded] = []

    def load() -> float:
        loads.append(others.load(server.url, f"pull{time.monotonic_ns()}", "filesystem", "replace"))
        return loads[-1].cpu

    contestants: dict[str, Callable[[], float]] = {
        "ours": lambda: our_pull(server, cut).cpu,
        "sequential": partial(_sequential, server.url),
        "dlt": load,
        "ceiling": partial(_read_all, server, cut),
    }
    walls: dict[str, list[float]] = {one: [] for one in contestants}
    cpus: dict[str, list[float]] = {one: [] for one in contestants}
    # The first round renders the pages.
    for number in range(RUNS + 1):
        for one, pull in contestants.items():
            begun = time.perf_counter()
            cpu = pull()
            if number:
                walls[one].append(loads[-1].seconds if one == "dlt" else time.perf_counter() - begun)
                cpus[one].append(cpu)
    return walls, cpus, [one.stages["extract"] for one in loads[1:]]


def _figures_near(walls: dict[str, list[float]]) -> list[Figure]:
    return [
        figure(
            f"ours to {other}, no latency", [a / b for a, b in zip(walls["ours"], walls[other], strict=True)]
        )
        for other in ("sequential", "dlt")
    ]


def _figures(walls: dict[str, list[float]], cpus: dict[str, list[float]]) -> list[Figure]:
    every = list(zip(*walls.values(), cpus["ours"], strict=True))
    cores = os.cpu_count() or 1
    return [
        figure("ours to a third of sequential, 50 ms", [a / (b / 3) for a, b, _, _, _ in every], 1.0),
        figure("ours to a quarter of dlt, 50 ms", [a / (c / 4) for a, _, c, _, _ in every], 1.0),
        figure("ours to ceiling + CPU / cores, 50 ms", [a / (d + e / cores) for a, _, _, d, e in every], 1.5),
    ]


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


def _read_all(server: Simulated, cut: Cut) -> float:
    return asyncio.run(_ceiling(server, cut))


async def _ceiling(server: Simulated, cut: Cut) -> float:
    begun = time.process_time()
    waiting = sorted(
        windows_of(server.totals, cut.page), key=lambda window: window.start - (window.end or window.start)
    )
    place = urlsplit(server.url)

    async def read() -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        while waiting:
            window = waiting.pop(0)
            limit = (window.end or window.start + cut.page) - window.start
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

    await asyncio.gather(*(read() for _ in range(cut.tasks * cut.in_flight)))
    return time.process_time() - begun
