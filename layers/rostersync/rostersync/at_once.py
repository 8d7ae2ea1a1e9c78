"""Several calls at a time, for work that waits for AWS."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

WORKERS: Final = 8

T = TypeVar("T")
R = TypeVar("R")


def at_once(call: Callable[[T], R], things: Iterable[T], *, workers: int = WORKERS) -> list[R]:
    """Return ``call`` of each thing, in their order, ``workers`` at a time.

    All are made, whatever one of them raises; the first error, in the order of things, is raised then.
    """
    several = list(things)
    if len(several) < 2:
        return [call(one) for one in several]
    with ThreadPoolExecutor(workers) as pool:
        # Not pool.map: at the first error it cancels what has not begun.
        calls = [pool.submit(call, one) for one in several]
    return [one.result() for one in calls]
