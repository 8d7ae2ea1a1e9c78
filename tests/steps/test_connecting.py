"""Connecting a tenant: only what was verified is stored, and never another district's."""

from datetime import datetime
from typing import Any, Final

import pytest
from msgspec.structs import replace

from rostersync.errors import CredentialsRejected, NotConnected, OtherDistrict
from rostersync.oneroster.ability import Ability
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.discovery import AuthChoice, Discovery, District
from rostersync.roster.settings import RosterSettings
from rostersync.steps.requests import parse_request
from rostersync.steps.verify_credentials import (
    ConnectRequest,
    Discover,
    Verified,
    masked,
    verify_credentials,
)
from rostersync.storage import keys
from rostersync.storage.integrations import Leaving
from tests.fakes import FakeBus, FakeStepFunctions, executions_of
from tests.steps.driver import NOW, TENANT, FakeStores

MACHINE: Final = "arn:aws:states:us-east-1:123456789012:stateMachine:disconnect"
HILL = District("Hill", "hill.example", "district", ("north", "south"), ("North", "South"))
DALE = District("Dale", "dale.example", "district", ("east",), ("East",))
EVENT = {
    "tenantId": TENANT,
    "serverUrl": "hill.example",
    "clientId": "0123456789abcdef",
    "clientSecret": " invented secret ",
}


def finds(district: District) -> Discover:
    """Return a discovery that finds this district, whatever it is asked."""

    def discover(_: str, __: Credentials, auth: AuthChoice) -> Discovery:
        return Discovery(
            f"https://{district.host}/ims/oneroster/v1p1",
            Ability(fields=True),
            district,
            {"orgs": 1},
            (),
            ("orgs",),
        )

    return discover


def connect(
    stores: FakeStores,
    discover: Discover,
    *,
    bus: FakeBus | None = None,
    key: bytes = b"k" * 32,
    now: datetime = NOW,
    step_functions: FakeStepFunctions | None = None,
    **changes: Any,
) -> Verified:
    """Connect the tenant, at the usual time unless told otherwise."""
    request = parse_request(ConnectRequest, {**EVENT, **changes})
    return verify_credentials(
        request,
        stores,
        FakeBus() if bus is None else bus,
        executions_of(step_functions or FakeStepFunctions()),
        MACHINE,
        discover,
        now=now,
        default_time_zone="UTC",
        new_hash_key=lambda: key,
    )


def test_what_was_found_is_stored_and_the_secret_apart() -> None:
    stores = FakeStores()
    found = connect(stores, finds(HILL)).found
    integration = stores.integrations.require(TENANT)
    assert found.district == HILL
    assert (integration.server_url, integration.status) == (
        "https://hill.example/ims/oneroster/v1p1",
        "connected",
    )
    assert (integration.district_name, integration.school_ids) == ("Hill", ("north", "south"))
    assert integration.not_empty == ("orgs",)
    assert integration.ability == {"auth": "oauth1-sha256", "version": "1.1", "totals": True, "fields": True}
    assert integration.client_id_masked == "…cdef"
    # Connected at 02:00, the hour of the night: the first one is tomorrow's.
    assert integration.due_at == "2026-10-06T02:00Z"
    secret = stores.secrets.get(integration.secret)
    assert secret == {"client_id": "0123456789abcdef", "client_secret": "invented secret", "token": ""}
    assert "invented secret" not in repr(stores.table.items)


def test_nothing_is_stored_when_nothing_was_found() -> None:
    stores = FakeStores()

    def refuse(*_: Any) -> Discovery:
        raise CredentialsRejected("401")

    with pytest.raises(CredentialsRejected):
        connect(stores, refuse)
    assert (len(stores.table), len(stores.secrets)) == (0, 0)
    connect(stores, finds(HILL))
    before, secrets = stores.table.items, stores.secrets.writes
    with pytest.raises(CredentialsRejected):
        connect(stores, refuse)
    assert (stores.table.items, stores.secrets.writes) == (before, secrets)


def test_replaced_credentials_keep_settings_schedule_and_hash_key() -> None:
    stores = FakeStores()
    connect(stores, finds(HILL))
    first = replace(
        stores.integrations.require(TENANT),
        settings=RosterSettings(homerooms=False),
        nightly_hour=4,
        time_zone="America/Denver",
        statistics={"teachers": 3},
        status="credentials rejected",
    )
    stores.table.delete(keys.integration(TENANT))
    stores.integrations.connect(first)
    grown = replace(HILL, name="Hill District", school_ids=("south", "west"), schools=("South", "West"))
    connect(stores, finds(grown), key=b"n" * 32, clientId="short", clientSecret="another")
    second = stores.integrations.require(TENANT)
    assert second == replace(
        first,
        status="connected",
        client_id_masked="…",
        secret_version=second.secret_version,
        district_name="Hill District",
        school_ids=("south", "west"),
    )
    assert second.secret_version != first.secret_version
    assert stores.secrets.get(second.secret)["client_secret"] == "another"


def test_another_district_is_refused_and_nothing_is_stored() -> None:
    stores = FakeStores()
    connect(stores, finds(HILL))
    before, secrets = stores.table.items, stores.secrets.writes
    with pytest.raises(OtherDistrict, match="Hill") as refused:
        connect(stores, finds(DALE))
    assert (refused.value.connected, refused.value.found) == ("Hill", "Dale")
    assert (stores.table.items, stores.secrets.writes) == (before, secrets)


@pytest.mark.parametrize(
    ("client_id", "shown"), [("", ""), ("a", "…"), ("elevencharx", "…"), ("twelve-chars", "…hars")]
)
def test_of_a_client_id_only_its_end_is_shown(client_id: str, shown: str) -> None:
    assert masked(client_id) == shown


def test_a_tenant_that_is_being_disconnected_is_not_connected_again_yet() -> None:
    stores = FakeStores()
    connect(stores, finds(HILL))
    stores.integrations.leave(TENANT, Leaving("remove", 5))
    secrets = stores.secrets.writes
    with pytest.raises(NotConnected, match="being disconnected"):
        connect(stores, finds(HILL))
    assert stores.secrets.writes == secrets


def test_senso_is_asked_for_its_users_on_connecting_and_on_connecting_again() -> None:
    stores, bus = FakeStores(), FakeBus()
    connect(stores, finds(HILL), bus=bus)
    connect(stores, finds(HILL), bus=bus)
    asked = bus.of("Users Requested")
    assert [one["tenantId"] for one in asked] == [TENANT, TENANT]


def test_a_bus_that_takes_nothing_does_not_undo_the_connecting() -> None:
    stores, bus = FakeStores(), FakeBus()
    bus.eventbridge.refuses = lambda _: "InternalFailure"
    connect(stores, finds(HILL), bus=bus)
    assert stores.integrations.require(TENANT).status == "connected"


def test_who_is_refused_asks_senso_for_nothing() -> None:
    bus = FakeBus()

    def refuse(_: str, __: Credentials, ___: AuthChoice) -> Discovery:
        raise CredentialsRejected("copy them again")

    with pytest.raises(CredentialsRejected):
        connect(FakeStores(), refuse, bus=bus)
    assert len(bus) == 0
