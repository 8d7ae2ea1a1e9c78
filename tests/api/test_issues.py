"""What a sync set aside: read, filtered, downloaded."""

import csv
import io

import pytest

from rostersync.oneroster.normalising import SET_ASIDE_REASONS
from rostersync.roster import owners
from rostersync.steps.list_issues import as_cell
from rostersync.steps.mending import MEND
from tests.api.portal import Portal, served
from tests.steps.driver import TENANT, connected
from tests.steps.rosters import Roster, aside, small_roster, teacher


def dirty_roster() -> Roster:
    """Return the small roster with rows that are set aside, and a teacher without e-mail."""
    roster = small_roster()
    roster["students"] = [*roster["students"], aside("s8"), aside("=HYPERLINK(1)", "is too long")]
    roster["teachers"] = [*roster["teachers"], aside("t8", "guardian"), teacher("t9", "")]
    return roster


def test_every_row_set_aside_is_listed_with_its_reason_and_the_counts_add_up(portal: Portal) -> None:
    run = portal.sync(dirty_roster())
    page = portal.ask("GET", f"/runs/{run.run_id}/issues").body
    assert [(one["collection"], one["sourcedId"], one["reason"], one["taken"]) for one in page["issues"]] == [
        ("students", "s8", "is no date", False),
        ("students", "=HYPERLINK(1)", "is too long", False),
        ("teachers", "t8", "guardian", False),
        ("teachers", "t9", "no e-mail", True),
    ]
    assert (page["total"], page["counts"]) == (
        4,
        {"students": {"is no date": 1, "is too long": 1}, "teachers": {"guardian": 1, "no e-mail": 1}},
    )
    for collection, counts in run.collections.items():
        aside_here = [one for one in page["issues"] if one["collection"] == collection and not one["taken"]]
        assert counts["setAside"] == len(aside_here)
        assert counts["received"] == counts["kept"] + counts["setAside"] + counts["duplicates"]


def test_it_is_filtered_and_paged(portal: Portal) -> None:
    run = portal.sync(dirty_roster())
    path = f"/runs/{run.run_id}/issues"
    assert portal.ask("GET", path, query="collection=teachers").body["total"] == 2
    assert portal.ask("GET", path, query="collection=teachers&reason=guardian").body["total"] == 1
    second = portal.ask("GET", path, query="limit=1&offset=1").body
    assert [one["sourcedId"] for one in second["issues"]] == ["=HYPERLINK(1)"]
    assert second["total"] == 4


def test_it_is_downloaded_by_a_link_that_ends_and_no_cell_is_a_formula(portal: Portal) -> None:
    run = portal.sync(dirty_roster())
    answer = portal.ask("POST", f"/runs/{run.run_id}/issues/table")
    assert (answer.status, answer.body["url"].split("?")[1]) == (200, "seconds=300")
    text = portal.stores.staging.s3.objects[f"issues/{TENANT}/{run.run_id}.csv"].decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["collection", "sourcedId", "field", "reason", "taken", "mend"]
    assert len(rows) == 5
    assert ["students", "'=HYPERLINK(1)", "birthDate", "is too long", "no", ""] in rows
    assert ["teachers", "t9", "email", "no e-mail", "yes", MEND["no e-mail"]] in rows


def test_every_reason_says_what_to_mend(portal: Portal) -> None:
    found = {owners.SHARED_EMAIL, owners.NO_EMAIL, owners.STUDENT_EMAIL, owners.EMAIL_CHANGED}
    assert set(MEND) == {*SET_ASIDE_REASONS, *found}
    assert all(MEND.values())
    run = portal.sync(dirty_roster())
    page = portal.ask("GET", f"/runs/{run.run_id}/issues", query="reason=guardian").body
    assert [one["mend"] for one in page["issues"]] == [MEND["guardian"]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_execute_is_text(text: str) -> None:
    assert as_cell(text) == f"'{text}"
    assert as_cell("7_1553") == "7_1553"


def test_another_tenants_list_and_one_that_has_expired_are_not_found() -> None:
    with served(Portal(stores=connected(TENANT, "other"))) as portal:
        run = portal.sync(dirty_roster())
        for method, path in (("GET", "issues"), ("POST", "issues/table")):
            asked = f"/runs/{run.run_id}/{path}"
            assert portal.ask(method, asked, tenant="other").code == "not-found"
            assert portal.ask(method, asked).status == 200
        portal.stores.staging.delete_prefix(f"issues/{TENANT}/")
        assert portal.ask("GET", f"/runs/{run.run_id}/issues").code == "not-found"
