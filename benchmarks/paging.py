"""The defaults of a pull: rows a page, requests in flight and tasks, against a server that is far away.

Our whole Fetch state, as in ``pull``; every cut once a round, so that what else the machine does meets all
of them alike.
"""

import statistics
import time
from itertools import product
from typing import Any, Final

from samtranslator.yaml_helper import yaml_parse

from benchmarks.growth import ROOT
from benchmarks.growth_run import windows_of
from benchmarks.measuring import Result, figure
from benchmarks.our_pull import Cut, our_pull
from benchmarks.simulated import FAR, Simulated, simulated

PAGES: Final = (500, 1_000, 2_500, 5_000, 10_000)
IN_FLIGHT: Final = (1, 2, 4, 8)
TASKS: Final = (1, 2, 4)
RUNS: Final = 3


def defaults() -> Cut:
    """Return the cut of a deployment whose parameters are left alone, from the template."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    parameters = template["Parameters"]
    budget = template["Mappings"]["RosterServerBudget"][str(parameters["RosterServerBudget"]["Default"])]
    return Cut(parameters["PageSize"]["Default"], budget["FetchTasks"], budget["RequestsInFlight"])


def cuts(chosen: Cut) -> list[Cut]:
    """Return what is measured: each page size with each number in flight, and other numbers of tasks."""
    pages = [Cut(page, chosen.tasks, in_flight) for page, in_flight in product(PAGES, IN_FLIGHT)]
    return list(dict.fromkeys([chosen, *pages, *(chosen._replace(tasks=tasks) for tasks in TASKS)]))


def measure() -> Result:
    """Pull with every cut, in turns."""
    chosen = defaults()
    with simulated(FAR) as server:
        walls, rows = _turns(server, cuts(chosen))
    fastest = min(walls, key=lambda cut: statistics.median(walls[cut]))
    one_at_a_time = Cut(chosen.page, chosen.tasks, 1)
    figures = [
        figure(f"the defaults to {name}", [a / b for a, b in zip(walls[chosen], walls[other], strict=True)])
        for name, other in (("the fastest cut", fastest), ("one request at a time a task", one_at_a_time))
    ]
    seconds = [
        {
            "rows a page": f"{page:,}",
            **{
                f"{in_flight} in flight, s": round(
                    statistics.median(walls[Cut(page, chosen.tasks, in_flight)]), 2
                )
                for in_flight in IN_FLIGHT
            },
        }
        for page in PAGES
    ]
    return Result("paging", figures, {f"{chosen.tasks} tasks": seconds, "every cut": rows})


def _turns(server: Simulated, wanted: list[Cut]) -> tuple[dict[Cut, list[float]], list[dict[str, Any]]]:
    """Return each cut's wall seconds, by run, and a row for the table of all."""
    walls: dict[Cut, list[float]] = {cut: [] for cut in wanted}
    cpus: dict[Cut, list[float]] = {cut: [] for cut in wanted}
    peaks: dict[Cut, list[int]] = {cut: [] for cut in wanted}
    # The first round renders the pages.
    for number in range(RUNS + 1):
        for cut in wanted:
            begun = time.perf_counter()
            pulled = our_pull(server, cut)
            if number:
                walls[cut].append(time.perf_counter() - begun)
                cpus[cut].append(pulled.cpu)
                peaks[cut].append(pulled.peak)
    rows = [
        {
            "rows a page": f"{cut.page:,}",
            "tasks": cut.tasks,
            "in flight": cut.in_flight,
            "requests": len(windows_of(server.totals, cut.page)),
            "s": round(statistics.median(walls[cut]), 2),
            "CPU, s": round(statistics.median(cpus[cut]), 2),
            "peak, MB": round(statistics.median(peaks[cut])) >> 20,
        }
        for cut in wanted
    ]
    return walls, rows
