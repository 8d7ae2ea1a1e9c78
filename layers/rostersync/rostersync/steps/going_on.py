"""Which sync goes on: the one that holds its tenant's lease and has not ended."""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from rostersync.clock import milliseconds
from rostersync.errors import NeverEnded
from rostersync.storage.leases import Lease
from rostersync.storage.runs import RunRecord

SECONDS_TO_BEGIN: Final = 60
"""The lease of a press until Plan holds it for longer: who dies between the two blocks nobody for hours."""

NEVER_ENDED: Final = (
    "the sync was never begun, or broke off where nothing could record why; what was published before stays "
    "as it was; start it again"
)


def goes_on(lease: Lease | None, run: RunRecord | None) -> bool:
    """Say whether the run of a lease goes on; one that has not written itself down yet does."""
    return lease is not None and not lease.ended and (run is None or not run.finished_at)


def as_it_stands(run: RunRecord, lease: Lease | None, now: datetime) -> RunRecord:
    """Return a run as it is, or as failed when it has not ended and holds no lease any more.

    That is known by looking and written nowhere: who could write it is dead. ``lease`` is the tenant's, read
    before the run: a run that ends in between has given it back, and says how it ended. One that begins in
    between is younger than its lease is short. When it broke off nobody knows; ``finished_at`` is the
    earliest that it can have been.
    """
    given_up = run.started_at + SECONDS_TO_BEGIN * 1000
    if run.finished_at or milliseconds(now) < given_up or (lease is not None and lease.run_id == run.run_id):
        return run
    return replace(run, outcome="failed", error=NeverEnded.__name__, reason=NEVER_ENDED, finished_at=given_up)
