"""Hundreds of tenants in many time zones through the hours of both changes of daylight saving."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.errors import (
    CredentialsRejected,
    NightAlreadyRun,
    NotConnected,
    RosterServerUnavailable,
    RunInProgress,
)
from rostersync.roster.guard import GuardSettings
from rostersync.steps.list_due_tenants import NightRequest, list_due_tenants
from rostersync.steps.requests import parse_request
from rostersync.steps.summarise_night import SummaryRequest, summarise_night
from rostersync.steps.watch_tenants import WatchRequest, watch_tenants
from rostersync.storage.due_times import next_due_at, night_of
from rostersync.storage.integrations import Leaving, Undecided
from tests.fakes import FakeBus
from tests.steps.driver import FakeStores, connected, sync
from tests.steps.rosters import serve, small_roster

HOUR: Final = timedelta(hours=1)
ZONES: Final = (
    "America/New_York",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Santiago",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "Africa/Casablanca",
)
TROUBLES: Final = ("none", "failing", "rejected", "held", "locked", "paused", "leaving", "by hand too")


class Nights:
    """The nightly state machine over fakes, hour after hour."""

    def __init__(self, stores: FakeStores) -> None:
        self.stores, self.bus = stores, FakeBus()
        self.ran: list[tuple[str, str, datetime]] = []
        self.summaries: list[dict[str, Any]] = []
        self.counts: list[dict[str, int]] = []

    def hour(self, now: datetime, night: str, run: Callable[[str, str, datetime], None]) -> list[str]:
        """Run one execution, of the hour that it is, to its end; return whom it took."""
        event = {"nightId": night, "scheduledTime": now.replace(minute=0).isoformat()}
        request = parse_request(NightRequest, event)
        told = list_due_tenants(request, self.stores, now=now, default_time_zone="UTC")
        staged = self.stores.staging.get_json(told["tenantsKey"], list[dict[str, str]])
        for entry in staged:
            self.ran.append((entry["tenantId"], entry["runId"], now))
            run(entry["tenantId"], entry["runId"], now)
        summarise_night(parse_request(SummaryRequest, {"nightId": night}), self.stores)
        summary = self.stores.nights.summary(night)
        assert summary is not None
        assert [one["tenantId"] for one in summary["tenants"]] == [one["tenantId"] for one in staged]
        self.summaries.append(summary)
        self.counts.append({})
        watch_tenants(
            parse_request(WatchRequest, {"nightId": night}),
            self.stores,
            self.bus,
            now=now,
            default_time_zone="UTC",
            count=self.counts[-1].update,
        )
        return [entry["tenantId"] for entry in staged]


def many(count: int, start: datetime) -> FakeStores:
    """Return stores with so many tenants, the zones, hours and troubles dealt out in turn."""
    stores = FakeStores()
    for number in range(count):
        trouble = TROUBLES[number % len(TROUBLES)]
        zone, hour = ZONES[number // len(TROUBLES) % len(ZONES)], number % 4
        tenant_id = f"{trouble.replace(' ', '-')}-{number}"
        fields: dict[str, Any] = {
            "time_zone": zone,
            "nightly_hour": hour,
            "due_at": next_due_at(start, zone, hour, ""),
            "paused": trouble == "paused",
            "connected_at": int(start.timestamp() * 1000),
            "guard": GuardSettings(),
        }
        one = connected(tenant_id, **fields).integrations.get(tenant_id)
        assert one is not None
        stores.integrations.connect(one)
        if trouble == "leaving":
            stores.integrations.leave(tenant_id, Leaving("remove", 5))
        if trouble == "held":
            stores.integrations.hold(tenant_id, Undecided("earlier", 2**42))
        if trouble == "locked":
            stores.leases.acquire(tenant_id, "last-nights", start, 10 * 86_400)
    return stores


@pytest.mark.parametrize("start", ["2026-03-07T12:00", "2026-04-04T06:00", "2026-10-31T12:00"])
def test_every_tenant_has_one_run_a_night_and_one_tenants_trouble_is_its_own(start: str) -> None:
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    stores = many(240, begin)
    nights = Nights(stores)
    outcomes: dict[tuple[str, str], str] = {}

    def run(tenant_id: str, run_id: str, now: datetime) -> None:
        trouble = tenant_id.rsplit("-", 1)[0]
        server = serve(small_roster())
        errors = {"failing": RosterServerUnavailable("503"), "rejected": CredentialsRejected("401")}

        def fail(_: int) -> None:
            if trouble in errors:
                raise errors[trouble]

        server.before_answer = fail
        try:
            how = sync(stores, server, tenant_id=tenant_id, cause="nightly", now=now, run_id=run_id)
            outcomes[tenant_id, run_id] = how.outcome
            if trouble == "by-hand-too":
                sync(stores, server, tenant_id=tenant_id, now=now + HOUR / 2, run_id=f"hand-{run_id}")
        except RunInProgress:
            outcomes[tenant_id, run_id] = "not started"

    for number in range(36):
        now = begin + number * HOUR
        nights.hour(now, f"night-{number}", run)
        assert nights.hour(now + HOUR / 4, f"night-{number}-again", run) == []
    had = Counter(
        (tenant, now.astimezone(ZoneInfo(stores.integrations.require(tenant).time_zone)).date())
        for tenant, _, now in nights.ran
        if not tenant.startswith("locked")
    )
    assert set(had.values()) == {1}
    taken = {tenant for tenant, _ in had}
    kinds = Counter(tenant.rsplit("-", 1)[0] for tenant in taken)
    assert kinds == {"none": 30, "failing": 30, "rejected": 30, "held": 30, "by-hand-too": 30}
    told = {
        (one["tenantId"], one["runId"]): one["outcome"]
        for summary in nights.summaries
        for one in summary["tenants"]
    }
    assert told == outcomes
    for (tenant, _), outcome in told.items():
        trouble = tenant.rsplit("-", 1)[0]
        expected = {"failing": "failed", "rejected": "failed", "locked": "not started"}
        assert outcome == expected.get(trouble, outcome)
        assert outcome in {"published", "unchanged", *expected.values()}
    # Who waits behind a run that still goes on stays due, hour after hour, until it has its night.
    assert {
        tenant.rsplit("-", 1)[0]
        for tenant, count in Counter(t for t, _, _ in nights.ran).items()
        if count > 3
    } == {"locked"}
    last = nights.counts[-1]
    assert (last["TenantsRejected"], last["TenantsHeld"]) == (30, 30)
    assert last["TenantsStale"] >= 60
    kinds_told = Counter((one["reason"], one["needed"]) for one in nights.bus.of("Attention Needed"))
    assert kinds_told[("credentials rejected", True)] == kinds_told[("removals held", True)] == 30
    assert not any(not needed for _, needed in kinds_told if _ != "stale")


@settings(max_examples=50)
@given(
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 - UTC below
    missed=st.sets(st.integers(0, 23 * 5), max_size=40),
    late=st.integers(0, 59),
)
def test_whatever_hours_are_missed_a_date_has_one_night_at_most_and_each_that_could_has_one(
    zone: str, hour: int, start: datetime, missed: set[int], late: int
) -> None:
    begin = start.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    stores = connected(time_zone=zone, nightly_hour=hour, due_at=next_due_at(begin, zone, hour, ""))
    nights = Nights(stores)

    def run(tenant_id: str, run_id: str, now: datetime) -> None:
        # As plan_pull does it, which alone says what a night is.
        found = stores.integrations.require(tenant_id)
        date = night_of(now, zone, hour)
        if found.last_nightly_date >= date:
            raise NightAlreadyRun(run_id)
        stores.integrations.record_night(tenant_id, date, next_due_at(now, zone, hour, date))

    for number in range(24 * 5):
        if number not in missed:
            nights.hour(begin + number * HOUR + late * HOUR / 60, f"night-{number}", run)
    dates = [night_of(now, zone, hour) for _, _, now in nights.ran]
    assert len(dates) == len(set(dates))
    for number in range(24, 24 * 5 - 1):
        # An hour in which it was looked at leaves nobody due who could have begun.
        if number not in missed:
            now = begin + number * HOUR + late * HOUR / 60
            assert night_of(now, zone, hour) in dates or night_of(now, zone, hour) < dates[0]


def test_a_tenant_that_was_never_connected_is_nobodys_night() -> None:
    with pytest.raises(NotConnected):
        sync(connected(), serve(small_roster()), tenant_id="nobody", cause="nightly")
