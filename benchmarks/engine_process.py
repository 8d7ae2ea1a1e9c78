"""The local engine as a contestant: a process of its own, with one tenant, that runs nights when told to."""

import multiprocessing
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.quick_aws import quick_aws
from benchmarks.simulated import TOKEN
from local.engine import LocalEngine
from local.tenants import connect, published, stores_of
from rostersync.steps.verify_credentials import ConnectRequest

TENANT: Final = "springfield"
LONGEST: Final = 3_600.0

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_SPAWN: Final = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Run:
    """A sync: wall seconds of it and of its states, invocations, peak bytes by function.

    ``cpu`` are the CPU seconds of functions, engine and storage, ``cpu_beside`` those of the last two.
    ``peaks`` are of a function's largest process, since the engine began. ``writes`` counts items of the
    roster and of groups, as the run tells; ``changed_what_is_stored``: an owner or a group is another than
    before. Of moto that is not asked, it would take longer than the run.
    """

    seconds: float
    cpu: float
    cpu_beside: float
    outcome: str
    states: dict[str, float]
    invocations: int
    peaks: dict[str, int]
    writes: dict[str, int]
    changed_what_is_stored: bool


class Engine:
    """An engine in its process."""

    def __init__(self, control: Any) -> None:
        self._control = control

    def run(self, now: datetime) -> Run:
        """Sync at a time; raises ``RuntimeError`` when the process or the run fails."""
        self._control.send(now)
        try:
            found: Run = self._control.recv()
        except EOFError:
            raise RuntimeError("the engine's process has ended; what it said stands above") from None
        return found


@contextmanager
def engine(url: str, now: datetime, *, quick: bool) -> Iterator[Engine]:
    """Start an engine with a tenant connected to a server; ``quick``: DynamoDB and S3 are ``quick_aws``'s."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_work, args=(theirs, url, now, quick))
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield Engine(ours)
        ours.send(None)
    finally:
        ours.close()
        process.join()


def _work(control: Any, url: str, now: datetime, quick: bool) -> None:
    with ExitStack() as stack:
        endpoints = stack.enter_context(quick_aws()) if quick else {}
        local = stack.enter_context(LocalEngine(overrides={"Environment": "local"}, endpoints=endpoints))
        local.clock.set(now)
        connect(local, ConnectRequest(tenant_id=TENANT, server_url=url, token=TOKEN, auth="bearer"))
        control.send("connected")
        while (now := control.recv()) is not None:
            local.clock.set(now)
            control.send(_run(local, quick))


def _run(local: LocalEngine, quick: bool) -> Run:
    before = len(local.invocations)
    stored = published(stores_of(local), TENANT) if quick else None
    cpu, beside = _cpu()
    execution = local.run("sync", {"tenantId": TENANT, "actor": "benchmark"}, timeout=LONGEST)
    cpu_after, beside_after = _cpu()
    record = stores_of(local).runs.get(TENANT, execution.name)
    if execution.status != "SUCCEEDED" or record is None:
        raise RuntimeError(f"the sync ended {execution.status}: {execution.error}: {execution.cause}")
    peaks: defaultdict[str, int] = defaultdict(int)
    for invocation in local.invocations[before:]:
        peaks[invocation.function] = max(peaks[invocation.function], invocation.peak_memory)
    times = [event["timestamp"].timestamp() for event in execution.events]
    return Run(
        seconds=max(times) - min(times),
        cpu=cpu_after - cpu,
        cpu_beside=beside_after - beside,
        outcome=record.outcome,
        states=execution.seconds_by_state(),
        invocations=len(local.invocations) - before,
        peaks=dict(peaks),
        writes=dict(record.writes),
        changed_what_is_stored=quick and published(stores_of(local), TENANT) != stored,
    )


def _cpu() -> tuple[float, float]:
    """Return the CPU seconds so far of this process and all below it, and those of what runs no function."""
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name stands in brackets and may hold anything; of what follows the parent is the second.
            values = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(values[1])
            seconds[int(path.parent.name)] = (int(values[11]) + int(values[12])) / _TICKS
    ours = {os.getpid()}
    while fresh := {process for process, parent in parents.items() if parent in ours} - ours:
        ours |= fresh
    functions = {process for process in ours if _runs_functions(process)}
    return sum(seconds[one] for one in ours), sum(seconds[one] for one in ours - functions)


def _runs_functions(process: int) -> bool:
    # Workers are forked from the nursery and keep its command line.
    return b"worker_process.py" in Path(f"/proc/{process}/cmdline").read_bytes()
