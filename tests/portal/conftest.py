"""The page in a real browser, over the real API, beside a simulated district and a Senso."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local import serve
from local.clock import Clock
from local.engine import LocalEngine
from local.senso import Senso
from local.senso_on_bus import SensoOnBus
from local.tenants import connect
from local.tokens import TokenIssuer
from rostersync.steps.verify_credentials import ConnectRequest
from simulator.district import District
from simulator.oracle import Oracle
from simulator.server import SimulatedServer
from tests.system.conftest import NOON

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REQUIRED = "BROWSER_TESTS" in os.environ
SEEN = "seen-by-many"
PATIENCE = 60_000
"""Milliseconds after which what a test waits for does not come any more."""

Served = tuple[LocalEngine, TokenIssuer]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        message = "THE PAGE IS NOT TESTED: there is no Chromium here (apt-get install chromium)"
        if REQUIRED:
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        # What is on loopback here is elsewhere in life: no permission is asked to go there.
        arguments = ["--disable-features=LocalNetworkAccessChecks"]
        if os.geteuid() == 0:
            # Chromium's own sandbox needs more than root in a container has.
            arguments.append("--no-sandbox")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(browser, tmp_path_factory) -> Iterator[Served]:
    """The engine with the page and the API on one port; without a browser it is not worth starting."""
    clock = Clock()
    clock.set(NOON)
    issuer = TokenIssuer(serve.ISSUER, clock)
    overrides = {"Environment": "local", "JwtIssuer": issuer.issuer, "PortalOrigins": "*"}
    with LocalEngine(overrides=overrides, time_scale=0.0005, clock=clock, issuers=[issuer]) as engine:
        session = tmp_path_factory.mktemp("session")
        serve.serve_page(engine, session)
        yield engine, issuer


@pytest.fixture(scope="module")
def senso(served) -> SensoOnBus:
    engine, _ = served
    return SensoOnBus(engine, Senso(engine.clock.now))


@pytest.fixture(scope="module")
def synced(served, senso) -> Iterator[SimulatedServer]:
    """A district that is connected and synced, as the tenant SEEN: for tests that only look."""
    engine, _ = served
    district = District.generate(name="Otter Valley", students=60, seed=3, today=NOON.date())
    with SimulatedServer(district) as server:
        connect(
            engine,
            ConnectRequest(
                tenant_id=SEEN,
                server_url=server.url,
                client_id=server.client_id,
                client_secret=server.client_secret,
            ),
        )
        senso.settle()
        assert (
            engine.run("sync", {"tenantId": SEEN, "cause": "portal", "actor": "somebody"}).status
            == "SUCCEEDED"
        )
        yield server


@dataclass
class Admin:
    """Somebody in front of the page, of one tenant, with a district of their own."""

    page: Page
    tenant: str
    engine: LocalEngine
    issuer: TokenIssuer
    server: SimulatedServer

    @property
    def oracle(self) -> Oracle:
        return Oracle(self.server.district.tables)

    @property
    def right(self):
        """What the oracle says of today: statistics, and groups by owner and class."""
        return self.oracle.statistics(NOON.date()), self.oracle.groups(NOON.date())

    def token(self, role="admin", **claims) -> str:
        given = {"tenant_id": self.tenant, "roles": [role], "sub": f"some-{role}", **claims}
        return self.issuer.token(str(self.engine.parameters["JwtAudience"]), given)

    def open(self, role="admin"):
        """Come to the page with a session of this tenant's."""
        session = {
            "api": self.engine.api_url,
            "tokens": dict.fromkeys(serve.ROLES, self.token(role)),
            "roles": ["teacher", "helper"],
            "sites": ["North", "South"],
        }
        self.page.add_init_script(
            "window.ended = 0; document.addEventListener('run-finished', () => (window.ended += 1));"
        )
        self.page.route("**/session/session.json", lambda route: route.fulfill(json=session))
        self.page.goto(f"{self.engine.api_url}/portal/")
        return self

    def fill(self, secret=None, client_id=None, url=None):
        page = self.page
        page.get_by_label("ClientId", exact=True).fill(client_id or self.server.client_id)
        page.get_by_label("ClientSecret", exact=True).fill(
            self.server.client_secret if secret is None else secret
        )
        address = page.get_by_label("Roster Server address")
        if not address.is_visible():
            page.get_by_text("Advanced", exact=True).click()
        address.fill(url or self.server.url)
        page.get_by_role("button", name="Save", exact=True).click()
        return self

    def connect(self):
        self.open().fill()
        self.page.get_by_role("button", name="Not now").click()
        self.page.get_by_role("heading", name=self.server.district.name).wait_for()
        return self

    def sync(self, button="Sync now"):
        """Press a button and wait until the page has seen the end of what it starts."""
        self.a_minute_later()
        ended = self.page.evaluate("window.ended")
        self.page.get_by_role("button", name=button).first.click()
        self.page.wait_for_function("(ended) => window.ended > ended", arg=ended)
        self.page.get_by_role("button", name="Everything about it").wait_for()
        return self

    def a_minute_later(self):
        """Let no two runs begin at the same time."""
        self.engine.clock.set(self.engine.clock.now() + timedelta(minutes=1))

    def tab(self, name):
        self.page.get_by_role("tab", name=name).click()
        return self.page.get_by_role("tabpanel", name=name)


@pytest.fixture
def looking(somebody, synced) -> Admin:
    """An admin in front of the status screen of a synced district, which no test changes."""
    admin: Admin = somebody(of=synced).open()
    admin.page.get_by_role("button", name="Everything about it").wait_for()
    return admin


@pytest.fixture
def somebody(served, senso, browser, request) -> Iterator[Callable[..., Admin]]:
    """``somebody()``: an admin in front of a page, of a tenant of its own; ``of``: that of ``synced``."""
    engine, issuer = served
    engine.clock.set(NOON)
    servers: list[SimulatedServer] = []
    context = browser.new_context(locale="en-US", timezone_id="America/New_York", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    errors: list[str] = []

    def stand(
        *, seed: int = 3, students: int = 60, name: str = "Otter Valley", of: SimulatedServer | None = None
    ) -> Admin:
        server = of
        if server is None:
            district = District.generate(name=name, students=students, seed=seed, today=NOON.date())
            server = SimulatedServer(district).start()
            servers.append(server)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security" in said.text else None)
        named = (
            SEEN
            if of
            else re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:50].strip("-")
        )
        return Admin(page, named, engine, issuer, server)

    yield stand
    context.close()
    for server in servers:
        server.close()
    assert not errors


def pytest_terminal_summary(terminalreporter):
    if CHROMIUM is None:
        terminalreporter.write_line("THE PAGE WAS NOT TESTED: there is no Chromium here", red=True, bold=True)
