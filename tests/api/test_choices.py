"""What a tenant chooses: seen, changed, and nothing taken away without a look at what would go."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.errors import StorageConflict
from rostersync.roster.records import Org
from rostersync.roster.settings import RosterSettings, may_remove_groups
from rostersync.steps.change_settings import Choices, change_settings
from rostersync.storage.integrations import Integrations
from tests.api.portal import Portal, served
from tests.steps.driver import TENANT, connected, sync
from tests.steps.guarded import without_classes
from tests.steps.published import published
from tests.steps.rosters import section, serve, small_roster

WITHOUT_HILL = {"schoolsExcluded": ["hill"]}


def change(portal: Portal, **changes: Any) -> Any:
    return portal.ask("PATCH", "/integration/settings", changes)


def preview(portal: Portal, settings: dict[str, Any]) -> str:
    """Start a preview under other settings and let it run; return its id."""
    portal.clock += timedelta(minutes=5)
    run_id: str = portal.ask("POST", "/runs", {"mode": "preview", "settings": settings}).body["runId"]
    portal.sync(small_roster(), mode="preview", run_id=run_id)
    return run_id


def test_the_choices_are_seen_and_what_is_left_out_stays(portal: Portal) -> None:
    before = portal.ask("GET", "/integration/settings").body
    assert (before["nightlyHour"], before["timeZone"], before["paused"]) == (2, "UTC", False)
    assert before["roster"]["groupName"] == "{title}"
    changed = change(portal, nightlyHour=4, timeZone="Europe/Berlin").body
    assert changed == {**before, "nightlyHour": 4, "timeZone": "Europe/Berlin"}
    assert portal.ask("GET", "/integration/settings").body == changed
    # It is 10:00 UTC: the next 04:00 there is tomorrow's.
    assert portal.ask("GET", "/integration").body["connection"]["nextNight"] == "2026-10-06T02:00Z"


def test_a_paused_tenant_has_no_nights_until_it_goes_on(portal: Portal) -> None:
    change(portal, paused=True)
    screen = portal.ask("GET", "/integration").body
    assert (screen["status"], screen["connection"]["nextNight"]) == ("paused", "")
    assert list(portal.stores.integrations.due(portal.clock + timedelta(days=9))) == []
    change(portal, paused=False)
    assert list(portal.stores.integrations.due(portal.clock + timedelta(days=9))) == [TENANT]


def test_in_a_pause_window_there_are_no_nights_and_the_screen_says_until_when(portal: Portal) -> None:
    # It is 5 October, 10:00 UTC: still the 4th in Pago Pago.
    change(portal, timeZone="Pacific/Pago_Pago")
    holidays = {"firstDay": "2026-10-05", "lastDay": "2026-10-16"}
    changed = change(portal, pauseWindows=[holidays]).body
    assert changed["pauseWindows"] == [holidays]
    screen = portal.ask("GET", "/integration").body
    assert (screen["status"], screen["pausedUntil"]) == ("connected", "")
    assert screen["connection"]["nextNight"] == "2026-10-17T13:00Z"
    portal.clock += timedelta(hours=12)
    screen = portal.ask("GET", "/integration").body
    assert (screen["status"], screen["pausedUntil"]) == ("paused", "2026-10-16")
    assert portal.ask("POST", "/runs", {}).status == 202
    assert portal.ask("GET", "/integration").body["status"] == "syncing"


def test_paused_by_the_switch_there_is_no_day_on_which_it_ends_by_itself(portal: Portal) -> None:
    change(portal, paused=True, pauseWindows=[{"firstDay": "2026-10-01", "lastDay": "2026-10-16"}])
    screen = portal.ask("GET", "/integration").body
    assert (screen["status"], screen["pausedUntil"]) == ("paused", "")
    assert change(portal, pauseWindows=[]).body["pauseWindows"] == []


@pytest.mark.parametrize(
    "windows",
    [
        [{"firstDay": "2026-10-02", "lastDay": "2026-10-01"}],
        [{"firstDay": "2026-02-30", "lastDay": "2026-03-01"}],
        [{"firstDay": "2026-10-02"}],
        [{"firstDay": "2026-10-02T00:00:00", "lastDay": "2026-10-03"}],
        [{"firstDay": "9999-12-30", "lastDay": "9999-12-31"}],
        [{"firstDay": "2026-10-02", "lastDay": "2026-10-03"}] * 21,
    ],
)
def test_windows_that_are_none_are_refused(portal: Portal, windows: list[Any]) -> None:
    refused = change(portal, pauseWindows=windows)
    assert (refused.status, refused.code) == (400, "invalid-input")
    assert "pauseWindows" in refused.body["detail"]


def test_what_may_take_groups_away_needs_a_preview_under_exactly_it(portal: Portal) -> None:
    portal.sync(small_roster())
    assert change(portal, roster=WITHOUT_HILL).code == "preview-needed"
    seen = preview(portal, WITHOUT_HILL)
    shown = portal.ask("GET", f"/runs/{seen}").body["run"]
    assert (shown["outcome"], shown["changes"]["removed"]["groups"]) == ("previewed", 2)
    # Neither another change nor another run will do.
    assert change(portal, roster={**WITHOUT_HILL, "leadDays": 3}, preview=seen).code == "preview-needed"
    assert change(portal, roster=WITHOUT_HILL, preview=preview(portal, {})).code == "preview-needed"
    changed = change(portal, roster=WITHOUT_HILL, preview=seen)
    assert (changed.status, changed.body["roster"]["schoolsExcluded"]) == (200, ["hill"])
    assert portal.sync(small_roster()).statistics["groups"] == 0


def test_ending_additions_only_early_needs_a_preview_of_what_goes_then() -> None:
    def look_at(until: str, **settings: Any) -> str:
        portal.clock += timedelta(minutes=5)
        body = {"mode": "preview", "additionsOnlyUntil": until, **settings}
        run_id: str = portal.ask("POST", "/runs", body).body["runId"]
        portal.sync(fewer, mode="preview", run_id=run_id)
        return run_id

    with served(Portal(stores=connected(additions_only_until="2026-12-31"))) as portal:
        portal.sync(small_roster())
        fewer = without_classes(small_roster(), ["c1"])
        portal.sync(fewer)
        assert portal.sync(fewer).statistics["groups"] == 2
        # A later day lets nothing go, and no preview shows more than the syncs do.
        assert change(portal, additionsOnlyUntil="2027-01-31").status == 200
        own = preview(portal, {})
        assert portal.ask("GET", f"/runs/{own}").body["run"]["changes"]["removed"] == {}
        for until in ("", "2026-10-01", "2026-11-30"):
            assert change(portal, additionsOnlyUntil=until, preview=own).code == "preview-needed"
        seen = look_at("2026-11-30")
        shown = portal.ask("GET", f"/runs/{seen}").body["run"]
        assert shown["changes"]["removed"]["groups"] == 1
        assert change(portal, additionsOnlyUntil="", preview=seen).code == "preview-needed"
        both = {"roster": WITHOUT_HILL, "additionsOnlyUntil": "2026-11-30"}
        assert change(portal, **both, preview=seen).code == "preview-needed"
        assert change(portal, additionsOnlyUntil="2026-11-30", preview=seen).status == 200
        assert portal.sync(fewer).statistics["groups"] == 2
        assert change(portal, additionsOnlyUntil="", preview=look_at("")).status == 200
        assert portal.sync(fewer).statistics["groups"] == 1
        # It is over: nothing stays by it any more.
        assert change(portal, additionsOnlyUntil="2026-10-01").status == 200
        assert change(portal, additionsOnlyUntil="").status == 200


@pytest.mark.parametrize("mode", ["changes", "full"])
def test_only_a_preview_is_made_as_after_a_day(portal: Portal, mode: str) -> None:
    refused = portal.ask("POST", "/runs", {"mode": mode, "additionsOnlyUntil": ""})
    assert (refused.status, refused.code) == (400, "invalid-input")


def test_a_preview_shows_how_ready_the_tenant_is_and_no_other_run_does(portal: Portal) -> None:
    portal.added("u1", "t1@hill.example")
    shown = portal.ask("GET", f"/runs/{preview(portal, {})}").body["run"]
    assert shown["readiness"] == {
        "teachers": 2,
        "teachersWithUser": 1,
        "students": 3,
        "studentsWithLogin": 3,
        "sharedEmails": 0,
        "danglingEnrollments": 0,
        "domainsWithoutUser": {},
    }
    portal.sync(small_roster())
    readiness = [run["readiness"] for run in portal.ask("GET", "/runs").body["runs"]]
    assert readiness == [None, shown["readiness"]]


def test_a_preview_changes_nothing_but_what_it_is_asked(portal: Portal) -> None:
    portal.sync(small_roster())
    preview(portal, WITHOUT_HILL)
    assert portal.ask("GET", "/integration/settings").body["roster"]["schoolsExcluded"] == []
    assert portal.sync(small_roster()).outcome == "unchanged"


def test_a_preview_of_yesterday_says_nothing_of_today(portal: Portal) -> None:
    portal.sync(small_roster())
    seen = preview(portal, WITHOUT_HILL)
    portal.clock += timedelta(hours=25)
    assert change(portal, roster=WITHOUT_HILL, preview=seen).code == "preview-needed"


def test_what_only_adds_or_renames_needs_none(portal: Portal) -> None:
    portal.sync(small_roster())
    changed = change(portal, roster={"leadDays": 14, "aidesOwnGroups": True, "groupName": "{title} {code}"})
    assert changed.status == 200


def test_two_admins_who_change_at_once_do_not_undo_each_other(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = portal.stores.integrations.get(TENANT)
    change(portal, nightlyHour=5)
    monkeypatch.setattr(Integrations, "require", lambda *_: seen)
    choices = Choices(paused=True)
    with pytest.raises(StorageConflict):
        change_settings(TENANT, choices, portal.stores, now=portal.clock, default_time_zone="UTC")
    monkeypatch.undo()
    found = portal.stores.integrations.require(TENANT)
    assert (found.nightly_hour, found.paused) == (5, False)


def test_how_many_users_would_be_made_is_shown_before_it_is_switched_on(portal: Portal) -> None:
    portal.sync(small_roster())
    for query, count in (("domains=hill.example,other.example", 2), ("domains=other.example", 0), ("", 0)):
        answer = portal.ask("GET", "/users/automatic", query=query)
        assert answer.body == {"count": count, "domains": {"hill.example": 2}}
    creation = {"domains": ["hill.example"], "role": "teacher", "site": "north"}
    assert change(portal, creation=creation).body["creation"] == creation


def test_schools_are_offered_by_name_and_only_those_that_could_be_left_out(portal: Portal) -> None:
    assert portal.ask("GET", "/integration/schools").body == {"schools": []}
    roster = small_roster()
    roster["orgs"] = [
        Org(sourced_id="hill", name="hill", type="school"),
        Org(sourced_id="z", name="Dale", type="school"),
        Org(sourced_id="far", name="Far Campus", type="campus"),
        Org(sourced_id="district", name="District", type="district"),
        Org(sourced_id="old", name="Closed", type="school", active=False),
        Org(sourced_id="nameless", type="school"),
    ]
    roster["classes"] = [section("c1", school="far"), section("c2")]
    portal.sync(roster)
    assert portal.ask("GET", "/integration/schools").body["schools"] == [
        {"sourcedId": "z", "name": "Dale"},
        {"sourcedId": "far", "name": "Far Campus"},
        {"sourcedId": "hill", "name": "hill"},
        {"sourcedId": "nameless", "name": "nameless"},
    ]


SETTINGS = st.builds(
    RosterSettings,
    aides_own_groups=st.booleans(),
    lead_days=st.integers(0, 60),
    grace_days=st.integers(0, 60),
    homerooms=st.booleans(),
    schools_excluded=st.frozensets(st.sampled_from(["hill", "dale"])),
)


@given(SETTINGS, SETTINGS)
def test_a_change_that_needs_no_preview_takes_no_group_away(
    before: RosterSettings, after: RosterSettings
) -> None:
    if not may_remove_groups(before, after):
        found = []
        for settings in (before, after):
            stores = connected(settings=settings)
            sync(stores, serve(small_roster()))
            found.append(published(stores.table).groups.keys())
        assert found[0] <= found[1]
