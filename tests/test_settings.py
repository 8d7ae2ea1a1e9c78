"""A function's environment: valid, missing, empty, bad."""

import msgspec
import pytest

from rostersync.errors import InvalidInput
from rostersync.settings import (
    FetchSettings,
    FinishSettings,
    PlanSettings,
    ServerSettings,
    Settings,
    StoreSettings,
    VerifySettings,
    suffixes,
)

STORES = {"TABLE_NAME": "table", "STAGING_BUCKET": "bucket"}
SERVER = {**STORES, "ROSTER_SERVER_HOSTS": "rosterserver.com,oneroster.com"}
VERIFY = {
    **SERVER,
    "EVENT_BUS": "bus",
    "TENANT_CLAIM": "tenant",
    "ROLE_CLAIM": "roles",
    "SECRET_PREFIX": "senso",
    "DISCONNECT_STATE_MACHINE": "disconnect",
}
COMPLETE: dict[type[Settings], dict[str, str]] = {
    StoreSettings: STORES,
    ServerSettings: SERVER,
    PlanSettings: {**SERVER, "LEASE_SECONDS": "3600"},
    FetchSettings: SERVER,
    VerifySettings: VERIFY,
    FinishSettings: {**STORES, "LONGEST_FUNCTION_SECONDS": "900"},
}
BAD: dict[str, tuple[type[Settings], list[str]]] = {
    "ALLOW_LOOPBACK_HTTP": (ServerSettings, ["perhaps"]),
    "ROSTER_SERVER_HOSTS": (
        ServerSettings,
        [
            "",
            ",",
            "com",
            "rosterserver.com,",
            "rosterserver.com,,oneroster.com",
            "https://rosterserver.com",
            "rosterserver.com/ims",
            "rosterserver.com:443",
            "*.rosterserver.com",
            ".rosterserver.com",
            "rosterserver.com.",
            "RosterServer.com",
            "10.0.0.1",
            "::1",
        ],
    ),
    "DEFAULT_TIME_ZONE": (PlanSettings, [""]),
    "PAGE_SIZE": (PlanSettings, ["1", "10001", "many", ""]),
    "FETCH_TASKS": (PlanSettings, ["0", "65"]),
    "LEASE_SECONDS": (PlanSettings, ["59", ""]),
    "REQUESTS_IN_FLIGHT": (FetchSettings, ["0", "33"]),
    "LONGEST_FUNCTION_SECONDS": (FinishSettings, ["0", "soon"]),
}


@pytest.mark.parametrize("model", COMPLETE)
def test_a_complete_environment_is_read_whatever_else_is_in_it(model: type[Settings]) -> None:
    settings = model.from_environment({**COMPLETE[model], "AWS_REGION": "us-east-1"})
    told = msgspec.to_builtins(settings)
    assert {name: str(told[name]) for name in COMPLETE[model]} == COMPLETE[model]
    assert "AWS_REGION" not in told


@pytest.mark.parametrize("model", COMPLETE)
def test_what_is_missing_or_empty_is_named(model: type[Settings]) -> None:
    for name in COMPLETE[model]:
        others = {key: value for key, value in COMPLETE[model].items() if key != name}
        for environment in (others, {**others, name: ""}):
            with pytest.raises(InvalidInput, match=f"in: {name}$"):
                model.from_environment(environment)


@pytest.mark.parametrize("name", BAD)
def test_what_is_bad_is_named_and_not_quoted(name: str) -> None:
    model, values = BAD[name]
    for value in values:
        with pytest.raises(InvalidInput, match=f"in: {name}$"):
            model.from_environment({**COMPLETE[model], name: value})


def test_the_environment_of_the_process_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in STORES.items():
        monkeypatch.setenv(name, value)
    assert StoreSettings.from_environment() == StoreSettings.from_environment(STORES)


def test_loopback_http_is_off_unless_it_is_switched_on() -> None:
    assert not ServerSettings.from_environment(SERVER).allow_loopback_http
    assert ServerSettings.from_environment({**SERVER, "ALLOW_LOOPBACK_HTTP": "true"}).allow_loopback_http


def test_the_hosts_that_may_be_called_are_read_one_by_one() -> None:
    assert suffixes("rosterserver.com, a-b.c1.io") == ("rosterserver.com", "a-b.c1.io")


def test_the_partner_key_does_not_lie_where_a_sync_may_read() -> None:
    with pytest.raises(InvalidInput, match="must not lie below SECRET_PREFIX"):
        VerifySettings.from_environment({**VERIFY, "PARTNER_KEY_SECRET": "senso/partner-key"})
