"""How hard one invocation asks a server: page size, requests in flight, pauses, and when to give up.

Nothing here knows about threads or time: ``pulling`` calls it under its lock and does the waiting.

The page. A size that was refused with 502, 503 or 504 and never worked is too heavy: the size is halved, and
quartered when that does not help. One that has worked before is tried once more as it is, and then, as one
that is less than a page, asked for in a smaller part this once: the server has a bad moment. After some
answers a larger size is tried again, ever more rarely when that fails. A size that was refused with 400 is
not tried again.

The pace. A 429 halves the requests in flight for the rest of the run. After any failure
one request at a time goes out until one succeeds, so that a server that is down costs a few requests and not
a few for each thread.
"""

from random import Random
from typing import Final

from msgspec import Struct

from rostersync.errors import RosterServerUnavailable
from rostersync.oneroster.patience import ROUNDS, cool_down
from rostersync.oneroster.signals import Busy, Refused, TooHeavy

SMALLEST_PAGE: Final = 10
"""Rows. Every page brings one row less than it has; a server that cannot give ten cannot be read."""

GROW_AFTER: Final = 4
"""Answers after which a larger page is tried again."""

IN_A_ROW: Final = 8
"""Failures in a row after which a server is given up even though smaller pages could still be tried."""


class Ticket(Struct, frozen=True):
    """One request that may go out now, after ``wait`` seconds; ``generation`` orders it against failures."""

    generation: int
    wait: float


class Pace:
    """The state that the windows of one invocation share."""

    def __init__(self, *, page_size: int, in_flight: int, random: Random, largest: int = 0) -> None:
        self.page_size = max(2, page_size)
        self.in_flight = max(1, in_flight)
        self.cool_down = 0.0
        """Seconds to wait before the next request."""
        self._random = random
        self.largest = max(self.page_size, largest)
        """Rows that a page may grow to: what was not refused with 400."""
        self.proven = 0
        """Rows that were asked for and came: a size that is not too heavy."""
        self._streak = 0
        self._patience = GROW_AFTER
        self._active = 0
        self._generation = 0
        self._rounds = 0
        self._in_a_row = 0
        self._alone = False
        self._grown = False

    @property
    def is_exhausted(self) -> bool:
        """True after too many failures with nothing read between them."""
        return self._rounds >= ROUNDS or self._in_a_row >= IN_A_ROW

    def may_send(self) -> bool:
        """Say whether one more request may go out now."""
        return self._active < (1 if self._alone else self.in_flight)

    def send(self) -> Ticket:
        """Count a request that goes out."""
        self._active += 1
        wait, self.cool_down = self.cool_down, 0.0
        return Ticket(self._generation, wait)

    def back(self) -> None:
        """Count a request that came back, whatever it brought."""
        self._active -= 1

    def succeeded(self, ticket: Ticket, asked: int) -> None:
        """Learn from an answer to a request for ``asked`` rows."""
        self.proven = max(self.proven, asked)
        if ticket.generation != self._generation:
            return
        self._rounds = self._in_a_row = 0
        self._alone = False
        self._streak += 1
        if self._streak >= self._patience and self.page_size < self.largest:
            self.page_size = min(self.page_size * 2, self.largest)
            self._streak = 0
            self._grown = True

    def failed(
        self, ticket: Ticket, asked: int, error: RosterServerUnavailable | Refused, *, before: int = 0
    ) -> int:
        """Learn from a failure; return the rows to ask for when this page is tried again.

        ``before`` counts the failures of this very page, at this very size, until now.
        """
        first_to_tell = ticket.generation == self._generation
        again = asked
        had_worked = asked <= self.proven and before == 0
        if isinstance(error, Refused) or (isinstance(error, TooHeavy) and not had_worked):
            again = self._shrink(asked, for_ever=isinstance(error, Refused))
        if isinstance(error, Busy) and first_to_tell:
            self.in_flight = max(1, self.in_flight // 2)
        # Requests that were under way together fail together: that is one failure, not several.
        if first_to_tell:
            self._generation += 1
            self._in_a_row += 1
            if again == asked:
                self._rounds += 1
        self._alone = True
        if not isinstance(error, Refused):
            self.cool_down = max(self.cool_down, cool_down(error, max(1, self._in_a_row), self._random))
        return again

    def _shrink(self, asked: int, *, for_ever: bool) -> int:
        by = 2 if for_ever or self._grown or asked > self.largest // 4 + 1 else 4
        # One row more than the part: two halves that overlap by a row still fill what the whole would have.
        smaller = min(asked, max(SMALLEST_PAGE, asked // by + 1))
        # A part of a page that is refused says little of whole pages, and nothing against sizes that worked.
        if asked > self.proven and asked == self.page_size:
            self.page_size = max(2, smaller)
            self._streak = 0
            if self._grown:
                self._patience = min(self._patience * 2, GROW_AFTER * 64)
            self._grown = False
        if for_ever:
            self.largest = min(self.largest, max(2, smaller))
            self.page_size = min(self.page_size, self.largest)
        return smaller
