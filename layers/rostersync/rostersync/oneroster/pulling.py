"""Filling windows: several requests in flight, each window read on by rows received (DESIGN §3, Fetch).

An answer at an offset above 0 begins with the last row of the answer before it, its overlap row. So a window
of rows ``start`` to ``end`` is followed by one that starts at ``end - 1``, and what a pull could not read is
given back as windows that start at the last row received. A window has two rows or more unless it is the
whole collection: after one that ends at row 1 the next would start at row 0, where nothing overlaps.
"""

import math
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from rostersync.errors import RosterServerUnavailable, RosterSyncError, UnexpectedAnswer
from rostersync.oneroster.pacing import Pace, Ticket
from rostersync.oneroster.patience import LONGEST_WAIT, patiently
from rostersync.oneroster.payloads import Row
from rostersync.oneroster.server import LONGEST_REQUEST, Page
from rostersync.oneroster.signals import Refused, settled
from rostersync.oneroster.windows import Window
from rostersync.roster.completeness import Answer

TIME_FOR_ONE_REQUEST: Final = LONGEST_REQUEST
"""Seconds that must be left for another request to be sent."""

AWAY: Final = 30
"""Seconds to leave a server alone that stopped answering in the middle of a pull."""

PAGE_ATTEMPTS: Final = 5
"""Failures of one page after which its window is left for later."""

EMPTY_HANDED: Final = 3
"""Answers in a row that bring nothing new although there is more to come, before they are an error."""

DEFAULT_LIMIT: Final = 100
"""The page that every server must give (ONEROSTER §5): where even this is refused, the limit is not why."""

MOST_ROWS: Final = 100_000_000
"""Rows that no collection has."""


class Pages(Protocol):
    """What a pull needs of a Roster Server."""

    def page(self, collection: str, *, offset: int, limit: int) -> Page:
        """Return rows ``offset`` to ``offset + limit``; one attempt."""


class Stop(Struct, frozen=True):
    """Where a pull stopped: what remains (nothing: it is done), and how to go on after ``wait_seconds``.

    A page of ``page_size`` may grow to ``largest_page`` again.
    """

    windows: tuple[Window, ...]
    wait_seconds: int
    page_size: int
    largest_page: int
    in_flight: int


Take = Callable[[Window, Answer, list[Row]], None]


def pull(
    server: Pages,
    windows: Sequence[Window],
    *,
    page_size: int,
    largest_page: int = 0,
    in_flight: int,
    seconds_left: Callable[[], float],
    take: Take,
    wait: Callable[[float], None],
    random: Random,
) -> Stop:
    """Read windows and hand each answer to ``take``, in any order of windows but never two at once.

    ``take`` gets the window, the answer (whose ``rows`` count the overlap row) and the rows without the
    overlap row. Reading stops early when ``seconds_left`` comes near its end, when the server asks for a long
    pause, or when it stops answering after something was read.

    Raises ``RosterServerUnavailable`` when nothing could be read at all; and at once, with nothing more
    sent, ``CredentialsRejected``, ``AccessDenied``, ``NotARosterServer``, ``UnexpectedAnswer`` and whatever
    ``take`` raises.
    """
    pace = Pace(page_size=page_size, largest=largest_page, in_flight=in_flight, random=random)
    reading = _Reading(server, windows, pace)
    reading.seconds_left, reading.take, reading.wait = seconds_left, take, wait
    threads = [
        threading.Thread(target=reading.run, name=f"pull-{number}", daemon=True)
        for number in range(min(max(1, in_flight), len(windows)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return reading.outcome()


def find_total(
    server: Pages,
    collection: str,
    *,
    wait: Callable[[float], None] = time.sleep,
    random: Random | None = None,
) -> int:
    """Return how many rows a collection has that announces no total, by asking for single rows.

    Raises what the server's answers raise, by the names that the state machines know.
    """

    def has_row(offset: int) -> bool:
        found = patiently(lambda: server.page(collection, offset=offset, limit=1), wait=wait, random=random)
        return bool(found.rows)

    there, absent = -1, 0
    while has_row(absent):
        if absent > MOST_ROWS:
            raise UnexpectedAnswer(f"the Roster Server's /{collection} has no end: offset is not understood")
        # Twice doubled: the first row that is absent is looked for by bisecting anyhow.
        there, absent = absent, max(1, absent * 4)
    while absent - there > 1:
        middle = (there + absent) // 2
        there, absent = (middle, absent) if has_row(middle) else (there, middle)
    return absent


class _Progress(Struct):
    """A window that is being read: the next offset to ask for, and how its current page has gone so far.

    ``limit`` is what is asked for instead of the page size, until a page of ``refused`` rows has worked.
    """

    place: int
    window: Window
    offset: int
    limit: int | None = None
    refused: int = 0
    is_short: bool = False
    failures: int = 0
    empty_handed: int = 0


class _Stopped(Exception):
    """Reading ends here."""


class _Reading:
    """The work of one ``pull``, shared by its threads."""

    seconds_left: Callable[[], float]
    take: Take
    wait: Callable[[float], None]

    def __init__(self, server: Pages, windows: Sequence[Window], pace: Pace) -> None:
        self._server = server
        self._pace = pace
        self._waiting = deque(enumerate(windows))
        self._remaining = dict(enumerate(windows))
        self._turn = threading.Condition()
        self._stopped = False
        self._wait_seconds = 0.0
        self._error: BaseException | None = None
        self._unavailable: RosterSyncError | None = None
        self._has_read = False
        self._leaves_out = False
        """Whether the server was seen to give fewer rows than it was asked for, though it has more."""

    def run(self) -> None:
        """Read windows until none is left or reading stops; a thread's whole life."""
        try:
            while True:
                with self._turn:
                    if self._stopped or not self._waiting:
                        return
                    place, window = self._waiting.popleft()
                self._read(_Progress(place, window, window.start))
        except _Stopped:
            return
        except BaseException as error:
            self._fail(error)

    def outcome(self) -> Stop:
        """Return or raise what the threads came to."""
        if self._error is not None:
            raise settled(self._error) if isinstance(self._error, RosterSyncError) else self._error
        if self._unavailable is not None:
            if not self._has_read:
                raise settled(self._unavailable)
            # What was read is kept by stopping instead of raising; the next attempt starts after it.
            self._wait_seconds = max(self._wait_seconds, AWAY)
        remaining = tuple(self._remaining[place] for place in sorted(self._remaining))
        return Stop(
            windows=remaining,
            wait_seconds=math.ceil(self._wait_seconds) if remaining else 0,
            page_size=self._pace.page_size,
            largest_page=self._pace.largest,
            in_flight=self._pace.in_flight,
        )

    def _read(self, progress: _Progress) -> None:
        """Read one window to its end, or leave it when one of its pages fails again and again."""
        window = progress.window
        while progress.failures < PAGE_ATTEMPTS:
            page = self._ask(progress, progress.offset)
            if page is None:
                continue
            rows = page.rows
            if window.end is not None:
                rows = rows[: max(0, window.end - progress.offset)]
            progress.failures = 0
            if self._has_ended(progress, page, rows):
                self._hand_over(progress, page, rows, done=True)
                return
            if len(rows) <= 1:
                progress.empty_handed += 1
                if not rows or progress.empty_handed >= EMPTY_HANDED:
                    raise UnexpectedAnswer(
                        f"the Roster Server sent nothing of /{window.collection} after row {progress.offset} "
                        "although there is more"
                    )
                continue
            progress.empty_handed = 0
            self._hand_over(progress, page, rows, done=False)

    def _has_ended(self, progress: _Progress, page: Page, rows: list[Row]) -> bool:
        """Say whether the window ends with these rows. Only a total, or nothing more to come, is an end."""
        reached = progress.offset + len(rows)
        end = progress.window.end
        if end is not None and reached >= end:
            return True
        if rows and page.total is not None and reached >= page.total and not self._may_lack_a_row(rows):
            # All there is; the window reaches one row beyond it, to see that there is none.
            return True
        if len(rows) > 1:
            return False
        if page.total is not None:
            # Fewer than when the windows were cut: the answer is kept, and the moved total tells the judge.
            return reached >= page.total
        if end is not None or not rows:
            return True
        # Without a total a short page looks like the end. Only nothing behind the last row is one.
        beyond = None
        while beyond is None and progress.failures < PAGE_ATTEMPTS:
            beyond = self._ask(progress, reached, limit=1)
        return beyond is not None and not beyond.rows

    def _may_lack_a_row(self, rows: list[Row]) -> bool:
        """Say whether a total that is reached is no end yet: only an answer without another row is one then.

        A server that leaves rows out may have left out the one beyond. And one that gives a row twice may
        have left out the last: the number is right, and the next answer begins with another row.
        """
        return self._leaves_out or len({row.key for row in rows}) < len(rows)

    def _ask(self, progress: _Progress, offset: int, limit: int | None = None) -> Page | None:
        """Send one request when it is its turn; None when it failed and may be tried again."""
        ticket, limit = self._take_turn(progress, offset, limit)
        try:
            if ticket.wait:
                self.wait(ticket.wait)
            page = self._server.page(progress.window.collection, offset=offset, limit=limit)
        except (RosterServerUnavailable, Refused) as error:
            self._learn(progress, ticket, limit, error)
            return None
        except BaseException as error:
            # Before the turn is given back, so that no other thread sends anything after it.
            self._fail(error)
            raise _Stopped from None
        else:
            # A server that gives less than it is asked for is asked for more than the window still lacks: one
            # that always leaves some rows out would else send the end of each window row by row.
            progress.is_short = len(page.rows) < limit
            if progress.is_short and page.total is not None and offset + len(page.rows) < page.total:
                self._leaves_out = True
            with self._turn:
                self._pace.succeeded(ticket, limit)
                if self._pace.proven >= progress.refused:
                    progress.limit = None
            return page
        finally:
            with self._turn:
                self._pace.back()
                self._turn.notify_all()

    def _take_turn(self, progress: _Progress, offset: int, limit: int | None) -> tuple[Ticket, int]:
        with self._turn:
            while not self._stopped and not self._pace.may_send():
                self._turn.wait()
            left = self.seconds_left()
            pause = self._pace.cool_down
            if not self._stopped and (pause > LONGEST_WAIT or pause + TIME_FOR_ONE_REQUEST > left):
                self._wait_seconds = max(self._wait_seconds, pause)
                self._stop()
            if self._stopped:
                raise _Stopped
            limit = limit or progress.limit or self._pace.page_size
            if progress.window.end is not None and not progress.is_short:
                limit = min(limit, progress.window.end - offset)
            return self._pace.send(), max(1, limit)

    def _learn(
        self, progress: _Progress, ticket: Ticket, limit: int, error: RosterServerUnavailable | Refused
    ) -> None:
        if isinstance(error, Refused) and (error.status != 400 or limit <= DEFAULT_LIMIT):
            self._fail(error)
            raise _Stopped
        with self._turn:
            again = self._pace.failed(ticket, limit, error, before=progress.failures)
            # Where the page size itself became smaller, this window grows with it.
            progress.limit = again if again < self._pace.page_size else None
            progress.refused = limit
            progress.failures += again >= limit
            if self._pace.is_exhausted or progress.failures >= PAGE_ATTEMPTS:
                self._unavailable = error
            if self._pace.is_exhausted:
                self._stop()

    def _hand_over(self, progress: _Progress, page: Page, rows: list[Row], *, done: bool) -> None:
        overlap = 1 if progress.offset > 0 and rows else 0
        answer = Answer(
            offset=progress.offset,
            rows=len(rows),
            first=rows[0].key if rows else 0,
            last=rows[-1].key if rows else 0,
            ids=array("Q", [row.key for row in rows[overlap:] if row.sourced_id]),
            total=page.total,
            revision=page.revision,
        )
        with self._turn:
            if self._error is not None:
                raise _Stopped
            self.take(progress.window, answer, rows[overlap:])
            self._has_read = True
            if done:
                only_row = answer.rows == 1 and progress.offset == 0
                if only_row and answer.total is None and progress.window.end is None:
                    # The only row there is: what shows the end is an answer that holds its overlap row alone.
                    self.take(progress.window, replace(answer, ids=array("Q")), [])
                del self._remaining[progress.place]
                return
            progress.offset += len(rows) - 1
            self._remaining[progress.place] = replace(progress.window, start=progress.offset)

    def _stop(self) -> None:
        self._stopped = True
        self._turn.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._turn:
            if self._error is None:
                self._error = error
            self._stop()
