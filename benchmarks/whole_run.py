"""Part 2: a whole run: the real state machines on the local engine, against dlt loading the same server.

Three nights of the pull's district, by turns: first, unchanged, and a day later. DynamoDB and S3 are in
memory (``quick_aws``), the rest of AWS is moto. dlt's ``rest_api`` source loads into DuckDB and merges by
``sourcedId``. What moto takes where it is DynamoDB and S3 too is measured on a district a tenth as large.

The first night begins from nothing for everybody: functions start cold, and so does dlt's interpreter. Pages
are rendered before a night begins. Teachers have no Senso users yet, so nothing is due to be delivered.
"""

import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from benchmarks.dlt_contestant import Loaded, dlt
from benchmarks.engine_process import Run, engine
from benchmarks.growth import OF_MEMORY, memory_sizes
from benchmarks.growth_run import windows_of
from benchmarks.measuring import Figure, Result, figure
from benchmarks.paging import defaults
from benchmarks.simulated import FAR, TODAY, Simulated, simulated
from rostersync.oneroster.windows import Window

RUNS: Final = 3
FIRST, UNCHANGED, LATER = NIGHTS = ("first", "unchanged", "a day later")
FIRST_SYNC: Final = datetime(TODAY.year, TODAY.month, TODAY.day, 14, tzinfo=UTC)
LARGE_PAGE: Final = 10_000

STATES: Final = (
    "Plan",
    "Fetch",
    "Seal",
    "People",
    "Owners",
    "Classes",
    "Groups",
    "Review",
    "Publish",
    "Deliver",
    "Finish",
)
QUICK, MOTO = ENGINES = ("ours", "ours, with moto")
DLT: Final = "dlt into DuckDB"

MOTO_STUDENTS: Final = 1_700
"""About 15,000 records: of ten times as many a first sync with moto takes minutes, most of them Deliver's."""


@dataclass
class Round:
    """One round: what each contestant took in each night, and what the server counted of it."""

    runs: dict[tuple[str, str], Run] = field(default_factory=dict)
    loads: dict[str, tuple[float, Loaded]] = field(default_factory=dict)
    served: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    happened: dict[str, int] = field(default_factory=dict)


def measure() -> Result:
    """Play the rounds; each goes on from the day that the last one ended on.

    Raises ``RuntimeError`` when a run fails, or an unchanged night writes something.
    """
    rounds = []
    with simulated(FAR) as begun:
        server = begun
        for number in range(RUNS):
            one, server = _round(server, FIRST_SYNC + timedelta(days=number), (QUICK, DLT))
            rounds.append(one)
    with simulated(FAR, MOTO_STUDENTS) as small:
        with_moto, _ = _round(small, FIRST_SYNC, ENGINES)
    return Result(
        "whole_run", _figures(rounds), {**_tables(rounds, server), **_moto_tables(with_moto, small)}
    )


def _round(server: Simulated, now: datetime, contestants: tuple[str, ...]) -> tuple[Round, Simulated]:
    one = Round()
    with ExitStack() as stack:
        engines = {
            name: stack.enter_context(engine(server.url, now, quick=name == QUICK))
            for name in ENGINES
            if name in contestants
        }
        for night in NIGHTS:
            if night == LATER:
                server, one.happened = server.advance_day()
                now += timedelta(days=1)
            if night != UNCHANGED:
                _render(server)
            for name, contestant in engines.items():
                with server.counting() as one.served[name, night]:
                    one.runs[name, night] = contestant.run(now)
                _see_that_it_is_right(one.runs[name, night], f"{name}, {night}", night)
            if DLT in contestants:
                with server.counting() as one.served[DLT, night]:
                    begun = time.perf_counter()
                    if night == FIRST:
                        others = stack.enter_context(dlt())
                    loaded = others.load(server.url, "whole", "duckdb", "merge")
                    one.loads[night] = time.perf_counter() - begun, loaded
    return one, server


def _render(server: Simulated) -> None:
    server.render(windows_of(server.totals, defaults().page))
    server.render(
        Window(collection, start, start + LARGE_PAGE)
        for collection, total in server.totals.items()
        for start in range(0, total, LARGE_PAGE)
    )


def _see_that_it_is_right(run: Run, which: str, night: str) -> None:
    expected = "unchanged" if night == UNCHANGED else "published"
    if run.outcome != expected:
        raise RuntimeError(f"{which}: the sync's outcome is {run.outcome}")
    if night == UNCHANGED and (any(run.writes.values()) or run.changed_what_is_stored):
        raise RuntimeError(f"{which}: a night without changes has written {run.writes}")


def _figures(rounds: list[Round]) -> list[Figure]:
    memory = memory_sizes()
    peak = max(
        peak / (memory[function] * OF_MEMORY * 1024**2)
        for one in rounds
        for run in one.runs.values()
        for function, peak in run.peaks.items()
    )
    return [
        *(
            figure(
                f"{night}: ours to dlt",
                [run.seconds / one.loads[night][0] for one, run in _each(rounds, night)],
                1.0 if night == FIRST else 0.0,
            )
            for night in NIGHTS
        ),
        *(
            figure(
                f"{night}: CPU of our functions to dlt's",
                [(run.cpu - run.cpu_beside) / one.loads[night][1].cpu for one, run in _each(rounds, night)],
            )
            for night in NIGHTS
        ),
        Figure("peak memory of any function to 80 % of its MemorySize", round(peak, 3), 1.0),
    ]


def _each(rounds: list[Round], night: str) -> list[tuple[Round, Run]]:
    return [(one, one.runs[QUICK, night]) for one in rounds]


def _tables(rounds: list[Round], server: Simulated) -> dict[str, list[dict[str, Any]]]:
    return {
        f"nights of {server.records:,} records": [
            row for night in NIGHTS for row in (_ours(rounds, QUICK, night), _theirs(rounds, night))
        ],
        "time by state, s": [_states(rounds, QUICK, night) for night in NIGHTS],
        "dlt's time by stage, s": [
            {
                "night": night,
                **{
                    stage: _median(one.loads[night][1].stages[stage] for one in rounds)
                    for stage in ("extract", "normalize", "load")
                },
            }
            for night in NIGHTS
        ],
        "memory of each function's process": _memory(rounds),
        "what happens in a day": [dict(rounds[0].happened)],
    }


def _moto_tables(with_moto: Round, small: Simulated) -> dict[str, list[dict[str, Any]]]:
    both = [(name, night) for night in NIGHTS for name in ENGINES]
    records = f"{small.records:,} records, with moto"
    return {
        f"nights of {records}": [_ours([with_moto], *one) for one in both],
        f"time by state of {records}, s": [_states([with_moto], *one) for one in both],
    }


def _states(rounds: list[Round], name: str, night: str) -> dict[str, Any]:
    return {
        "night": night,
        "": name,
        **{
            state: _median(one.runs[name, night].states.get(state, 0.0) for one in rounds) for state in STATES
        },
    }


def _ours(rounds: list[Round], name: str, night: str) -> dict[str, Any]:
    return {
        "night": night,
        "": name,
        "s": _median(one.runs[name, night].seconds for one in rounds),
        "CPU, s": _median(one.runs[name, night].cpu for one in rounds),
        "of it beside functions, s": _median(one.runs[name, night].cpu_beside for one in rounds),
        "requests": round(_median(one.served[name, night]["requests"] for one in rounds)),
        "items written": round(_median(sum(one.runs[name, night].writes.values()) for one in rounds)),
        "invocations": round(_median(one.runs[name, night].invocations for one in rounds)),
        "peak, MB": max(max(one.runs[name, night].peaks.values()) for one in rounds) >> 20,
    }


def _theirs(rounds: list[Round], night: str) -> dict[str, Any]:
    return {
        "night": night,
        "": DLT,
        "s": _median(one.loads[night][0] for one in rounds),
        "CPU, s": _median(one.loads[night][1].cpu for one in rounds),
        "of it beside functions, s": "",
        "requests": round(_median(one.served[DLT, night]["requests"] for one in rounds)),
        "items written": round(_median(one.loads[night][1].rows for one in rounds)),
        "invocations": "",
        "peak, MB": max(one.loads[night][1].peak for one in rounds) >> 20,
    }


def _memory(rounds: list[Round]) -> list[dict[str, Any]]:
    """Return each function's largest process over all rounds, nights and engines."""
    peaks: defaultdict[str, int] = defaultdict(int)
    for one in rounds:
        for run in one.runs.values():
            for function, peak in run.peaks.items():
                peaks[function] = max(peaks[function], peak)
    return [
        {"function": function, "peak, MB": peak >> 20, "MemorySize, MB": memory_sizes()[function]}
        for function, peak in peaks.items()
    ]


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 2)
