"""Nights: which tenants are taken, once an hour, and how it went for each."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rostersync.errors import CredentialsRejected, NightAlreadyRun
from rostersync.roster.pausing import PauseWindow
from rostersync.steps.list_due_tenants import LONGEST_NIGHT_SECONDS, NightRequest, list_due_tenants
from rostersync.steps.requests import parse_request
from rostersync.steps.summarise_night import SummaryRequest, summarise_night
from rostersync.storage.integrations import Leaving
from rostersync.storage.runs import RunRecord
from tests.steps.driver import NOW, FakeStores, connected, sync
from tests.steps.rosters import serve, small_roster

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SCHEDULED = "2026-10-05T02:00:00Z"


def listed(stores: FakeStores, night: str, *, now: datetime = NOW, **event: Any) -> list[dict[str, str]]:
    """Return the tenants and runs that a night stages."""
    request = parse_request(NightRequest, {"nightId": night, **event})
    told = list_due_tenants(request, stores, now=now, default_time_zone="UTC")
    staged = stores.staging.get_json(told["tenantsKey"], list[dict[str, str]])
    assert (told["nightId"], told["tenants"]) == (night, len(staged))
    return staged


def end(stores: FakeStores, night: str) -> None:
    """End a night as its state machine does."""
    summarise_night(parse_request(SummaryRequest, {"nightId": night}), stores)


def tenants(staged: list[dict[str, str]]) -> list[str]:
    """Return who was taken."""
    return [entry["tenantId"] for entry in staged]


def test_the_schedule_takes_due_tenants_once_an_hour() -> None:
    stores = connected("springfield", "shelbyville")
    assert tenants(listed(stores, "night-1", scheduledTime=SCHEDULED)) == ["shelbyville", "springfield"]
    assert tenants(listed(stores, "night-2", scheduledTime=SCHEDULED)) == []
    # The execution that has the hour keeps it when it lists again, with the same runs.
    again = listed(stores, "night-1", scheduledTime=SCHEDULED)
    assert again == listed(stores, "night-1", scheduledTime=SCHEDULED)
    assert tenants(again) == ["shelbyville", "springfield"]
    end(stores, "night-1")
    assert tenants(listed(stores, "night-2", scheduledTime=SCHEDULED)) == []


def test_one_night_works_at_a_time_and_who_it_has_not_run_stays_due() -> None:
    stores = connected("springfield", "shelbyville")
    listed(stores, "night-1", scheduledTime=SCHEDULED)
    assert tenants(listed(stores, "night-2", scheduledTime="2026-10-05T03:00:00Z", now=NOW + HOUR)) == []
    end(stores, "night-2")
    assert tenants(listed(stores, "night-3", now=NOW + HOUR)) == [], "the end of another night ends nothing"
    end(stores, "night-1")
    assert tenants(listed(stores, "night-4", now=NOW + HOUR)) == ["shelbyville", "springfield"]


def test_no_night_begins_in_a_pause_window_not_even_a_late_one_and_named_ones_do() -> None:
    pause = (PauseWindow("2026-10-06", "2026-10-07"),)
    late: dict[str, Any] = {
        "nightly_hour": 23,
        "due_at": "2026-10-05T23:00Z",
        "last_nightly_date": "2026-10-04",
    }
    stores = connected(pause_windows=pause, **late)
    midnight = datetime(2026, 10, 6, tzinfo=UTC)
    assert tenants(listed(stores, "night-1", now=midnight)) == []
    assert tenants(listed(stores, "by-hand", now=midnight, tenantIds=["springfield"])) == ["springfield"]
    end(stores, "night-1")
    # It is not made up for at the window's end: the next one is at its hour.
    hours = [midnight + 2 * DAY + number * HOUR for number in range(24)]
    taken = []
    for number, hour in enumerate(hours):
        taken += [hour for _ in listed(stores, f"later-{number}", now=hour)]
        end(stores, f"later-{number}")
    assert taken == [datetime(2026, 10, 8, 23, tzinfo=UTC)]


def test_the_next_night_after_one_is_the_first_outside_the_windows() -> None:
    stores = connected(pause_windows=(PauseWindow("2026-10-06", "2026-10-09"),))
    sync(stores, serve(small_roster()), cause="nightly")
    assert stores.integrations.require("springfield").due_at == "2026-10-10T02:00Z"
    assert sync(stores, serve(small_roster()), now=NOW + DAY).outcome == "unchanged"


def test_a_night_that_never_ended_is_over_after_its_time_out() -> None:
    stores = connected()
    listed(stores, "night-1")
    assert tenants(listed(stores, "night-2", now=NOW + timedelta(seconds=LONGEST_NIGHT_SECONDS))) == [
        "springfield"
    ]


def test_a_second_nightly_run_of_a_date_is_refused_and_a_named_one_is_not() -> None:
    stores, server = connected(), serve(small_roster())
    sync(stores, server, cause="nightly", run_id="first")
    with pytest.raises(NightAlreadyRun):
        sync(stores, server, cause="nightly", run_id="second", now=NOW + HOUR)
    assert stores.runs.get("springfield", "second") is None
    assert stores.leases.holder("springfield", NOW + HOUR) is None
    assert sync(stores, server, run_id="third", now=NOW + HOUR).outcome == "unchanged"
    assert sync(stores, server, cause="nightly", run_id="fourth", now=NOW + DAY).outcome == "unchanged"


def test_a_night_begun_after_midnight_is_the_evenings_before() -> None:
    stores = connected(nightly_hour=23, due_at="2026-10-05T23:00Z")
    sync(stores, serve(small_roster()), cause="nightly", now=datetime(2026, 10, 6, 0, 30, tzinfo=UTC))
    integration = stores.integrations.require("springfield")
    assert (integration.last_nightly_date, integration.due_at) == ("2026-10-05", "2026-10-06T23:00Z")


def test_a_night_that_was_stopped_from_outside_is_summarised_and_lets_the_next_one_work() -> None:
    stores = connected()
    listed(stores, "night-1")
    event = {"source": "aws.states", "detail": {"name": "night-1", "status": "ABORTED"}}
    told = summarise_night(parse_request(SummaryRequest, event), stores)
    assert told["outcomes"] == {"not started": 1}
    assert tenants(listed(stores, "night-2")) == ["springfield"]


def test_by_hand_nothing_takes_who_is_due_and_ids_take_those() -> None:
    stores = connected("springfield", "shelbyville")
    later = connected("ogdenville", due_at="2026-10-05T03:00Z").integrations.require("ogdenville")
    stores.integrations.connect(later)
    taken = listed(stores, "by-hand-1")
    assert tenants(taken) == ["shelbyville", "springfield"]
    assert {entry["cause"] for entry in taken} == {"nightly"}
    named = listed(stores, "by-hand-2", tenantIds=["ogdenville"])
    assert [entry["cause"] for entry in named] == ["operator"]
    assert tenants(listed(stores, "by-hand-3", tenantIds=["ogdenville", "ogdenville"])) == ["ogdenville"]


def test_every_run_of_a_night_has_a_name_of_its_own() -> None:
    stores = connected("springfield", "shelbyville")
    first = listed(stores, "by-hand-1")
    end(stores, "by-hand-1")
    second = listed(stores, "by-hand-2")
    names = [entry["runId"] for entry in (*first, *second)]
    assert len(set(names)) == 4
    assert all(len(name) <= 80 for name in names)


def test_who_had_its_night_today_is_not_due_again_until_tomorrow() -> None:
    stores = connected("springfield", "shelbyville")
    sync(stores, serve(small_roster()), tenant_id="springfield", cause="nightly")
    assert stores.integrations.require("springfield").last_nightly_date == "2026-10-05"
    assert tenants(listed(stores, "night-1")) == ["shelbyville"]
    end(stores, "night-1")
    assert tenants(listed(stores, "night-2", now=NOW + DAY - HOUR)) == ["shelbyville"]
    end(stores, "night-2")
    assert tenants(listed(stores, "night-3", now=NOW + DAY)) == ["shelbyville", "springfield"]


def test_a_run_that_is_no_nights_leaves_the_night_due() -> None:
    stores = connected()
    sync(stores, serve(small_roster()), cause="portal")
    assert tenants(listed(stores, "night-1")) == ["springfield"]


def test_a_night_that_failed_is_this_dates_night_too() -> None:
    stores, server = connected(), serve(small_roster())

    def reject(_: int) -> None:
        raise CredentialsRejected("401")

    server.before_answer = reject
    sync(stores, server, cause="nightly")
    assert tenants(listed(stores, "night-1")) == []
    assert tenants(listed(stores, "night-2", now=NOW + DAY)) == ["springfield"]


def test_the_night_is_the_tenants_own_date() -> None:
    stores = connected(time_zone="America/Denver", due_at="2026-10-05T01:30Z")
    sync(stores, serve(small_roster()), cause="nightly", now=datetime(2026, 10, 5, 2, 0, tzinfo=UTC))
    integration = stores.integrations.require("springfield")
    assert (integration.last_nightly_date, integration.due_at) == ("2026-10-04", "2026-10-05T08:00Z")


@pytest.mark.parametrize("field", [{"paused": True}, {"status": "disconnecting"}, {"due_at": ""}])
def test_who_is_paused_disconnecting_or_without_nights_is_not_taken(field: dict[str, Any]) -> None:
    assert listed(connected(**field), "night-1") == []


def test_who_has_rejected_credentials_is_taken() -> None:
    assert tenants(listed(connected(status="credentials rejected"), "night-1")) == ["springfield"]


def test_who_is_paused_after_the_index_was_read_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = connected()
    stale = [*stores.table.index("INTEGRATIONS")]
    stores.integrations.leave("springfield", Leaving("remove", 5))
    monkeypatch.setattr(type(stores.table), "index", lambda *_, **__: iter(stale))
    assert listed(stores, "night-1") == []


def test_the_summary_names_every_outcome() -> None:
    names = ["ended", "failing", "refused", "running"]
    stores = connected(*names)
    runs = {entry["tenantId"]: entry["runId"] for entry in listed(stores, "night-1")}
    sync(stores, serve(small_roster()), tenant_id="ended", run_id=runs["ended"], cause="nightly")
    server = serve(small_roster())

    def reject(_: int) -> None:
        raise CredentialsRejected("it does not accept these credentials")

    server.before_answer = reject
    sync(stores, server, tenant_id="failing", run_id=runs["failing"], cause="nightly")
    stores.runs.start(
        RunRecord(tenant_id="running", run_id=runs["running"], mode="changes", cause="nightly", started_at=1)
    )
    told = summarise_night(parse_request(SummaryRequest, {"nightId": "night-1"}), stores)
    assert told == {
        "nightId": "night-1",
        "outcomes": {"published": 1, "failed": 1, "not started": 1, "running": 1},
    }
    summary = stores.nights.summary("night-1")
    assert summary is not None
    assert summary["outcomes"] == told["outcomes"]
    assert [(one["tenantId"], one["outcome"], one["reason"]) for one in summary["tenants"]] == [
        ("ended", "published", ""),
        ("failing", "failed", "it does not accept these credentials"),
        ("refused", "not started", ""),
        ("running", "running", ""),
    ]


def test_who_had_its_night_after_the_index_was_read_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = connected()
    stale = [*stores.table.index("INTEGRATIONS")]
    sync(stores, serve(small_roster()), cause="nightly")
    monkeypatch.setattr(type(stores.table), "index", lambda *_, **__: iter(stale))
    assert listed(stores, "night-1") == []
