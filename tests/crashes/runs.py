"""Runs to die in, each recorded once."""

from collections.abc import Callable
from functools import cache
from typing import Final

from rostersync.storage.runs import RunRecord
from tests.crashes.scenario import RUN, Recorded, begun, record, second_day
from tests.steps.driver import NOW, TENANT
from tests.steps.guarded import NIGHT, two_schools


def held() -> Recorded:
    """The run that has everything."""
    return record(begun(), second_day())


def approved() -> Recorded:
    """The run after somebody has approved what was held: all of it goes, and nothing waits any more."""
    world = begun()
    record(world, second_day())
    now = NOW + 2 * NIGHT
    started_at = int(now.timestamp() * 1000)
    world.stores.runs.start(
        RunRecord(
            tenant_id=TENANT,
            run_id="approved",
            mode="changes",
            cause="portal",
            started_at=started_at,
            permits=RUN,
        )
    )
    return record(world, second_day(), now=now, run_id="approved", cause="portal")


def full() -> Recorded:
    """A run that writes and sends everything again."""
    return record(begun(), two_schools(), mode="full")


def preview() -> Recorded:
    """A run that publishes nothing."""
    return record(begun(), second_day(), mode="preview")


def night() -> Recorded:
    """A nightly run on which nothing had changed."""
    return record(begun(), two_schools(), cause="nightly")


RUNS: Final[dict[str, Callable[[], Recorded]]] = {
    run.__name__: cache(run) for run in (held, approved, full, preview, night)
}
