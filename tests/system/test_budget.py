"""The vendor's budget: however many tenants a night has, no more requests are open at ClassLink at once."""

from datetime import timedelta

from local.engine import LocalEngine
from local.tenants import connect
from rostersync.steps.verify_credentials import ConnectRequest
from simulator.district import District
from simulator.server import SimulatedServer
from tests.system.conftest import NOON

BUDGET = 8
TENANTS = 5


def test_a_night_of_many_tenants_keeps_the_budget_and_uses_it():
    overrides = {"Environment": "local", "PageSize": "20", "RosterServerBudget": str(BUDGET)}
    district = District.generate(students=120, seed=1, today=NOON.date())
    # One server for all: it counts over the tenants, as ClassLink does.
    with (
        LocalEngine(overrides=overrides, time_scale=0.0005) as engine,
        SimulatedServer(district, latency_ms=60) as server,
    ):
        engine.clock.set(NOON)
        for number in range(TENANTS):
            request = ConnectRequest(
                tenant_id=f"tenant-{number}",
                server_url=server.url,
                client_id=server.client_id,
                client_secret=server.client_secret,
            )
            connect(engine, request)
        server.served.reset()
        engine.clock.set(NOON.replace(hour=6) + timedelta(days=1))
        execution = engine.run("nightly", {}, timeout=240)
        assert execution.output["outcomes"] == {"published": TENANTS}
        # More than one tenant can have by itself, and never more than all may.
        assert BUDGET // 2 < server.served.most_at_once <= BUDGET
