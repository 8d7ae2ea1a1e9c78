"""A bus at its worst: events come in any order, some twice, some late, and all of them in the end."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Mailbag(Generic[T]):
    """Holds events until they are taken out. ``doubled`` and ``late`` are shares, 0 to 1.

    A late event is held back for 1 to ``rounds`` rounds; of a doubled one each may be late by itself.
    """

    random: Random
    doubled: float = 0.2
    late: float = 0.3
    rounds: int = 3
    _held: list[tuple[int, T]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether everything was given out."""
        return not self._held

    def put(self, events: Iterable[T]) -> None:
        """Take events in."""
        for event in events:
            for _ in range(2 if self.random.random() < self.doubled else 1):
                is_late = self.random.random() < self.late
                self._held.append((self.random.randint(1, self.rounds) if is_late else 0, event))

    def take(self) -> list[T]:
        """Give out one round, which may be nothing while some are held back."""
        due = [event for wait, event in self._held if wait == 0]
        self._held = [(wait - 1, event) for wait, event in self._held if wait > 0]
        self.random.shuffle(due)
        return due
