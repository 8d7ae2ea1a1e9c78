"""The template on the local engine, and simulated districts beside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from local.engine import LocalEngine
from local.senso_on_bus import SensoOnBus
from local.tenants import connect
from rostersync.steps.verify_credentials import ConnectRequest
from simulator.district import District
from simulator.server import SimulatedServer
from tests.senso.checked import CheckedSenso

NOON = datetime(2026, 10, 5, 16, 0, tzinfo=UTC)
Connected = Callable[..., SimulatedServer]


@pytest.fixture(scope="module")
def senso(engine: LocalEngine) -> Iterator[SensoOnBus]:
    """The stand-in for Senso, on the engine's bus; at the end, nothing that it was told was wrong."""
    on_bus = SensoOnBus(engine, CheckedSenso(engine.clock.now, page_size=5))
    yield on_bus
    assert on_bus.senso.contradictions == 0
    assert on_bus.senso.changed_nothing == 0


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    """The project's own template; a module's tests share it, each with a tenant of its own."""
    with LocalEngine(overrides={"Environment": "local", "PageSize": "500"}, time_scale=0.0005) as engine:
        yield engine


@pytest.fixture
def connected(engine: LocalEngine) -> Iterator[Connected]:
    """Connect a tenant to a district of its own: ``connected("tenant", students=120)``."""
    engine.clock.set(NOON)
    with ExitStack() as stack:

        def connect_tenant(
            tenant_id: str, *, students: int = 120, seed: int = 1, **options
        ) -> SimulatedServer:
            district = District.generate(students=students, seed=seed, today=NOON.date())
            server = stack.enter_context(SimulatedServer(district, **options))
            connect(
                engine,
                ConnectRequest(
                    tenant_id=tenant_id,
                    server_url=server.url,
                    client_id=server.client_id,
                    client_secret=server.client_secret,
                ),
            )
            return server

        yield connect_tenant
