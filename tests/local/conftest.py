"""The toy project at work: a template with every kind of thing that this project's own has."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.engine import LocalEngine

TOY = Path(__file__).with_name("toy") / "template.yaml"


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    with LocalEngine(TOY, {"Environment": "local", "Pace": "fast"}, time_scale=0.001) as toy:
        yield toy
