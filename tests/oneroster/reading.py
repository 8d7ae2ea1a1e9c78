"""Pulling from a fake server, and what came of it."""

from collections import Counter
from dataclasses import dataclass, field

from rostersync.oneroster.payloads import Row
from rostersync.oneroster.pulling import Stop, pull
from rostersync.oneroster.windows import Window
from rostersync.roster.completeness import Answer, judge
from tests.oneroster.fake_pages import Clock, FakePages


@dataclass
class Taken:
    answers: list[tuple[Window, Answer]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    inside: int = 0

    def take(self, window: Window, answer: Answer, taken: list[Row]) -> None:
        assert self.inside == 0
        self.inside += 1
        self.answers.append((window, answer))
        self.rows.extend(taken)
        assert len(taken) == answer.rows - (answer.offset > 0 and answer.rows > 0) or answer.offset == 0
        self.inside -= 1

    def of(self, collection: str) -> list[Answer]:
        return [answer for window, answer in self.answers if window.collection == collection]


def read(
    server: FakePages,
    windows: list[Window],
    *,
    page_size: int = 100,
    largest_page: int = 0,
    in_flight: int = 1,
    clock: Clock | None = None,
    taken: Taken | None = None,
) -> tuple[Stop, Taken]:
    clock, taken = clock or Clock(), taken or Taken()
    stop = pull(
        server,
        windows,
        page_size=page_size,
        largest_page=largest_page,
        in_flight=in_flight,
        seconds_left=clock.seconds_left,
        take=taken.take,
        wait=clock.wait,
        random=clock.dice,
    )
    return stop, taken


def read_on(server: FakePages, windows: list[Window], clock: Clock, **sizes: int) -> Taken:
    """Read until nothing remains, as the state machine does."""
    taken = Taken()
    for _ in range(200):
        stop, _ = read(server, windows, clock=clock, taken=taken, **sizes)
        windows = list(stop.windows)
        sizes = {
            "page_size": stop.page_size,
            "largest_page": stop.largest_page,
            "in_flight": stop.in_flight,
        }
        if not windows:
            return taken
        clock.wait(stop.wait_seconds)
    raise AssertionError("it never ended")


def assert_complete(taken: Taken, server: FakePages) -> None:
    for collection, everything in server.collections.items():
        announced = len(everything) if server.totals else None
        verdict = judge(collection, taken.of(collection), announced)
        assert verdict.complete, verdict.reason
        assert verdict.received == len(everything)
    assert Counter(row.sourced_id for row in taken.rows) == Counter(
        row.sourced_id for everything in server.collections.values() for row in everything
    )
