"""The work of the whole Fetch state against a server, in a process for each task, with files for stores."""

import multiprocessing
import resource
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.growth_run import TENANT, connect, stores_in, windows_of
from benchmarks.lean_aws import Meter
from benchmarks.simulated import TODAY, TOKEN, Simulated
from rostersync.observability import collect_seldom
from rostersync.oneroster.ability import Ability
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.server import RosterServer
from rostersync.roster.settings import RosterSettings
from rostersync.steps.fetch_pages import FetchRequest, fetch_pages
from rostersync.steps.plan_pull import deal
from rostersync.steps.requests import parse_request
from rostersync.steps.staged_pull import ALL_SHARDS, Plan
from rostersync.storage import staged

_FORK: Final = multiprocessing.get_context("fork")


class Cut(NamedTuple):
    """How a pull is cut: rows a page, tasks at once, requests that each task keeps in flight."""

    page: int
    tasks: int
    in_flight: int


class Pulled(NamedTuple):
    """What a pull took: CPU seconds of all its processes, the largest one's peak memory in bytes."""

    cpu: float
    peak: int


def our_pull(server: Simulated, cut: Cut) -> Pulled:
    """Pull with a process a task."""
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder), server, cut)
        started = [_start(Path(folder), server.url, task, cut.in_flight) for task in range(cut.tasks)]
        try:
            found = [answer.recv() for _, answer in started]
        except EOFError:
            raise RuntimeError("a task of the pull has died; what it said stands above") from None
        for worker, _ in started:
            worker.join()
    return Pulled(sum(cpu for cpu, _ in found), max(peak for _, peak in found))


def _start(folder: Path, url: str, task: int, in_flight: int) -> tuple[BaseProcess, Any]:
    ours, theirs = _FORK.Pipe(duplex=False)
    worker = _FORK.Process(target=_fetch, args=(folder, url, task, in_flight, theirs))
    worker.start()
    # With this end closed here, one that dies is noticed.
    theirs.close()
    return worker, ours


def _prepare(folder: Path, server: Simulated, cut: Cut) -> None:
    stores = stores_in(folder, Meter())
    connect(stores, server.url)
    plan = Plan(
        mode="changes",
        today=TODAY.isoformat(),
        started_at=int(datetime(2026, 10, 5, tzinfo=UTC).timestamp() * 1000),
        page_size=cut.page,
        tasks=deal(windows_of(server.totals, cut.page), cut.tasks),
        shards=(ALL_SHARDS,),
        announced=dict(server.totals),
        revisions={},
        settings=RosterSettings(),
        secret_version="1",
        requests=0,
    )
    stores.staging.put_json(staged.plan(TENANT, "run", 1), plan)


def _fetch(folder: Path, url: str, task: int, in_flight: int, answer: Any) -> None:
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
            requests_in_flight=in_flight,
            seconds_left=lambda: 260.0,
        )["done"]
        part += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    answer.send((time.process_time() - begun, peak))
