"""Time stands still, and what is done several at a time is done one after the other: any order is allowed."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import pytest

from rostersync import at_once
from tests.steps.conftest import one_time

__all__ = ["one_time"]


class OneByOne:
    """An executor that does the work at once, so that a call has the same number in every run."""

    def __init__(self, _: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, call: Callable[[Any], Any], things: Iterable[Any]) -> Iterator[Any]:
        """Make all calls, then yield what they returned or raise what the first to fail raised."""
        outcomes: list[tuple[Any, BaseException | None]] = []
        for one in things:
            try:
                outcomes.append((call(one), None))
            except BaseException as error:
                outcomes.append((None, error))
        for result, failure in outcomes:
            if failure is not None:
                raise failure
            yield result


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls come in the same order each time."""
    monkeypatch.setattr(at_once, "ThreadPoolExecutor", OneByOne)
