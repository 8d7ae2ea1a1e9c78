"""``python -m local serve``: the API, a simulated district and a Senso beside it, until Ctrl-C."""

import argparse
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Final

from local.clock import Clock
from local.engine import LocalEngine
from local.senso import Senso
from local.senso_on_bus import SensoOnBus
from local.tokens import TokenIssuer
from simulator.district import District
from simulator.oracle import Oracle
from simulator.server import SimulatedServer

TENANT: Final = "badger-unified"
ISSUER: Final = "https://issuer.local.example"
TOKEN_HOURS: Final = 12
_SECONDS_BETWEEN_ROUNDS: Final = 0.2


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("serve", help="the API beside a simulated district, until Ctrl-C")
    parser.add_argument("--port", type=int, default=0, help="the API's port, by default a free one")
    parser.add_argument("--students", type=int, default=500, help="how many the district has")
    parser.set_defaults(run=lambda parsed: run(parsed.port, parsed.students))


def run(port: int, students: int) -> int:
    """Serve until interrupted; return the exit status."""
    with ExitStack() as stack:
        clock = Clock()
        issuer = TokenIssuer(ISSUER, clock)
        district = District.generate(
            name="Badger Unified", students=students, seed=1, today=clock.now().date()
        )
        server = stack.enter_context(SimulatedServer(district))
        engine = stack.enter_context(
            LocalEngine(
                overrides={"Environment": "local", "JwtIssuer": issuer.issuer},
                time_scale=0.1,
                clock=clock,
                issuers=[issuer],
            )
        )
        address = engine.serve_api(port=port)
        senso = SensoOnBus(engine, Senso(clock.now))
        for email in sorted({owner for owner, _ in Oracle(district.tables).groups(district.today)})[::2]:
            senso.senso.add_user(TENANT, email)
        stopped = threading.Event()
        stack.callback(_carry_on(senso, stopped))
        audience = str(engine.parameters["JwtAudience"])
        print(f"API              {address}")
        print(f"Roster Server    {server.url}")
        print(f"ClientId         {server.client_id}")
        print(f"ClientSecret     {server.client_secret}")
        for role in ("admin", "reader"):
            claims = {"tenant_id": TENANT, "roles": [role], "sub": f"demo-{role}"}
            expires = int((clock.now() + timedelta(hours=TOKEN_HOURS)).timestamp())
            print(f"Token, {role:<9} {issuer.token(audience, claims, exp=expires)}")
        print("\nctrl-c ends it; nothing is kept", flush=True)
        stopped.wait()
    return 0


def _carry_on(senso: SensoOnBus, stopped: threading.Event) -> Callable[[], None]:
    """Carry Senso's mail beside everything else; return what ends it."""

    def carry() -> None:
        while not stopped.wait(_SECONDS_BETWEEN_ROUNDS):
            senso.carry()

    thread = threading.Thread(target=carry, daemon=True, name="senso")
    thread.start()

    def end() -> None:
        stopped.set()
        thread.join()

    return end
