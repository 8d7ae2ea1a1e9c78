"""``python -m local serve``: the page and its API beside a simulated district and a Senso, until Ctrl-C."""

import argparse
import json
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

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
ROLES: Final = ("admin", "reader")
PORTAL: Final = Path(__file__).resolve().parent.parent / "portal"
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""As strict as a portal's may be: the page needs nothing else."""

_SECONDS_BETWEEN_ROUNDS: Final = 0.2


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("serve", help="the page beside a simulated district, until Ctrl-C")
    parser.add_argument("--port", type=int, default=0, help="the page's port, by default a free one")
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
                overrides={
                    "Environment": "local",
                    "JwtIssuer": issuer.issuer,
                    "DefaultServerUrl": server.url,
                },
                time_scale=0.1,
                clock=clock,
                issuers=[issuer],
            )
        )
        session = Path(stack.enter_context(TemporaryDirectory(prefix="session-")))
        address = serve_page(engine, session, port)
        expires = int((clock.now() + timedelta(hours=TOKEN_HOURS)).timestamp())
        tokens = {role: token(engine, issuer, role, expires) for role in ROLES}
        write_session(session, address, tokens)
        senso = SensoOnBus(engine, Senso(clock.now))
        for email in sorted({owner for owner, _ in Oracle(district.tables).groups(district.today)})[::2]:
            senso.senso.add_user(TENANT, email)
        stopped = threading.Event()
        stack.callback(_carry_on(senso, stopped))
        print(f"Page             {address}/portal/")
        print(f"API              {address}")
        print(f"Roster Server    {server.url}")
        print(f"ClientId         {server.client_id}")
        print(f"ClientSecret     {server.client_secret}")
        for role in ROLES:
            print(f"Token, {role:<9} {tokens[role]}")
        print("\nOpen the page and enter ClientId and ClientSecret, or call the API (docs/openapi.json):")
        print(f"curl -H 'Authorization: Bearer TOKEN' {address}/integration")
        print("\nctrl-c ends it; nothing is kept", flush=True)
        stopped.wait()
    return 0


def serve_page(engine: LocalEngine, session: Path, port: int = 0) -> str:
    """Serve the page, its session's folder and the API on one port; return the address."""
    return engine.serve_api(
        port=port,
        static={"/portal/": PORTAL, "/session/": session},
        content_security_policy=CONTENT_SECURITY_POLICY,
    )


def write_session(session: Path, api: str, tokens: dict[str, str]) -> None:
    """Write what the page's host would know: the API's address, tokens by role, Senso's roles and sites."""
    given: dict[str, Any] = {
        "api": api,
        "tokens": tokens,
        "roles": ["teacher", "teaching assistant"],
        "sites": ["Badger High", "Badger Elementary"],
    }
    (session / "session.json").write_text(json.dumps(given), encoding="utf-8")


def token(engine: LocalEngine, issuer: TokenIssuer, role: str, expires: int, tenant_id: str = TENANT) -> str:
    """Return a token as the portal's issuer would give it; ``expires`` in seconds since 1970."""
    claims = {"tenant_id": tenant_id, "roles": [role], "sub": f"demo-{role}"}
    return issuer.token(str(engine.parameters["JwtAudience"]), claims, exp=expires)


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
