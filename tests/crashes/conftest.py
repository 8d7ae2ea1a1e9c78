"""Time stands still, and what is done several at a time is done one after the other: any order is allowed."""

from collections.abc import Callable
from concurrent.futures import Future
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

    def submit(self, call: Callable[[Any], Any], thing: Any) -> Future[Any]:
        """Make a call; return what became of it."""
        outcome: Future[Any] = Future()
        try:
            outcome.set_result(call(thing))
        except BaseException as error:  # a process that dies is one
            outcome.set_exception(error)
        return outcome


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls come in the same order each time."""
    monkeypatch.setattr(at_once, "ThreadPoolExecutor", OneByOne)
