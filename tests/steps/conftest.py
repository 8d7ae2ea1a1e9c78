"""Time stands still, and how fast a machine is shows nowhere."""

from collections.abc import Iterator

import pytest

from rostersync import clock
from rostersync.steps import fetch_pages
from tests.steps.driver import NOW


@pytest.fixture(autouse=True)
def one_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stop the clock by which items expire, and write progress at the end of a part only."""
    monkeypatch.setattr(fetch_pages, "PROGRESS_SECONDS", float("inf"))
    clock.set_time(NOW.isoformat())
    yield
    clock.set_time(None)
