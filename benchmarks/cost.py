"""Part 4: what a district's night costs, from the calls that growth counted and AWS's list prices.

Prices are those of us-east-1 as known in early 2025, in USD, without free tiers; check them before quoting.
"""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.growth import memory_sizes, run_nights, steps_table, title_of
from benchmarks.lean_district import LeanDistrict
from benchmarks.measuring import Figure, Result, read
from rostersync.steps.plan_pull import deal_shards

PRICES_OF: Final = "2025-01, us-east-1, from memory: not looked up"
GB_SECOND: Final = 0.0000133334
INVOCATION: Final = 0.20e-6
READ_UNIT: Final = 0.125e-6
WRITE_UNIT: Final = 0.625e-6
S3_PUT: Final = 5e-6
S3_GET: Final = 0.4e-6
TRANSITION: Final = 25e-6
EVENT: Final = 1e-6
SECRET_A_MONTH: Final = 0.40
SECRET_CALL: Final = 5e-6
TABLE_GB_MONTH: Final = 0.25 + 0.20
"""Storage and point-in-time recovery."""

STATES: Final = 12
"""States that every run enters that goes well, but for what a Map repeats."""

STATES_AN_INVOCATION: Final = {
    "fetch_pages": 3,  # asked whether there is more, and waited or ended
    "reconcile_people": 1,
    "reconcile_classes": 1,
    "reconcile_groups": 1,
    "publish_roster": 1,
    "deliver_groups": 1,
}
"""States that a Map enters for each invocation of its function."""

NOT_ALWAYS: Final = ("publish_roster", "deliver_groups")
"""Functions whose Map a run may pass by."""

STATES_OF_THE_NIGHT: Final = 1
"""A tenant's share of nightly.asl.yaml: its start."""

BESIDE: Final = ("plan_pull", "finish_run")
"""Functions of every run that growth does not measure: they start, and that is nearly all they take."""

SMALL_SERVER_A_MONTH: Final = 15.0
NIGHTS_A_MONTH: Final = 30
DISTRICTS: Final = 2_000
ORDINARY: Final = 25_000
"""Students of an ordinary district, whose nights are run with as many tasks as Plan gives it."""

# Seconds that an invocation waits beside its CPU time: its start, and AWS's answers one after the other.
A_START: Final = 0.4
A_READ: Final = 0.02
REQUEST_WAITS: Final = 0.05 / 4
ROW_WAITS: Final = 20e-6 / 4


def measure() -> Result:
    """Price the nights that ``growth`` left in its results, and an ordinary district's."""
    tables = {**read("growth").tables, **_ordinary_nights()}
    memory = memory_sizes()
    rows: list[dict[str, Any]] = []
    totals: dict[tuple[int, str], float] = {}
    for title, steps in tables.items():
        if "students (" not in title:
            continue
        students = int(title.split()[0].replace(",", ""))
        records = int(title.split("(")[1].split()[0].replace(",", ""))
        night = title.split("), ")[1]
        lines = price(steps, records, memory)
        totals[students, night] = sum(lines.values())
        most = max(lines, key=lambda name: lines[name])
        shown = {name: round(cents, 4) for name, cents in lines.items()}
        total = round(totals[students, night], 3)
        rows.append({"students": f"{students:,}", "night": night, "all, cents": total, "most": most, **shown})
    ordinary = totals[ORDINARY, "unchanged"]
    server = SMALL_SERVER_A_MONTH * 100
    figures = [
        Figure("unchanged night of 25,000 students to one cent", round(ordinary, 3), 1.0),
        Figure(
            "2,000 districts of 25,000, unchanged nights of a month, to a small server's month",
            round(ordinary * DISTRICTS * NIGHTS_A_MONTH / server, 1),
            1.0,
        ),
    ]
    fixed: list[dict[str, Any]] = [
        {"what": "secret, a tenant and month", "USD": SECRET_A_MONTH},
        {"what": "table with recovery, a GB and month", "USD": TABLE_GB_MONTH},
        {"what": "prices of", "USD": PRICES_OF},
    ]
    return Result("cost", figures, {"cents a district-night": rows, "fixed": fixed})


def price(steps: Any, records: int, memory: Mapping[str, int]) -> dict[str, float]:
    """Return cents by AWS's lines, from the rows of a night's table."""
    dollars = dict.fromkeys(
        ("Lambda", "Step Functions", "DynamoDB reads", "DynamoDB writes", "S3", "other"), 0.0
    )
    dollars["Step Functions"] = (transitions(steps) + STATES_OF_THE_NIGHT) * TRANSITION
    for function in BESIDE:
        dollars["Lambda"] += A_START * memory[function] / 1024 * GB_SECOND + INVOCATION
    dollars["other"] = 3 * SECRET_CALL
    for row in steps:
        waits = row["invocations"] * A_START + (row["queries"] + row["gets"] + row["S3 gets"]) * A_READ
        if row["requests"]:
            waits += row["requests"] * REQUEST_WAITS + records * ROW_WAITS
        seconds = row["CPU, s"] + waits
        dollars["Lambda"] += (
            seconds * memory[row["step"]] / 1024 * GB_SECOND + row["invocations"] * INVOCATION
        )
        dollars["DynamoDB reads"] += row["read units"] * READ_UNIT
        dollars["DynamoDB writes"] += row["write units"] * WRITE_UNIT
        dollars["S3"] += row["S3 gets"] * S3_GET + row["S3 puts"] * S3_PUT
        dollars["other"] += row["events"] * EVENT
    return {name: amount * 100 for name, amount in dollars.items()}


def transitions(steps: Iterable[Mapping[str, Any]]) -> int:
    """Return the states that a run enters, by how often it calls which function."""
    invocations: dict[str, int] = {row["step"]: row["invocations"] for row in steps}
    repeated = sum(count * STATES_AN_INVOCATION.get(step, 0) for step, count in invocations.items())
    return STATES + repeated + sum(step in invocations for step in NOT_ALWAYS)


def _ordinary_nights() -> dict[str, Any]:
    """Return the tables of three nights of an ordinary district, by the titles that growth gives them."""
    rows = LeanDistrict(ORDINARY).rows
    with tempfile.TemporaryDirectory() as folder:
        nights = run_nights(Path(folder), ORDINARY, deal_shards(rows))
    return {title_of(ORDINARY, rows, name): steps_table(costs, rows) for name, costs in nights.items()}
