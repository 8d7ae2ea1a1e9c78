"""What a sync held, in the portal: seen, approved, discarded, and nobody else's."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from rostersync.roster.explaining import REMOVAL_HELD
from rostersync.roster.guard import GuardSettings
from tests.api.portal import Portal, served
from tests.steps.driver import TENANT, connected
from tests.steps.guarded import students_of, two_schools, without_people

LEFT = without_people(two_schools(), students_of("hill", 30))


@pytest.fixture
def held() -> Iterator[Portal]:
    """A portal whose tenant has half of a school's students held, by the run ``held``."""
    with served(Portal(stores=connected(TENANT, "other", guard=GuardSettings()))) as portal:
        portal.sync(two_schools())
        assert portal.sync(LEFT, run_id="held").outcome == "held"
        portal.bus.take()
        yield portal


def approve(portal: Portal, **how: Any) -> Any:
    return portal.ask("POST", "/runs/held/approve", **how)


def discard(portal: Portal, **how: Any) -> Any:
    return portal.ask("POST", "/runs/held/discard", **how)


def state(portal: Portal) -> tuple[str, str, str]:
    """Return the status, the run that waits for a decision, and how its list stands."""
    screen = portal.ask("GET", "/integration").body
    return screen["status"], screen["held"], portal.ask("GET", "/runs/held/held").body["state"]


def test_the_screen_names_the_run_and_the_run_says_what_would_go(held: Portal) -> None:
    assert state(held) == ("held", "held", "undecided")
    shown = held.ask("GET", "/runs/held/held").body
    assert shown["stopped"] == ""
    assert shown["kinds"]["students"] == {"lost": 30, "of": 96}
    assert [(one["school"], one["name"]) for one in shown["schools"]] == [("hill", "Hill")]
    assert shown["schools"][0]["kinds"]["memberships"] == {"lost": 30, "of": 48}
    assert shown["studentsStillSeen"] == 30
    first = shown["largestGroups"][0]
    assert (first["school"], first["gone"], first["lost"], first["of"]) == ("Hill", True, 6, 6)
    assert {"kind": "students", "school": "hill", "name": "Hill", "lost": 30, "of": 48} in shown["causes"]
    assert shown["expiresAt"] - shown["heldAt"] == 90 * 86_400_000
    run = held.ask("GET", "/runs/held").body["run"]
    assert (run["outcome"], run["stopped"]) == ("held", "")
    assert "approval" in run["reason"]


def test_an_approval_starts_one_run_however_often_it_is_pressed(held: Portal) -> None:
    first, second = approve(held), approve(held)
    assert (first.status, second.status) == (202, 202)
    run_id = first.body["runId"]
    assert second.body == {"runId": run_id, "already": True}
    assert len(held.executions.started) == 1
    assert held.sync(LEFT, run_id=run_id).outcome == "published"
    assert state(held) == ("connected", "", "approved")
    shown = held.ask("GET", "/runs/held/held").body
    assert (shown["decidedBy"], shown["decidedIn"]) == ("user-1", run_id)
    # Pressed once more it is that run still, and nothing is started.
    assert approve(held).body == {"runId": run_id, "already": True}
    assert len(held.executions.started) == 1
    assert (discard(held).status, discard(held).code) == (409, "already-decided")


def test_nothing_is_approved_by_a_sync_that_goes_on_for_another_reason(held: Portal) -> None:
    held.ask("POST", "/runs", {"mode": "changes"})
    answer = approve(held)
    assert (answer.status, answer.code) == (409, "run-in-progress")
    assert held.ask("GET", "/runs/held/held").body["state"] == "undecided"


def test_a_list_is_discarded_however_often_it_is_pressed(held: Portal) -> None:
    assert [discard(held).status for _ in range(2)] == [200, 200]
    assert state(held) == ("connected", "", "discarded")
    assert [detail["needed"] for detail in held.bus.of("Attention Needed")] == [False]
    answer = approve(held)
    assert (answer.status, answer.code) == (409, "already-decided")


def test_a_list_is_not_discarded_while_the_sync_of_its_approval_goes_on(held: Portal) -> None:
    run_id = approve(held).body["runId"]
    refused = discard(held)
    assert (refused.status, refused.code) == (409, "run-in-progress")
    assert held.sync(LEFT, run_id=run_id).outcome == "published"
    assert state(held) == ("connected", "", "approved")


def test_an_approval_that_comes_after_its_list_was_discarded_permits_nothing(held: Portal) -> None:
    """Its execution began long after the press: nobody saw it go on, and somebody discarded the list."""
    run_id = approve(held).body["runId"]
    held.clock += timedelta(seconds=60)
    assert discard(held).status == 200
    assert held.sync(LEFT, run_id=run_id).outcome == "held"
    screen = held.ask("GET", "/integration").body
    assert (screen["held"], screen["statistics"]["students"]) == (run_id, 96)
    assert held.ask("GET", "/runs/held/held").body["state"] == "discarded"


def test_an_expired_list_is_a_clear_problem(held: Portal) -> None:
    held.clock += timedelta(days=90)
    for answer in (approve(held), discard(held), held.ask("GET", "/runs/held/held")):
        assert (answer.status, answer.code) == (409, "held-list-expired")
    assert held.ask("GET", "/integration").body["status"] == "connected"


def test_only_an_admin_of_the_tenant_decides(held: Portal) -> None:
    for decide in (approve, discard):
        assert decide(held, roles="[reader]").code == "forbidden"
        assert decide(held, tenant="other").code == "not-found"
    assert held.ask("GET", "/runs/held/held", roles="[reader]").status == 200
    assert held.ask("GET", "/runs/held/held", tenant="other").code == "not-found"
    assert state(held) == ("held", "held", "undecided")
    for run_id in ("run-of-nobody", held.ask("GET", "/runs").body["runs"][-1]["runId"]):
        assert held.ask("GET", f"/runs/{run_id}/held").code == "not-found"


def test_paused_comes_before_held(held: Portal) -> None:
    held.ask("PATCH", "/integration/settings", {"paused": True})
    assert state(held) == ("paused", "held", "undecided")


def test_what_is_there_only_because_its_removal_is_held_says_so(held: Portal) -> None:
    def notes(question: dict[str, str], *path: str) -> list[str]:
        answer = held.ask("POST", "/explain", question).body[next(iter(question))]
        found = answer["classes"][0] if path else answer
        return [one["reason"] for one in found["notes"]]

    gone, stays = students_of("hill", 48)[0], students_of("hill", 48)[-1]
    assert notes({"student": gone}) == notes({"student": gone}, "classes") == [REMOVAL_HELD]
    assert notes({"student": stays}) == notes({"student": stays}, "classes") == []
    assert (notes({"class": "hill-c0"}), notes({"class": "hill-c7"})) == ([REMOVAL_HELD], [])
    assert notes({"teacher": "hill-t0@hill.example"}, "classes") == [REMOVAL_HELD]
    assert notes({"teacher": "hill-t0@hill.example"}) == []
    discard(held)
    assert notes({"student": gone}) == []


def test_guard_and_additions_only_are_settings(held: Portal) -> None:
    def change(**changes: Any) -> Any:
        return held.ask("PATCH", "/integration/settings", changes)

    before = held.ask("GET", "/integration/settings").body
    assert (before["guard"]["districtPercent"], before["guard"]["membershipsCount"]) == (10, 50)
    assert before["guard"]["wholeCollection"] is True
    assert before["additionsOnlyUntil"] == ""
    chosen = change(guard={"schoolPercent": 80}, additionsOnlyUntil="2026-12-31").body
    assert chosen["guard"] == {**before["guard"], "schoolPercent": 80}
    assert chosen["additionsOnlyUntil"] == "2026-12-31"
    assert change(paused=False).body == chosen
    for wrong in ("2026-13-01", "tomorrow", None):
        assert change(additionsOnlyUntil=wrong).status == (400 if wrong else 200)
    assert change(guard={"schoolPercent": 0}).code == "invalid-input"


def test_a_limit_that_is_left_out_stays_as_it_was_chosen(held: Portal) -> None:
    def change(**guard: Any) -> Any:
        return held.ask("PATCH", "/integration/settings", {"guard": guard}).body["guard"]

    strict = change(districtPercent=2, districtCount=0, wholeCollection=False)
    assert change(schoolPercent=80) == {**strict, "schoolPercent": 80}
    assert held.ask("PATCH", "/integration/settings", {"paused": True}).body["guard"]["districtCount"] == 0
    guard = held.stores.integrations.require(TENANT).guard
    assert guard == GuardSettings(
        district_percent=2, district_count=0, school_percent=80, whole_collection=False
    )
    assert change() == change(schoolPercent=None) == {**strict, "schoolPercent": 80}
