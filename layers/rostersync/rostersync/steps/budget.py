"""How many requests of a run may fail: one count that all of its functions share (DESIGN, promise 1).

A Roster Server works for its district while we pull. A page is tried again a few times, a function that
found the server away is called again, a pull that is not complete is repeated: in a bad night these
multiply, and no function sees what the others have sent. So each failure is counted on the run as it
happens, and a run of which too many requests failed ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from rostersync.errors import RetryableError, RosterServerUnreliable, RosterSyncError
from rostersync.oneroster.server import RosterServer
from rostersync.steps.requests import PullRequest
from rostersync.steps.staged_pull import PULLS
from rostersync.storage.runs import Requests
from rostersync.storage.stores import Stores

SPARE: Final = 60
"""Requests that may fail in a run of any size, however many pulls it has."""


@contextmanager
def shared_budget(
    server: RosterServer, stores: Stores, request: PullRequest, planned_requests: int = 0
) -> Iterator[RosterServer]:
    """Yield the server, and count for the run what it is sent meanwhile.

    A request that fails then raises ``RosterServerUnreliable`` once too many have; those that other functions
    have under way are not called back.
    """

    def count(answered: int, failed: int, why: str) -> None:
        sent = stores.runs.count_requests(request.tenant_id, request.run_id, answered=answered, failed=failed)
        if why and sent.failed >= spare_requests(request.pull, planned_requests, sent.answered):
            raise RosterServerUnreliable(
                f"{sent.failed} of {sent.sent} requests failed, the last one so: {why}. The sync was given "
                "up to spare the Roster Server, and nothing was changed; run it again later"
            )

    server.sent.report_to(count)
    try:
        yield server
    except RosterSyncError:
        # What ended it is told, a denial above all: were it our storage instead, all would be sent again.
        with suppress(RetryableError):
            server.sent.report()
        raise
    server.sent.report()


def spare_requests(pull: int, planned_requests: int, answered: int) -> int:
    """Return how many failed requests end a run in its first, second or third pull.

    So that it sends at most three times what one pull needs and ``SPARE`` more, however many pulls it has.
    What one needs is what was planned, or more: a server that gives small pages is asked more often.
    """
    return (PULLS - pull) * max(planned_requests, answered // pull) + SPARE


def may_pull_again(sent: Requests, pulls: int) -> bool:
    """Say whether a run that has pulled ``pulls`` times may pull once more, which takes what one took."""
    return sent.failed < spare_requests(pulls + 1, sent.answered // pulls, sent.answered)
