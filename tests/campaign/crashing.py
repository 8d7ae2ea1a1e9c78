"""Crashes: a step dies at a random call to AWS, and comes again, or ends its run, or is gone for good."""

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Final

from rostersync.errors import LeaseLost, StorageUnavailable
from tests.fakes import FakeBus
from tests.steps.driver import FakeStores

STATES: Final = (
    "Plan",
    "Fetch",
    "Seal",
    "People",
    "Owners",
    "Classes",
    "Groups",
    "Review",
    "Publish",
    "Deliver",
)
NEVER: Final = 10**9


class Died(BaseException):
    """The process is gone, and with it the execution: no Catch sees it."""


@dataclass(frozen=True)
class Crash:
    """``where`` is a state and the kind of call, ``number`` which of them; ``way`` is how it ends.

    ``again``: the step is tried again. ``fails``: the run ends by its Catch. ``gone``: nobody ends it.
    ``refused``: the bus refuses most entries for the night.
    """

    state: str
    call: str
    number: int
    way: str


def draw_crash(random: Random) -> Crash | None:
    """Return a night's crash, or none."""
    way = random.choice(("", "", "again", "again", "fails", "gone", "refused"))
    if not way:
        return None
    # Who fails in Plan, before the run item is there, has nothing to end.
    state = random.choice((*STATES[way == "fails" :], "Publish", "Deliver"))
    call = random.choice(("S3", "table", "write"))
    return Crash(state, call, random.choice((1, 2, 3, 5, 9, 17, 40, 90)), way)


class Crashing:
    """Arms a crash when its state is entered, and notes whether it happened."""

    def __init__(self, crash: Crash | None, stores: FakeStores, bus: FakeBus, random: Random) -> None:
        self._crash, self._stores = crash, stores
        self._error: BaseException | None = None
        self._refused = 0
        if crash is not None and crash.way == "refused":
            bus.eventbridge.refuses = lambda _: self._refuse(random)

    def enter(self, state: str) -> None:
        """Arm or disarm; called with each state that is entered."""
        crash = self._crash
        if crash is None or crash.way == "refused":
            return
        if state == "Finish":
            self._arm("table", NEVER, None)
            self._arm("S3", NEVER, None)
        elif state == crash.state and self._error is None:
            kind = {"again": StorageUnavailable, "fails": LeaseLost, "gone": Died}[crash.way]
            self._error = kind("a crash of the campaign")
            self._arm(crash.call, crash.number, self._error)

    def end(self, bus: FakeBus) -> Counter[str]:
        """Disarm; return what really happened, by name."""
        self._arm("table", NEVER, None)
        self._arm("S3", NEVER, None)
        bus.eventbridge.refuses = lambda _: ""
        if self._crash is None:
            return Counter()
        happened = self._refused if self._crash.way == "refused" else self._was_raised()
        return Counter({f"crash {self._crash.way}": 1}) if happened else Counter()

    def _refuse(self, random: Random) -> str:
        refused = random.random() < 0.8
        self._refused += refused
        return "InternalFailure" if refused else ""

    def _was_raised(self) -> bool:
        return self._error is not None and self._error.__traceback__ is not None

    def _arm(self, call: str, number: int, error: BaseException | None) -> None:
        # The fakes raise what they are given; that it may be no Exception is the campaign's own doing.
        fails = self._stores.staging.s3 if call == "S3" else self._stores.table
        if error is None:
            fails.fail_at_call(number)
            fails.fail_at_write(number)
        elif call == "write":
            fails.fail_at_write(number, error)  # type: ignore[arg-type]
        else:
            fails.fail_at_call(number, error)  # type: ignore[arg-type]
