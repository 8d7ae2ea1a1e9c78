"""Part 3: 1,000 to 500,000 students through the real steps: time, memory and calls a record.

The pull is a lean district's, what is kept lies in files, and neither's time counts. Tasks are as many at
every size: two of Fetch, sixteen of every step over shards. Each invocation is a process of its own.
"""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from samtranslator.yaml_helper import yaml_parse

from benchmarks.growth_picture import draw
from benchmarks.growth_run import FETCH_TASKS, FIRST_NIGHT, REQUESTS_IN_FLIGHT, Night, StepCost
from benchmarks.lean_district import LeanDistrict
from benchmarks.measuring import Figure, Result
from rostersync.steps.staged_pull import ALL_SHARDS

ROOT: Final = Path(__file__).parents[1]
SIZES: Final = (1_000, 10_000, 100_000, 500_000)
MEASURE: Final = 10_000
"""Students of the district that larger ones are compared with."""

NIGHTS: Final = {"first": 0.0, "unchanged": 0.0, "1 % changed": 0.01}

EACH_ALONE: Final = tuple((shard,) for shard in ALL_SHARDS)

LONGEST: Final = 300.0
"""Seconds that an invocation may take."""

OF_MEMORY: Final = 0.8
TEN_MINUTES: Final = 600.0

# Of the critical path, what is not our CPU time, in seconds; the pull's as the issue gives it.
A_REQUEST: Final = 0.05
A_ROW: Final = 20e-6
A_QUERY: Final = 0.03
AN_OBJECT: Final = 0.03
A_STATE: Final = 0.3

Costs = dict[str, StepCost]


def measure() -> Result:
    """Run three nights of each size."""
    found: dict[int, dict[str, Costs]] = {}
    rows: dict[int, int] = {}
    for students in SIZES:
        rows[students] = LeanDistrict(students).rows
        with tempfile.TemporaryDirectory() as folder:
            found[students] = run_nights(Path(folder), students, EACH_ALONE)
    tables = {
        "CPU, us a record": [_a_record(found, rows, name) for name in NIGHTS],
        **{
            title_of(students, rows[students], name): steps_table(costs, rows[students])
            for students, nights in found.items()
            for name, costs in nights.items()
        },
        "critical path, s": [
            {"students": f"{students:,}", "night": name, **critical_path(costs, rows[students])}
            for students, nights in found.items()
            for name, costs in nights.items()
        ],
    }
    draw(
        {
            name: [(students, _total(found[students][name]) / rows[students] * 1e6) for students in SIZES]
            for name in NIGHTS
        },
        ROOT / "docs/images/growth.svg",
    )
    return Result("growth", _figures(found, rows), tables)


def run_nights(folder: Path, students: int, shards: tuple[tuple[int, ...], ...]) -> dict[str, Costs]:
    """Return what each night of a district took, with so many tasks of the steps over shards."""
    return {
        name: Night(
            folder, LeanDistrict(students, changed), FIRST_NIGHT + timedelta(days=number), shards
        ).run()
        for number, (name, changed) in enumerate(NIGHTS.items())
    }


def _figures(found: dict[int, dict[str, Costs]], rows: dict[int, int]) -> list[Figure]:
    memory = memory_sizes()
    figures = []
    for name in NIGHTS:
        base = _total(found[MEASURE][name]) / rows[MEASURE]
        figures += [
            Figure(
                f"cost a record, {name}: {students:,} students to {MEASURE:,}",
                round(_total(found[students][name]) / rows[students] / base, 3),
                1.15,
            )
            for students in SIZES
            if students > MEASURE
        ]
    largest = found[SIZES[-1]]
    peak = max(
        cost.peak_bytes / (memory[step] * OF_MEMORY * 1024**2)
        for costs in largest.values()
        for step, cost in costs.items()
    )
    longest = max(cost.longest for costs in largest.values() for cost in costs.values())
    path = critical_path(largest["unchanged"], rows[SIZES[-1]])["all"]
    return [
        *figures,
        Figure("peak memory of any invocation to 80 % of its MemorySize", round(peak, 3), 1.0),
        Figure("longest invocation's CPU to 5 minutes", round(longest / LONGEST, 3), 1.0),
        Figure(
            "critical path of the unchanged extreme night to 10 minutes", round(path / TEN_MINUTES, 3), 1.0
        ),
    ]


def memory_sizes() -> dict[str, int]:
    """Return each function's MemorySize in MB, from the template."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    properties = [resource.get("Properties", {}) for resource in template["Resources"].values()]
    return {Path(one["CodeUri"]).name: one["MemorySize"] for one in properties if "MemorySize" in one}


def _total(costs: Costs) -> float:
    return sum(cost.cpu for cost in costs.values())


def _a_record(found: dict[int, dict[str, Costs]], rows: dict[int, int], name: str) -> dict[str, Any]:
    sizes = {
        f"{students:,}": round(_total(found[students][name]) / rows[students] * 1e6, 1) for students in SIZES
    }
    return {"night": name, **sizes}


def title_of(students: int, rows: int, night: str) -> str:
    """Return the title of a night's table of steps."""
    return f"{students:,} students ({rows:,} records), {night}"


def steps_table(costs: Costs, rows: int) -> list[dict[str, Any]]:
    """Return the rows of a night's table, by step."""
    return [
        {
            "step": step,
            "invocations": cost.invocations,
            "CPU, s": round(cost.cpu, 2),
            "us a record": round(cost.cpu / rows * 1e6, 2),
            "longest, s": round(cost.longest, 2),
            "peak, MB": cost.peak_bytes >> 20,
            "queries": cost.counts["queries"],
            "gets": cost.counts["gets"],
            "read units": cost.counts["read units"],
            "items written": cost.counts["items written"],
            "write units": cost.counts["write units"],
            "S3 gets": cost.counts["s3 gets"],
            "S3 puts": cost.counts["s3 puts"],
            "S3 MB written": cost.counts["s3 bytes written"] >> 20,
            "requests": cost.counts["requests"],
            "events": cost.counts["events"],
        }
        for step, cost in costs.items()
    ]


def critical_path(costs: Costs, rows: int) -> dict[str, float]:
    """Return the seconds of a night's states one after the other, all tasks of a Map at once but Fetch's.

    A task's parts follow each other. Reads and writes of the whole table at a time are bounded by its warm
    throughput. This machine's core stands for the one that 1,769 MB buy.
    """
    template = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    reads, writes = (template[name]["Default"] for name in ("WarmReadUnits", "WarmWriteUnits"))
    path: dict[str, float] = {}
    for step, cost in costs.items():
        if step == "fetch_pages":
            waits = (cost.counts["requests"] * A_REQUEST + rows * A_ROW) / REQUESTS_IN_FLIGHT / FETCH_TASKS
            path[step] = cost.cpu / FETCH_TASKS + waits
        else:
            calls = cost.most["queries"] * A_QUERY + cost.most["s3 gets"] * AN_OBJECT
            bound = max(cost.counts["read units"] / reads, cost.counts["write units"] / writes)
            path[step] = cost.longest + max(calls, bound)
        path[step] = round(path[step] + A_STATE, 1)
    return {**path, "all": round(sum(path.values()), 1)}
