"""The toy project at work: a template with every kind of thing that this project's own has."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.clock import Clock
from local.engine import LocalEngine
from local.tokens import TokenIssuer

TOY = Path(__file__).with_name("toy") / "template.yaml"


@pytest.fixture(scope="module")
def issuer() -> TokenIssuer:
    return TokenIssuer("https://identity.example", Clock())


@pytest.fixture(scope="module")
def engine(issuer) -> Iterator[LocalEngine]:
    parameters = {"Environment": "local", "Pace": "fast", "JwtIssuer": issuer.issuer}
    with LocalEngine(TOY, parameters, time_scale=0.001, clock=issuer.clock, issuers=[issuer]) as toy:
        yield toy
