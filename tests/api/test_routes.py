"""What the portal is told, route by route."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from rostersync.errors import StorageUnavailable
from rostersync.storage.runs import RunRecord
from tests.api.portal import Portal, served
from tests.steps.driver import LEASE_SECONDS, TENANT, FakeStores, connected
from tests.steps.rosters import aside, small_roster, teacher

EMAIL = "t1@hill.example"


# -- The status screen -----------------------------------------------------------------------------------


def test_the_screen_of_a_tenant_that_is_not_connected_says_so() -> None:
    with served(Portal(stores=FakeStores())) as portal:
        screen = portal.ask("GET", "/integration")
    assert screen.status == 200
    assert (screen.body["status"], screen.body["connection"]) == ("not connected", None)


def test_the_screen_shows_statistics_people_and_the_last_run(portal: Portal) -> None:
    portal.added("u1", EMAIL)
    run = portal.sync(small_roster())
    portal.sync(small_roster())
    screen = portal.ask("GET", "/integration").body
    assert screen["status"] == "connected"
    assert screen["statistics"] == {"teachers": 2, "students": 3, "classes": 2, "groups": 2, "memberships": 4}
    assert screen["people"] == {"teaching": 2, "inSenso": 1, "waiting": 1}
    assert screen["lastRun"]["outcome"] == "unchanged"
    # What ClassLink has changed last with the first of the two.
    assert screen["changedAt"] == run.started_at
    assert screen["syncedAt"] > run.started_at
    assert screen["connection"]["nextNight"] == "2026-10-05T02:00Z"


def test_a_class_that_stays_though_its_row_was_set_aside_counts_as_one_with_groups(portal: Portal) -> None:
    roster = small_roster()
    portal.sync(roster)
    assert portal.ask("GET", "/integration").body["withGroups"] == 2
    run = portal.sync({**roster, "classes": [*roster["classes"][1:], aside(roster["classes"][0].sourced_id)]})
    assert run.collections["classes"]["kept"] == 1
    screen = portal.ask("GET", "/integration").body
    assert (screen["withGroups"], screen["withoutGroups"]) == (2, {})


def test_the_secret_and_what_finds_it_are_nowhere_on_the_screen(portal: Portal) -> None:
    text = json.dumps(portal.ask("GET", "/integration").body)
    assert "arn:" not in text
    assert "secret" not in text.lower()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "disconnecting", "paused": True}, "disconnecting"),
        ({"status": "credentials rejected", "paused": True}, "credentials rejected"),
        ({"paused": True}, "paused"),
        ({}, "connected"),
    ],
)
def test_the_status_is_the_first_that_applies(fields: dict[str, object], status: str) -> None:
    with served(Portal(stores=connected(**fields))) as portal:  # type: ignore[arg-type]  # fields of any kind
        assert portal.ask("GET", "/integration").body["status"] == status


@pytest.mark.parametrize(("roles", "can_act"), [("[admin]", True), ("[reader]", False), ("[a admin]", True)])
def test_the_screen_says_whether_the_caller_may_act(portal: Portal, roles: str, *, can_act: bool) -> None:
    assert portal.ask("GET", "/integration", roles=roles).body["canAct"] is can_act


def test_while_a_run_goes_on_the_status_is_syncing_and_names_it(portal: Portal) -> None:
    portal.stores.leases.acquire(TENANT, "run-1", portal.clock, LEASE_SECONDS)
    screen = portal.ask("GET", "/integration").body
    assert (screen["status"], screen["running"]) == ("syncing", "run-1")


# -- Runs ------------------------------------------------------------------------------------------------


def test_a_press_of_the_button_starts_one_run_and_a_second_press_is_the_same(portal: Portal) -> None:
    first = portal.ask("POST", "/runs", {"mode": "full"})
    second = portal.ask("POST", "/runs", {"mode": "changes"})
    assert (first.status, second.status) == (202, 202)
    assert first.body == {"runId": first.body["runId"], "already": False}
    assert second.body == {"runId": first.body["runId"], "already": True}
    ((machine, name, event),) = portal.executions.started
    assert (machine, name) == ("sync", first.body["runId"])
    assert event == {"tenantId": TENANT, "mode": "full", "cause": "portal"}
    (run,) = portal.ask("GET", "/runs").body["runs"]
    assert (run["runId"], run["cause"], run["actor"], run["outcome"]) == (name, "portal", "user-1", "")


def test_who_pressed_is_not_in_the_executions_input_and_an_email_is_not_kept(portal: Portal) -> None:
    claims = {"tenant_id": TENANT, "roles": "admin", "sub": "jane@hill.example"}
    run_id = portal.ask("POST", "/runs", {}, claims=claims).body["runId"]
    assert "jane" not in json.dumps(portal.executions.started)
    assert portal.ask("GET", f"/runs/{run_id}").body["run"]["actor"] == ""


def test_a_run_that_cannot_be_started_is_failed_and_blocks_nobody(portal: Portal) -> None:
    portal.executions.error = StorageUnavailable("Step Functions did not take a call")
    refused = portal.ask("POST", "/runs", {"mode": "changes"})
    assert (refused.status, refused.code) == (503, "storage-unavailable")
    assert portal.ask("GET", "/runs").body["runs"][0]["outcome"] == "failed"
    portal.executions.error = None
    portal.clock += timedelta(seconds=1)
    assert portal.ask("POST", "/runs", {"mode": "changes"}).body["already"] is False


def test_a_press_that_died_before_the_run_began_blocks_for_a_minute_only(portal: Portal) -> None:
    first = portal.ask("POST", "/runs", {"mode": "changes"}).body["runId"]
    portal.clock += timedelta(seconds=61)
    second = portal.ask("POST", "/runs", {"mode": "changes"}).body
    assert second["already"] is False
    assert second["runId"] != first
    shown = portal.ask("GET", f"/runs/{first}").body
    assert (shown["phase"], shown["run"]["outcome"], shown["run"]["error"]) == (
        "ended",
        "failed",
        "NeverEnded",
    )
    assert shown["run"] in portal.ask("GET", "/runs").body["runs"]


def test_a_press_while_what_an_ended_run_left_may_still_write_says_so(portal: Portal) -> None:
    run_id = portal.ask("POST", "/runs", {"mode": "changes"}).body["runId"]
    run = portal.stores.runs.get(TENANT, run_id)
    assert run is not None
    portal.stores.runs.finish(replace(run, outcome="failed", finished_at=run.started_at))
    portal.stores.leases.end(TENANT, run_id, portal.clock, 300)
    assert portal.ask("GET", "/integration").body["status"] == "connected"
    refused = portal.ask("POST", "/runs", {"mode": "changes"})
    assert (refused.status, refused.code) == (409, "run-in-progress")
    assert f"run {run_id}" in refused.body["detail"]
    assert "has ended" in refused.body["detail"]
    assert "start another in a minute" in refused.body["detail"]


def test_a_run_that_was_started_by_the_portal_goes_on_under_its_own_lease(portal: Portal) -> None:
    run_id = portal.ask("POST", "/runs", {"mode": "changes"}).body["runId"]
    run = portal.sync(small_roster(), run_id=run_id, cause="portal")
    assert (run.outcome, run.actor) == ("published", "user-1")


def test_a_run_shows_its_phase_and_its_progress_by_collection(portal: Portal) -> None:
    phases = []

    def look(state: str) -> None:
        if state in {"Plan", "Fetch", "People", "Deliver"}:
            shown = portal.ask("GET", "/runs/looked-at").body
            phases.append((state, shown.get("phase"), shown.get("progress", {}).get("students")))

    portal.stores.runs.start(run_begun(portal))
    portal.sync(small_roster(), run_id="looked-at", before=look)
    assert phases == [
        ("Plan", "planning", None),
        ("Fetch", "fetching", {"rows": 0, "total": 3}),
        ("People", "comparing", {"rows": 3, "total": 3}),
        ("Deliver", "publishing", {"rows": 3, "total": 3}),
    ]
    ended = portal.ask("GET", "/runs/looked-at").body
    assert (ended["phase"], ended["progress"]) == ("ended", {})
    assert ended["run"]["collections"]["students"]["kept"] == 3


def run_begun(portal: Portal) -> RunRecord:
    return RunRecord(
        tenant_id=TENANT,
        run_id="looked-at",
        mode="changes",
        cause="portal",
        # A sync of this portal is an hour later.
        started_at=int((portal.clock + timedelta(hours=1)).timestamp() * 1000),
    )


def test_a_run_that_is_not_there_is_not_found(portal: Portal) -> None:
    assert portal.ask("GET", "/runs/nobody").code == "not-found"


# -- Teachers and users ----------------------------------------------------------------------------------


def test_who_waits_is_listed_searched_and_imported(portal: Portal) -> None:
    portal.sync(small_roster())
    portal.bus.take()
    page = portal.ask("GET", "/teachers", query="limit=1").body
    assert (page["total"], len(page["teachers"])) == (2, 1)
    (one,) = portal.ask("POST", "/teachers/search", {"query": "t2"}).body["teachers"]
    assert (one["email"], one["schools"], one["groups"]) == ("t2@hill.example", ["Hill"], 1)
    nobody = "o_" + "0" * 20
    body = {"users": [{"ownerId": one["ownerId"], "role": "teacher"}, {"ownerId": nobody, "role": "teacher"}]}
    answer = portal.ask("POST", "/users", body)
    assert [(user["ownerId"], user["state"], bool(user["error"])) for user in answer.body["users"]] == [
        (one["ownerId"], "requested", False),
        (nobody, "", True),
    ]
    assert [asked["email"] for asked in portal.bus.of("User Wanted")] == ["t2@hill.example"]


# -- Owners ----------------------------------------------------------------------------------------------


def test_a_teacher_is_found_looked_at_and_sent_again(portal: Portal) -> None:
    portal.added("u1", EMAIL)
    run = portal.sync(small_roster())
    portal.told()
    found = portal.ask("POST", "/owners/find", {"email": f" {EMAIL.upper()} "}).body
    assert (found["email"], found["userId"], found["groups"], found["reason"]) == (EMAIL, "u1", 1, "")
    assert portal.ask("GET", f"/owners/{found['ownerId']}/groups").body == found
    again = portal.ask("POST", f"/owners/{found['ownerId']}/resync").body
    assert (again["groups"], again["asOf"], again["reason"]) == (1, run.started_at, "")
    assert portal.told() == [("u1", ["Art"])]


def test_one_who_is_not_there_gets_the_reason(portal: Portal) -> None:
    portal.sync(small_roster())
    found = portal.ask("POST", "/owners/find", {"email": "nobody@hill.example"}).body
    assert (found["ownerId"], found["reason"]) == ("", "not shared by ClassLink")


def test_a_match_by_hand_and_its_undoing(portal: Portal) -> None:
    portal.sync(small_roster())
    portal.added("ux", "x@other.example")
    owner_id = portal.owner(EMAIL)
    matched = portal.ask("PUT", f"/owners/{owner_id}/user", {"email": "x@other.example"}).body
    assert (matched["userId"], matched["byHand"]) == ("ux", True)
    undone = portal.ask("PUT", f"/owners/{owner_id}/user", {"email": None}).body
    assert (undone["userId"], undone["byHand"]) == ("", False)
    refused = portal.ask("PUT", f"/owners/{owner_id}/user", {"email": "nobody@other.example"})
    assert (refused.status, refused.code) == (400, "invalid-input")
    assert "nobody@other" not in json.dumps(refused.body)


def test_a_teacher_who_left_can_still_be_looked_at(portal: Portal) -> None:
    portal.added("u1", EMAIL)
    portal.sync(small_roster())
    owner_id = portal.owner(EMAIL)
    portal.sync({**small_roster(), "teachers": [teacher("t2")]})
    left = portal.ask("GET", f"/owners/{owner_id}/groups").body
    assert (left["email"], left["groups"], left["reason"]) == ("", 0, "not shared by ClassLink")


# -- Why -------------------------------------------------------------------------------------------------


def test_why_is_answered_for_a_teacher_a_class_and_a_student(portal: Portal) -> None:
    portal.added("u1", EMAIL)
    portal.sync(small_roster())
    teachers = portal.ask("POST", "/explain", {"teacher": EMAIL}).body
    assert (teachers["about"], teachers["class"], teachers["student"]) == ("teacher", None, None)
    (theirs,) = teachers["teacher"]["classes"]
    assert (theirs["name"], theirs["group"]["delivery"], theirs["why"]["reason"]) == ("Art", "delivered", "")
    of_class = portal.ask("POST", "/explain", {"class": "c2"}).body["class"]
    assert [one["who"]["email"] for one in of_class["teachers"]] == ["t2@hill.example"]
    assert (of_class["members"], of_class["teachers"][0]["group"]["delivery"]) == (2, "user not linked")
    of_student = portal.ask("POST", "/explain", {"student": "s2"}).body["student"]
    assert {one["title"]: [owner["email"] for owner in one["seenBy"]] for one in of_student["classes"]} == {
        "Art": [EMAIL],
        "Music": ["t2@hill.example"],
    }


@pytest.mark.parametrize("body", [{}, {"teacher": EMAIL, "class": "c1"}, {"classId": "c1"}, {"class": ""}])
def test_exactly_one_thing_is_asked_about(portal: Portal, body: dict[str, str]) -> None:
    assert portal.ask("POST", "/explain", body).code == "invalid-input"
