"""One count of all calls to AWS that a step makes, and a death, or somebody else, at any of them."""

import random
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, TypeVar

T = TypeVar("T")

When: TypeAlias = Literal["before", "half", "after"]
WHEN: Final[tuple[When, ...]] = ("before", "half", "after")
"""When a process dies: before AWS has the call, when it did a part of what may be done in part, and after."""


class Died(BaseException):
    """The process is gone. No error of ours, so that nothing takes it for one of AWS and goes on."""


class Journal:
    """Counts calls from ``begin`` on; ``names`` lists them, ``parted`` says which of them AWS may do in part.

    Whoever has died calls nothing any more, whatever its ``finally`` would like to: every further call dies
    too, and has no effect.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Count anew, with nothing to come."""
        self.names: list[str] = []
        self.parted: list[bool] = []
        self._dead = False
        self._counting = True
        self._die_at, self._when = 0, ""
        self._interrupt_at = 0
        self._interruption: Callable[[], object] = lambda: None

    def die(self, number: int, when: When) -> None:
        """Die at the ``number``-th call, 1 for the first."""
        self.begin()
        self._die_at, self._when = number, when

    def interrupt(self, number: int, interruption: Callable[[], object]) -> None:
        """Let somebody else do something before the ``number``-th call; that is not counted."""
        self.begin()
        self._interrupt_at, self._interruption = number, interruption

    def call(self, name: str, whole: Callable[[], T], half: Callable[[], object] | None = None) -> T:
        """Make a call; ``half`` does a part of it, where AWS may do that and no more."""
        if self._dead:
            raise Died
        if not self._counting:
            return whole()
        self.names.append(name)
        self.parted.append(half is not None)
        if len(self.names) == self._interrupt_at:
            self._counting = False
            try:
                self._interruption()
            finally:
                self._counting = True
        if len(self.names) == self._die_at:
            self._dead = True
            self._do_before_dying(whole, half)
            raise Died
        return whole()

    def _do_before_dying(self, whole: Callable[[], object], half: Callable[[], object] | None) -> None:
        try:
            if self._when == "after":
                whole()
            elif self._when == "half" and half is not None:
                half()
        except Exception:
            pass


def some_of(things: list[Any]) -> list[Any]:
    """Return what AWS takes of a batch in a part: any of it, always the same."""
    return random.Random(len(things)).sample(things, len(things) // 2)
