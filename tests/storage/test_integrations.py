"""Integration items, on the fake table and on moto."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from rostersync.errors import NotConnected, StorageConflict
from rostersync.roster.pausing import PauseWindow
from rostersync.roster.settings import RosterSettings
from rostersync.storage.integrations import Integration, Integrations, Leaving, Trouble
from rostersync.storage.secrets import SecretRef
from rostersync.storage.table import Table

MAPLE = Integration(
    tenant_id="maple",
    server_url="https://maple.example/ims/oneroster/v1p1",
    ability={"auth": "oauth1-sha256", "totals": True},
    secret_arn="arn:fake:maple",
    secret_version="v1",
    client_id_masked="01…67",
    hash_key=bytes(range(32)),
    settings=RosterSettings(
        schools_excluded=frozenset({"s2", "s1"}),
        email_domains={"old.example": "maple.example"},
        login="email",
    ),
    time_zone="America/New_York",
    nightly_hour=3,
    pause_windows=(PauseWindow("2026-07-01", "2026-08-15"),),
    district_name="Maple District",
    host="maple.example",
    top_org="d1",
    school_ids=("s1", "s2"),
    not_empty=("orgs", "students"),
    connected_at=1_772_452_800_000,
    last_nightly_date="2026-03-01",
    due_at="2026-03-02T08:00Z",
    statistics={"teachers": 3},
)
LATER = datetime(2026, 3, 2, 8, 0, 59, tzinfo=UTC)
LEAVING = Leaving("remove", 5)


@pytest.fixture
def integrations(table: Table) -> Integrations:
    return Integrations(table)


def test_an_integration_comes_back_as_it_was_connected(integrations: Integrations) -> None:
    integrations.connect(MAPLE)
    assert integrations.get("maple") == MAPLE
    assert integrations.require("maple").secret == SecretRef("arn:fake:maple", "v1")


def test_a_tenant_without_integration_is_not_connected(integrations: Integrations) -> None:
    assert integrations.get("maple") is None
    with pytest.raises(NotConnected, match="maple"):
        integrations.require("maple")


def test_a_connected_tenant_is_not_connected_over(integrations: Integrations) -> None:
    integrations.connect(MAPLE)
    with pytest.raises(StorageConflict):
        integrations.connect(replace(MAPLE, hash_key=b"x" * 32))
    assert integrations.get("maple") == MAPLE


def test_reconnecting_writes_what_was_found_and_leaves_what_a_run_wrote(integrations: Integrations) -> None:
    integrations.connect(MAPLE)
    integrations.record_night("maple", "2026-03-02", "2026-03-03T08:00Z")
    integrations.reconnect(replace(MAPLE, secret_version="v2", status="connected", district_name="New name"))
    assert integrations.get("maple") == replace(
        MAPLE,
        secret_version="v2",
        status="connected",
        district_name="New name",
        last_nightly_date="2026-03-02",
        due_at="2026-03-03T08:00Z",
    )
    integrations.leave("maple", LEAVING)
    with pytest.raises(StorageConflict):
        integrations.reconnect(MAPLE)


def test_the_due_ones_are_listed_the_longest_waiting_first(integrations: Integrations) -> None:
    integrations.connect(MAPLE)
    integrations.connect(replace(MAPLE, tenant_id="oak", due_at="2026-03-02T07:00Z"))
    integrations.connect(replace(MAPLE, tenant_id="fir", due_at="2026-03-02T08:01Z"))
    integrations.connect(replace(MAPLE, tenant_id="elm", paused=True))
    integrations.connect(replace(MAPLE, tenant_id="ash", status="disconnecting"))
    integrations.connect(replace(MAPLE, tenant_id="yew", status="credentials rejected"))
    assert list(integrations.due(LATER)) == ["oak", "maple", "yew"]


def test_a_recorded_night_moves_the_next_one_and_nothing_else(integrations: Integrations) -> None:
    integrations.connect(MAPLE)
    integrations.record_night("maple", "2026-03-02", "2026-03-03T08:00Z")
    assert integrations.get("maple") == replace(
        MAPLE, last_nightly_date="2026-03-02", due_at="2026-03-03T08:00Z"
    )
    assert list(integrations.due(LATER)) == []


def test_a_paused_tenants_night_does_not_bring_it_back_into_the_list(integrations: Integrations) -> None:
    integrations.connect(replace(MAPLE, paused=True))
    integrations.record_night("maple", "2026-03-02", "2026-03-02T08:00Z")
    assert list(integrations.due(LATER)) == []


def test_an_outcome_sets_status_and_statistics(integrations: Integrations) -> None:
    integrations.connect(MAPLE)
    integrations.record_trouble("maple", Trouble("credentials rejected", "run-1"))
    trouble = Trouble("credentials rejected", "run-1")
    assert integrations.get("maple") == replace(MAPLE, status="credentials rejected", trouble=trouble)
    integrations.record_sync("maple", {"teachers": 4}, 5)
    assert integrations.get("maple") == replace(MAPLE, statistics={"teachers": 4}, synced_at=5)


def test_an_outcome_does_not_end_a_disconnecting(integrations: Integrations) -> None:
    integrations.record_sync("maple", {}, 5)
    assert integrations.get("maple") is None
    integrations.connect(MAPLE)
    integrations.leave("maple", LEAVING)
    integrations.record_sync("maple", {"teachers": 4}, 5)
    assert integrations.get("maple") == replace(MAPLE, status="disconnecting", leaving=LEAVING)


def test_a_disconnecting_tenant_has_no_more_nights(integrations: Integrations) -> None:
    integrations.connect(MAPLE)
    integrations.leave("maple", LEAVING)
    assert list(integrations.due(LATER)) == []
    with pytest.raises(StorageConflict):
        integrations.record_night("maple", "2026-03-02", "2026-03-03T08:00Z")


def test_an_integration_does_not_show_its_key() -> None:
    assert "hash_key" not in repr(MAPLE)


def test_of_one_trouble_the_first_run_stays_until_a_run_gets_through(integrations: Integrations) -> None:
    integrations.connect(MAPLE)
    for run_id in ("run-1", "run-2"):
        integrations.record_trouble("maple", Trouble("credentials rejected", run_id))
    found = integrations.require("maple")
    assert (found.status, found.trouble) == (
        "credentials rejected",
        Trouble("credentials rejected", "run-1"),
    )
    integrations.record_trouble("maple", Trouble("other district", "run-3"))
    found = integrations.require("maple")
    assert (found.status, found.trouble) == ("connected", Trouble("other district", "run-3"))
    integrations.record_sync("maple", {}, 5)
    assert integrations.require("maple").trouble is None


def test_what_was_told_is_noted_reason_by_reason(integrations: Integrations) -> None:
    integrations.connect(MAPLE)
    integrations.record_told("maple", {"stale": "night-1", "removals held": "run-1"}, [])
    integrations.record_told("maple", {"stale": "night-2"}, ["removals held"])
    assert integrations.require("maple").told == {"stale": "night-2"}


def test_all_who_are_connected_are_found_the_paused_ones_too(integrations: Integrations) -> None:
    for tenant_id, paused in (("maple", False), ("oak", True), ("elm", False)):
        integrations.connect(replace(MAPLE, tenant_id=tenant_id, paused=paused, due_at="2026-03-03T08:00Z"))
    integrations.leave("elm", Leaving("keep", 5))
    assert list(integrations.all_connected()) == ["maple", "oak"]
    oak = integrations.require("oak")
    integrations.choose(oak, replace(oak, paused=False))
    assert sorted(integrations.due(datetime(2026, 3, 3, 8, tzinfo=UTC))) == ["maple", "oak"]
