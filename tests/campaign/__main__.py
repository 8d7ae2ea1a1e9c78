"""``python -m tests.campaign``: run cases, or one again, or show that planted bugs are found."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.campaign.case import Told, run_case
from tests.campaign.faulting import FAULTS
from tests.campaign.mutations import MUTATIONS, find

WITHIN = 500
"""Cases in which each planted bug has to be found."""


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; return 1 when something was broken, or a planted bug was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--cases", type=int, default=100, help="how many cases (default 100)")
    parser.add_argument("--first", type=int, default=1, help="the seed of the first (default 1)")
    parser.add_argument("--seed", type=int, help="run this one case again")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes (default 1)")
    parser.add_argument("--mutations", nargs="*", metavar="NAME", help="plant bugs, all or these")
    options = parser.parse_args(arguments)
    if options.mutations is not None:
        return _mutations(options.mutations or list(MUTATIONS))
    seeds = (
        [options.seed] if options.seed is not None else range(options.first, options.first + options.cases)
    )
    begun = time.monotonic()
    return _report(_run(seeds, options.jobs), begun, len(seeds))


def _run(seeds: Iterable[int], jobs: int) -> Iterator[Told]:
    if jobs <= 1:
        yield from map(run_case, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run_case, seeds, chunksize=4)


def _report(tellings: Iterable[Told], begun: float, cases: int) -> int:
    violations = 0
    fired: Counter[str] = Counter()
    cases_with: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    happened: Counter[str] = Counter()
    for number, told in enumerate(tellings, start=1):
        for violation in told.violations:
            print(f"case {told.seed}: {violation}")
        if told.violations:
            violations += 1
            print(f"  again: make campaign SEED={told.seed}", flush=True)
        fired += told.fired
        cases_with.update(told.fired.keys())
        outcomes += told.outcomes
        happened += told.happened
        if number % 250 == 0:
            print(f"... {number} of {cases} cases, {violations} with violations", flush=True)
    rare = sorted(name for name in FAULTS if cases_with[name] * 100 < cases)
    print(f"happened: {_counted(happened)}")
    print(
        f"campaign: {cases} cases, {violations} violations, {time.monotonic() - begun:.0f} s; "
        f"outcomes: {_counted(outcomes)}; "
        f"faults fired (times, in cases): "
        + ", ".join(f"{name} {count} in {cases_with[name]}" for name, count in sorted(fired.items()))
        + (f"; in fewer than 1 % of cases: {', '.join(rare)}" if rare and cases >= 100 else "")
    )
    return 1 if violations else 0


def _mutations(names: list[str]) -> int:
    missed = []
    for name in names:
        begun = time.monotonic()
        told = find(name, within=WITHIN)
        took = f"{time.monotonic() - begun:.0f} s"
        if told is None:
            missed.append(name)
            print(f"{name}: not found in {WITHIN} cases, {took}", flush=True)
        else:
            print(f"{name}: found in case {told.seed}, {took}: {told.violations[0]}", flush=True)
    print(f"campaign: {len(names)} bugs planted, {len(names) - len(missed)} found")
    return 1 if missed else 0


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


if __name__ == "__main__":
    sys.exit(main())
