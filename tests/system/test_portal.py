"""The portal's API whole: API Gateway, tokens, functions, the sync behind it."""

from collections.abc import Iterator

import pytest
import requests

from local.clock import Clock
from local.engine import LocalEngine
from local.tokens import TokenIssuer
from rostersync.clock import milliseconds
from simulator.district import District
from simulator.faults import Fault
from simulator.oracle import Oracle
from simulator.server import SimulatedServer
from tests.system.conftest import NOON

TENANT = "by-portal"
PATH = "/ims/oneroster/v1p1"
SECRET = "canary-secret-of-the-district"
PARTNER_KEY = "canary-key-of-the-partner"
SECONDS = 60


class Portal:
    """A page of the portal, as one tenant's admin unless told otherwise."""

    def __init__(self, engine, issuer, tenant):
        self.engine, self.issuer, self.tenant = engine, issuer, tenant
        self.audience = str(engine.parameters["JwtAudience"])

    def token(self, role="admin"):
        return self.issuer.token(
            self.audience, {"tenant_id": self.tenant, "roles": [role], "sub": "somebody"}
        )

    def ask(self, method, path, body=None, token=None):
        headers = {"Authorization": f"Bearer {self.token() if token is None else token}"}
        return requests.request(
            method, self.engine.api_url + path, json=body, headers=headers, timeout=SECONDS
        )

    def connect(self, server, **changes):
        body = {"clientId": server.client_id, "clientSecret": server.client_secret, "serverUrl": server.url}
        return self.ask("PUT", "/integration/credentials", {**body, **changes})

    def sync(self, mode="changes"):
        run_id = self.ask("POST", "/runs", {"mode": mode}).json()["runId"]
        arn = self.engine.state_machine("sync").arn.replace("stateMachine", "execution") + f":{run_id}"
        self.engine.wait(arn, SECONDS)
        return self.ask("GET", f"/runs/{run_id}").json()


@pytest.fixture(scope="module")
def issuer() -> TokenIssuer:
    clock = Clock()
    clock.set(NOON)
    return TokenIssuer("https://issuer.example", clock)


@pytest.fixture(scope="module")
def partner() -> Iterator[SimulatedServer]:
    """A server that also knows where the servers of all districts are."""
    district = District.generate(students=40, seed=5, today=NOON.date())
    with SimulatedServer(
        district,
        client_id="known-to-the-partner",
        client_secret=SECRET,
        partner_key=PARTNER_KEY,
        partner_others=30,
    ) as server:
        yield server


@pytest.fixture(scope="module")
def served(issuer, partner) -> Iterator[LocalEngine]:
    """An engine of its own, whose API knows the issuer, and the key of the partner API."""
    overrides = {
        "Environment": "local",
        "JwtIssuer": issuer.issuer,
        "PartnerApiUrl": partner.url,
        "PartnerKeySecret": "partner-key",
    }
    with LocalEngine(overrides=overrides, time_scale=0.01, clock=issuer.clock, issuers=[issuer]) as engine:
        engine.client("secretsmanager").create_secret(Name="partner-key", SecretString=PARTNER_KEY)
        yield engine


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatedServer]:
    district = District.generate(students=80, seed=2, today=NOON.date())
    with SimulatedServer(district, client_secret=SECRET) as server:
        yield server


@pytest.fixture
def portal(served, issuer) -> Portal:
    return Portal(served, issuer, TENANT)


def test_wrong_credentials_are_refused_with_the_reason_and_connect_nobody(served, issuer, server):
    portal = Portal(served, issuer, "refused")
    for changes, status, code in (
        ({"clientSecret": "wrong"}, 422, "credentials-rejected"),
        ({"serverUrl": "https://roster.elsewhere.example"}, 422, "not-a-roster-server"),
        ({"serverUrl": "https://169.254.169.254"}, 422, "not-a-roster-server"),
        ({"serverUrl": ""}, 400, "invalid-input"),
        ({"clientSecret": ""}, 400, "invalid-input"),
        ({"unheardOf": 1}, 400, "invalid-input"),
    ):
        answer = portal.connect(server, **changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert SECRET not in answer.text
    assert portal.ask("GET", "/integration").json()["status"] == "not connected"
    assert portal.ask("POST", "/runs", {}).json()["code"] == "not-connected"


def test_without_an_address_the_partner_api_tells_it_for_this_client_id_alone(served, issuer, partner):
    portal = Portal(served, issuer, "by-partner")
    wrong = portal.connect(partner, serverUrl="", clientSecret="wrong")
    assert wrong.json()["code"] == "credentials-rejected"
    # Where another district's server is, it is not told for: that address answers nobody.
    unknown = portal.connect(partner, serverUrl="", clientId="known-to-nobody")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "invalid-input")
    answer = portal.connect(partner, serverUrl="")
    assert (answer.status_code, answer.json()["serverUrl"]) == (200, f"{partner.url}{PATH}")
    told = "\n".join([answer.text, unknown.text, *(line for lines in served.logs.values() for line in lines)])
    assert PARTNER_KEY not in told
    assert SECRET not in told


def test_a_reader_may_not_connect(served, issuer, server):
    portal = Portal(served, issuer, "by-a-reader")
    body = {"clientId": server.client_id, "clientSecret": SECRET, "serverUrl": server.url}
    answer = portal.ask("PUT", "/integration/credentials", body, token=portal.token("reader"))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_connect_sync_and_see_it_on_the_screen(portal, server):
    connected = portal.connect(server, clientId=f" {server.client_id} ")
    oracle = Oracle(server.district.tables)
    assert connected.status_code == 200
    assert connected.json()["districtName"] == server.district.name
    assert connected.json()["records"]["students"] == oracle.collections()["students"]["announced"]
    shown = portal.sync()
    assert (shown["phase"], shown["run"]["outcome"], shown["run"]["actor"]) == (
        "ended",
        "published",
        "somebody",
    )
    screen = portal.ask("GET", "/integration").json()
    assert screen["status"] == "connected"
    assert screen["statistics"] == oracle.statistics(NOON.date())
    assert screen["people"]["waiting"] == len({owner for owner, _ in oracle.groups(NOON.date())})
    # Wrong credentials leave the working ones in place.
    assert portal.connect(server, clientSecret="wrong").status_code == 422
    assert portal.sync()["run"]["outcome"] == "unchanged"


def test_another_district_is_asked_for_and_takes_the_place_of_the_first_one(served, issuer, server):
    portal = Portal(served, issuer, "switching")
    assert portal.connect(server).json()["status"] == "connected"
    portal.sync()
    district = District.generate(students=60, seed=3, today=NOON.date())
    with SimulatedServer(district, client_id="another-district", client_secret=SECRET) as other:
        asked = portal.connect(other)
        assert (asked.status_code, asked.json()["code"]) == (409, "other-district")
        assert asked.json()["districts"] == {
            "connected": server.district.name,
            "found": other.district.name,
        }
        assert portal.ask("GET", "/integration").json()["status"] == "connected"
        confirmed = portal.connect(other, confirmDistrict=True)
        assert (confirmed.status_code, confirmed.json()["status"]) == (202, "switching")
        screen = portal.ask("GET", "/integration").json()
        assert (screen["status"], screen["connection"]["serverUrl"]) == (
            "disconnecting",
            f"{server.url}{PATH}",
        )
        assert screen["switchingTo"]["serverUrl"] == f"{other.url}{PATH}"
        machine = served.state_machine("disconnect").arn.replace("stateMachine", "execution")
        ended = served.wait(f"{machine}:switching-{milliseconds(NOON)}-1", SECONDS)
        assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
        screen = portal.ask("GET", "/integration").json()
        assert (screen["status"], screen["switchingTo"], screen["lastRun"]) == ("connected", None, None)
        assert screen["connection"]["serverUrl"] == f"{other.url}{PATH}"
        assert screen["statistics"] == {}
        portal.sync()
        screen = portal.ask("GET", "/integration").json()
        assert screen["statistics"] == Oracle(district.tables).statistics(NOON.date())
    names = [one["Name"] for one in served.client("secretsmanager").list_secrets()["SecretList"]]
    assert len([name for name in names if "/switching/" in name]) == 1


def test_a_server_that_is_down_fails_the_run_in_words(served, issuer):
    portal = Portal(served, issuer, "goes-down")
    district = District.generate(students=40, seed=4, today=NOON.date())
    with SimulatedServer(district) as server:
        assert portal.connect(server).status_code == 200
        server.faults.set(Fault.from_text("status:500"))
        shown = portal.sync()
    assert (shown["run"]["outcome"], shown["run"]["error"]) == ("failed", "RosterServerUnavailable")


def test_a_token_that_is_not_the_issuers_own_gets_nowhere(portal):
    claims = {"tenant_id": TENANT, "roles": ["admin"], "sub": "somebody"}
    for kind, token in portal.issuer.bad_tokens(portal.audience, claims).items():
        for method, path in (("GET", "/integration"), ("POST", "/runs"), ("PUT", "/integration/credentials")):
            answer = portal.ask(method, path, {} if method != "GET" else None, token=token)
            assert answer.status_code == 401, (kind, path)
