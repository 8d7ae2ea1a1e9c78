"""Once an hour: who is in trouble is counted, and Senso is told once of each cause, and when it clears."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from rostersync.errors import AccessDenied, CredentialsRejected, EventBusUnavailable, RosterServerUnavailable
from rostersync.roster.pausing import PauseWindow
from rostersync.roster.records import Org
from rostersync.steps.change_settings import Choices, change_settings
from rostersync.steps.finish_disconnect import FinishDisconnectRequest, finish_disconnect
from rostersync.steps.requests import parse_request
from rostersync.steps.watch_tenants import WatchRequest, watch_tenants
from rostersync.storage.integrations import Leaving, Trouble, Undecided
from rostersync.storage.runs import RunRecord
from tests.crashes.journal import Died
from tests.fakes import FakeBus
from tests.steps.driver import LEASE_SECONDS, NOW, TENANT, FakeStores, connected, sync
from tests.steps.guarded import NIGHT, Guarded, students_of, two_schools, without_people
from tests.steps.rosters import serve, small_roster

HOUR = timedelta(hours=1)
NOW_MS = int(NOW.timestamp() * 1000)
NOBODY = {"TenantsStale": 0, "TenantsRejected": 0, "TenantsHeld": 0}


def watch(
    stores: FakeStores, bus: FakeBus | None = None, *, now: Any = NOW, night: str = "night"
) -> dict[str, int]:
    """Look at every tenant; return the counts, which are emitted once."""
    counted: list[Any] = []
    told = watch_tenants(
        parse_request(WatchRequest, {"nightId": night}),
        stores,
        FakeBus() if bus is None else bus,
        now=now,
        default_time_zone="UTC",
        count=counted.append,
    )
    assert counted == [told]
    return told


def told(bus: FakeBus) -> list[tuple[str, str, bool]]:
    """Take what Senso was told to look at."""
    return [
        (one["reason"], one["runId"], one["needed"]) for kind, one in bus.take() if kind == "Attention Needed"
    ]


def refuse(stores: FakeStores, error: Exception, *, now: Any = NOW, **how: Any) -> RunRecord:
    """Run a sync that its Roster Server ends with an error."""
    server = serve(small_roster())

    def raise_it(_: int) -> None:
        raise error

    server.before_answer = raise_it
    return sync(stores, server, now=now, **how)


def stale_after(hours: float, **fields: Any) -> int:
    """Return how many are stale so many hours after their last sync."""
    fields = {"synced_at": NOW_MS, "last_nightly_date": "2026-10-05", **fields}
    return watch(connected(**fields), now=NOW + timedelta(hours=hours))["TenantsStale"]


def test_who_has_not_been_synced_for_28_hours_is_stale() -> None:
    assert stale_after(28) == 0
    assert stale_after(28.01) == 1


def test_who_was_connected_28_hours_ago_and_had_a_night_is_stale_and_before_its_first_night_is_not() -> None:
    never = {"synced_at": 0, "connected_at": NOW_MS}
    assert stale_after(28, **never) == 0
    assert stale_after(28.01, **never) == 1
    # Connected by day, and then the night was set to the hour before: the first one is on the day after.
    first = {"last_nightly_date": "", "due_at": "2026-10-06T16:00Z"}
    assert stale_after(39.9, **never, **first) == 0
    assert stale_after(40, **never, **first) == 1


def choose(stores: FakeStores, at: Any, **choices: Any) -> None:
    """Change the tenant's settings."""
    change_settings(TENANT, Choices(**choices), stores, now=at, default_time_zone="UTC")


def test_a_night_that_was_moved_to_a_later_hour_is_not_missed_before_it() -> None:
    """The night was at 2; then it is set to 22, and the next one is the day after's."""
    stores = connected(synced_at=0, last_nightly_date="2026-10-04")
    two = NOW.replace(hour=2)
    sync(stores, serve(small_roster()), now=two, cause="nightly")
    choose(stores, two + 8 * HOUR, nightly_hour=22)
    evening = two + 44 * HOUR
    assert [watch(stores, now=two + hours * HOUR) for hours in (29, 36, 43)] == [NOBODY] * 3
    assert watch(stores, now=evening + 1.9 * HOUR) == NOBODY
    # None began: nobody took it.
    assert watch(stores, now=evening + 2 * HOUR)["TenantsStale"] == 1


def test_a_night_that_failed_is_missed_and_one_that_goes_on_is_not() -> None:
    stores = connected(synced_at=0, last_nightly_date="2026-10-04")
    two = NOW.replace(hour=2)
    sync(stores, serve(small_roster()), now=two, cause="nightly", run_id="first")
    choose(stores, two + 8 * HOUR, nightly_hour=22)
    evening = two + 44 * HOUR
    seen: list[dict[str, int]] = []
    look = partial(watch, stores, now=evening + HOUR / 2)
    down = RosterServerUnavailable("503")
    refuse(stores, down, now=evening, cause="nightly", before=lambda _: seen.append(look()))
    assert look()["TenantsStale"] == 1
    # Before Plan it was due; from then on it went on.
    assert seen
    assert all(one == NOBODY for one in seen)


def test_who_was_paused_for_weeks_has_missed_no_night() -> None:
    stores = connected(synced_at=0, last_nightly_date="2026-10-04")
    two = NOW.replace(hour=2)
    sync(stores, serve(small_roster()), now=two, cause="nightly")
    choose(stores, two + HOUR, paused=True)
    weeks = two + 21 * 24 * HOUR
    for hour in (-1, 8):
        at = weeks + hour * HOUR
        choose(stores, at, paused=True)
        choose(stores, at, paused=False)
        assert [watch(stores, now=at + hours * HOUR) for hours in (0, 1)] == [NOBODY] * 2
    # It was due from the moment on.
    assert watch(stores, now=at + 2 * HOUR)["TenantsStale"] == 1


@pytest.mark.parametrize(
    ("fields", "hours", "stale"),
    [
        ({"paused": True}, 100, 0),
        ({"status": "disconnecting"}, 100, 0),
        ({"status": "credentials rejected"}, 100, 1),
        ({"pause_windows": (PauseWindow("2026-10-06", "2026-10-09"),)}, 36, 0),
        # The window's end, 10 October 00:00, was 27 and 29 hours ago.
        ({"pause_windows": (PauseWindow("2026-10-06", "2026-10-09"),)}, 5 * 24 - 2 + 27, 0),
        ({"pause_windows": (PauseWindow("2026-10-06", "2026-10-09"),)}, 5 * 24 - 2 + 29, 1),
        ({"pause_windows": (PauseWindow("2026-10-10", "2026-10-12"),)}, 48, 1),
    ],
)
def test_a_pause_is_nobodys_trouble(fields: dict[str, Any], hours: float, stale: int) -> None:
    assert stale_after(hours, **fields) == stale


def test_all_that_are_connected_are_counted_and_not_only_those_that_are_due() -> None:
    stores = connected("calm", synced_at=NOW_MS)
    troubled: dict[str, dict[str, Any]] = {
        "stale": {"synced_at": 5, "last_nightly_date": "2026-10-01", "due_at": "2026-10-02T02:00Z"},
        "rejected": {"trouble": Trouble("credentials rejected", "r"), "status": "credentials rejected"},
        "paused-rejected": {"trouble": Trouble("credentials rejected", "r"), "paused": True},
        "paused-held": {"held": Undecided("run", NOW_MS + 1), "paused": True},
        "held": {"held": Undecided("run", NOW_MS + 1)},
        "expired": {"held": Undecided("run", NOW_MS)},
        "leaving": {"held": Undecided("run", NOW_MS + 1), "status": "disconnecting"},
    }
    for tenant_id, fields in troubled.items():
        usual: dict[str, Any] = {"due_at": "2027-01-01T00:00Z", "synced_at": NOW_MS}
        other = connected(tenant_id, **{**usual, **fields}).integrations.get(tenant_id)
        assert other is not None
        stores.integrations.connect(other)
    assert watch(stores) == {"TenantsStale": 1, "TenantsRejected": 2, "TenantsHeld": 2}


@pytest.mark.parametrize("error", [CredentialsRejected("401"), AccessDenied("403")])
def test_rejected_credentials_are_told_once_and_when_they_work_again(error: Exception) -> None:
    stores, bus = connected(connected_at=NOW_MS), FakeBus()
    assert refuse(stores, error, run_id="first").outcome == "failed"
    assert watch(stores, bus) == {**NOBODY, "TenantsRejected": 1}
    refuse(stores, error, run_id="second", now=NOW + HOUR)
    assert watch(stores, bus, now=NOW + HOUR)["TenantsRejected"] == 1
    assert told(bus) == [("credentials rejected", "first", True)]
    sync(stores, serve(small_roster()), now=NOW + 2 * HOUR)
    assert watch(stores, bus, now=NOW + 2 * HOUR) == NOBODY
    assert told(bus) == [("credentials rejected", "first", False)]
    refuse(stores, error, run_id="third", now=NOW + 3 * HOUR)
    watch(stores, bus, now=NOW + 3 * HOUR)
    assert told(bus) == [("credentials rejected", "third", True)]


def test_credentials_entered_again_clear_it() -> None:
    stores, bus = connected(connected_at=NOW_MS), FakeBus()
    refuse(stores, CredentialsRejected("401"), run_id="first")
    watch(stores, bus)
    bus.take()
    stores.integrations.reconnect(connected(secret_version="v2").integrations.require(TENANT))
    assert watch(stores, bus) == NOBODY
    assert told(bus) == [("credentials rejected", "first", False)]


def test_another_failure_is_nobodys_to_look_at_until_it_lasts() -> None:
    stores, bus = connected(connected_at=NOW_MS), FakeBus()
    refuse(stores, RosterServerUnavailable("503"), cause="nightly")
    assert watch(stores, bus) == NOBODY
    assert told(bus) == []
    for hour in (29, 30):
        at = NOW + hour * HOUR
        assert watch(stores, bus, now=at, night=f"night-{hour}") == {**NOBODY, "TenantsStale": 1}
    assert told(bus) == [("stale", "night-29", True)]
    sync(stores, serve(small_roster()), now=NOW + 31 * HOUR)
    assert watch(stores, bus, now=NOW + 31 * HOUR) == NOBODY
    assert told(bus) == [("stale", "night-29", False)]


def test_another_district_is_told_once_and_when_it_is_over() -> None:
    stores, bus = connected(), FakeBus()
    sync(stores, serve(two_schools()))
    other = two_schools()
    other["orgs"] = [Org(sourced_id="elsewhere", name="Elsewhere", type="school")]
    for hour in (1, 2):
        at = NOW + hour * HOUR
        assert sync(stores, serve(other), now=at, run_id=f"run-{hour}").error == "OtherDistrict"
        assert watch(stores, bus, now=at) == NOBODY
    assert told(bus) == [("other district", "run-1", True)]
    sync(stores, serve(two_schools()), now=NOW + 3 * HOUR)
    watch(stores, bus, now=NOW + 3 * HOUR)
    assert told(bus) == [("other district", "run-1", False)]


def held_tenant() -> Guarded:
    """Return a tenant of whose students thirty are held, by the run ``held``."""
    tenant = Guarded()
    tenant.night(two_schools())
    assert tenant.night(FEWER, run_id="held").outcome == "held"
    return tenant


FEWER = without_people(two_schools(), students_of("hill", 30))
FEWER_STILL = without_people(FEWER, students_of("dale", 30))


def test_what_is_held_is_told_by_the_run_and_not_again_by_the_hour() -> None:
    tenant = held_tenant()
    assert told(tenant.bus) == [("removals held", "held", True)]
    assert watch(tenant.stores, tenant.bus, now=tenant.clock) == {**NOBODY, "TenantsHeld": 1}
    tenant.discard("held")
    assert watch(tenant.stores, tenant.bus, now=tenant.clock) == NOBODY
    assert told(tenant.bus) == [("removals held", "held", False)]


def test_a_later_list_takes_the_earlier_ones_place() -> None:
    tenant = held_tenant()
    assert tenant.night(FEWER_STILL, run_id="more").outcome == "held"
    watch(tenant.stores, tenant.bus, now=tenant.clock)
    assert told(tenant.bus) == [
        ("removals held", "held", True),
        ("removals held", "held", False),
        ("removals held", "more", True),
    ]


def test_a_list_that_has_expired_waits_for_nobody() -> None:
    tenant = held_tenant()
    tenant.bus.take()
    after = tenant.clock + 90 * NIGHT
    tenant.stores.integrations.record_sync(TENANT, {}, int(after.timestamp() * 1000))
    assert watch(tenant.stores, tenant.bus, now=after) == NOBODY
    assert told(tenant.bus) == [("removals held", "held", False)]


def test_a_run_that_has_told_of_its_list_and_not_yet_ended_is_not_contradicted() -> None:
    tenant = held_tenant()
    before: list[dict[str, int]] = []

    def at(state: str) -> None:
        if state == "Finish":
            before.append(watch(tenant.stores, tenant.bus, now=tenant.clock))

    tenant.night(FEWER_STILL, run_id="more", before=at)
    assert before == [{**NOBODY, "TenantsHeld": 1}]
    watch(tenant.stores, tenant.bus, now=tenant.clock)
    assert ("removals held", "more", False) not in told(tenant.bus)


def test_a_run_that_broke_off_after_it_had_told_of_its_list_is_waited_for_no_longer_than_its_lease() -> None:
    tenant = held_tenant()

    def die(state: str) -> None:
        if state == "Finish":
            raise Died

    with pytest.raises(Died):
        tenant.night(FEWER_STILL, run_id="more", before=die)
    tenant.bus.take()
    watch(tenant.stores, tenant.bus, now=tenant.clock + timedelta(seconds=LEASE_SECONDS - 1))
    assert told(tenant.bus) == []
    watch(tenant.stores, tenant.bus, now=tenant.clock + timedelta(seconds=LEASE_SECONDS))
    assert told(tenant.bus) == [("removals held", "more", False), ("removals held", "held", True)]


def test_a_tenant_that_is_gone_needs_nobody() -> None:
    tenant = held_tenant()
    tenant.stores.integrations.record_trouble(TENANT, Trouble("other district", "run"))
    watch(tenant.stores, tenant.bus, now=tenant.clock)
    tenant.bus.take()
    tenant.stores.integrations.leave(TENANT, Leaving("remove", 5))
    watch(tenant.stores, tenant.bus, now=tenant.clock)
    assert told(tenant.bus) == []
    request = parse_request(FinishDisconnectRequest, {"tenantId": TENANT, "connectedAt": 0})
    finish_disconnect(request, tenant.stores, tenant.bus, now=tenant.clock, default_time_zone="UTC")
    assert told(tenant.bus) == [("other district", "run", False), ("removals held", "held", False)]


def test_what_the_bus_refuses_is_told_an_hour_later_and_one_tenants_is_not_anothers() -> None:
    trouble = Trouble("credentials rejected", "run")
    stores, bus = connected("maple", "oak", trouble=trouble, connected_at=NOW_MS), FakeBus()
    bus.eventbridge.refuses = lambda entry: "InternalFailure" if "maple" in entry["Detail"] else ""
    with pytest.raises(EventBusUnavailable):
        watch(stores, bus)
    assert [one["tenantId"] for one in bus.of("Attention Needed")] == ["oak"]
    bus.eventbridge.refuses = lambda _: ""
    watch(stores, bus)
    assert [one["tenantId"] for one in bus.of("Attention Needed")] == ["oak", "maple"]
