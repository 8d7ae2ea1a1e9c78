"""What all parts share: medians with their noise, the machine, results as JSON and as a table."""

import json
import os
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "cpu": _cpu_model()}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio, what it should be at most (0: no aim), and how far single runs lay from it, as a share."""

    name: str
    ratio: float
    aim: float = 0.0
    noise: float = 0.0

    @property
    def is_met(self) -> bool:
        """Whether the aim is met; without one it is."""
        return not self.aim or self.ratio <= self.aim


@dataclass(frozen=True, slots=True)
class Result:
    """One part's: figures that are compared, and tables that are shown (a list of rows by title)."""

    part: str
    figures: Sequence[Figure]
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    machine: Mapping[str, Any] = field(default_factory=machine)


def figure(name: str, ratios: Iterable[float], aim: float = 0.0) -> Figure:
    """Return the median of several runs' ratios; noise is half of the distance between their quartiles."""
    several = sorted(ratios)
    middle = statistics.median(several)
    noise = 0.0
    if len(several) > 1 and middle:
        lower, _, upper = statistics.quantiles(several, n=4, method="inclusive")
        noise = (upper - lower) / 2 / middle
    return Figure(name, round(middle, 3), aim, round(noise, 3))


def write(result: Result, folder: Path = RESULTS) -> None:
    """Write a part's result to its file."""
    folder.mkdir(exist_ok=True)
    (folder / f"{result.part}.json").write_text(json.dumps(asdict(result), indent=1) + "\n")


def read(part: str, folder: Path = RESULTS) -> Result:
    """Return a part's result as it was written; raises ``FileNotFoundError``."""
    found = json.loads((folder / f"{part}.json").read_text())
    figures = [Figure(**one) for one in found["figures"]]
    return Result(found["part"], figures, found["tables"], found["machine"])


def show(result: Result) -> str:
    """Return a result as Markdown."""
    on = ", ".join(f"{name} {value}" for name, value in result.machine.items())
    lines = [f"## {result.part} ({on})", ""]
    figures = [
        {"figure": one.name, "ratio": one.ratio, "aim": f"≤ {one.aim}" if one.aim else "", "noise": one.noise}
        for one in result.figures
    ]
    for title, rows in {"figures": figures, **result.tables}.items():
        lines += [f"### {title}", "", *table(rows), ""]
    return "\n".join(lines)


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return rows as the lines of a Markdown table; the first row's keys are the columns."""
    if not rows:
        return ["nothing"]
    columns = list(rows[0])
    body = [[str(row.get(column, "")) for column in columns] for row in rows]
    return [f"| {' | '.join(cells)} |" for cells in [columns, ["---"] * len(columns), *body]]
