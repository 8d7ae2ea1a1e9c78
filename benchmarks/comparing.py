"""What got worse: new figures against the committed ones, by ratios."""

from collections.abc import Iterator
from typing import Final

from benchmarks.measuring import Figure, Result

LEAST_TOLERANCE: Final = 0.10
"""Of two quiet runs of the same code figures differ by up to this share."""

NOISES: Final = 3
"""How many times their own noise figures may differ by."""


def worse(before: Result, now: Result) -> Iterator[tuple[Figure, Figure, float]]:
    """Yield figures that grew by more than the runs' own noise allows: before, now and what was allowed."""
    known = {one.name: one for one in before.figures}
    for one in now.figures:
        was = known.get(one.name)
        if was is None:
            continue
        allowed = tolerance(was, one)
        if one.ratio > was.ratio * (1 + allowed):
            yield was, one, allowed


def tolerance(before: Figure, now: Figure) -> float:
    """Return the share by which a figure may be larger."""
    return max(LEAST_TOLERANCE, NOISES * (before.noise + now.noise))
