"""A small clean district and a server over it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from simulator.district import District
from simulator.server import SimulatedServer

TODAY = date(2026, 10, 1)


@pytest.fixture
def district() -> District:
    """A clean district of 60 students."""
    return District.generate(students=60, seed=2, today=TODAY, dirt_share=0)


@pytest.fixture
def server(district: District) -> Iterator[SimulatedServer]:
    """A server over it, without faults."""
    with SimulatedServer(district) as running:
        yield running
