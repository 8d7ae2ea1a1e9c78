"""Whoever may not, does not: roles, other tenants' ids, bad requests. The token is the authorizer's."""

import json
from typing import Any

import pytest

from tests.api.portal import Portal, served
from tests.steps.driver import TENANT, connected
from tests.steps.rosters import small_roster

EMAIL = "t1@hill.example"
NOBODY = "o_" + "0" * 20
LOOKING: list[tuple[str, str, Any]] = [
    ("GET", "/integration", None),
    ("GET", "/runs", None),
    ("GET", "/runs/some-run", None),
    ("GET", "/runs/some-run/held", None),
    ("GET", "/teachers", None),
    ("GET", "/integration/settings", None),
    ("POST", "/teachers/search", {"query": ""}),
    ("POST", "/owners/find", {"email": EMAIL}),
    ("GET", f"/owners/{NOBODY}/groups", None),
    ("POST", "/explain", {"teacher": EMAIL}),
    ("POST", "/explain", {"student": "s1"}),
]
ACTING: list[tuple[str, str, Any]] = [
    ("POST", "/runs", {"mode": "changes"}),
    ("POST", "/runs/some-run/approve", None),
    ("POST", "/runs/some-run/discard", None),
    ("PATCH", "/integration/settings", {"paused": True}),
    ("POST", "/users", {"users": [{"ownerId": NOBODY, "role": "teacher"}]}),
    ("POST", f"/owners/{NOBODY}/resync", None),
    ("PUT", f"/owners/{NOBODY}/user", {"email": None}),
]


@pytest.mark.parametrize(("method", "path", "body"), LOOKING + ACTING)
@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"roles": "admin"},
        {"tenant_id": "", "roles": "admin"},
        {"tenant_id": "../other", "roles": "admin"},
        {"tenant_id": "T#other", "roles": "admin"},
        {"tenant_id": "[springfield other]", "roles": "admin"},
        {"tenant_id": TENANT},
        {"tenant_id": TENANT, "roles": "[teacher administrator]"},
        {"tenant_id": TENANT, "roles": "[]"},
    ],
)
def test_a_token_that_names_no_tenant_or_no_role_of_ours_sees_nothing(
    portal: Portal, method: str, path: str, body: Any, claims: Any
) -> None:
    answer = portal.ask(method, path, body, claims=claims)
    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path", "body"), ACTING)
def test_a_reader_can_look_and_not_act(portal: Portal, method: str, path: str, body: Any) -> None:
    answer = portal.ask(method, path, body, roles="[reader other]")
    assert (answer.status, answer.code) == (403, "forbidden")
    assert portal.executions.started == []
    assert len(portal.bus) == 0


@pytest.mark.parametrize(("method", "path", "body"), LOOKING)
def test_a_reader_sees_what_an_admin_sees(portal: Portal, method: str, path: str, body: Any) -> None:
    as_reader, as_admin = (portal.ask(method, path, body, roles=role) for role in ("reader", "admin"))
    if path == "/integration":
        # The one thing that is about who asks.
        assert (as_reader.body.pop("canAct"), as_admin.body.pop("canAct")) == (False, True)
    assert as_reader == as_admin


def test_another_tenants_ids_are_not_found_and_stay_as_they_are() -> None:
    with served(Portal(stores=connected(TENANT, "other"))) as portal:
        portal.added("u1", EMAIL)
        run = portal.sync(small_roster())
        owner_id = portal.owner(EMAIL)
        portal.bus.take()
        before = portal.stores.table.items
        for method, path, body in (
            ("GET", f"/runs/{run.run_id}", None),
            ("GET", f"/owners/{owner_id}/groups", None),
            ("POST", f"/owners/{owner_id}/resync", None),
            ("PUT", f"/owners/{owner_id}/user", {"email": EMAIL}),
            ("PUT", f"/owners/{owner_id}/user", {"email": None}),
        ):
            assert portal.ask(method, path, body, tenant="other").code == "not-found", path
        assert portal.ask("GET", "/runs", tenant="other").body == {"runs": []}
        assert portal.ask("GET", "/teachers", tenant="other").body == {"teachers": [], "total": 0}
        assert portal.ask("POST", "/owners/find", {"email": EMAIL}, tenant="other").body["ownerId"] == ""
        for question in ({"teacher": EMAIL}, {"class": "c1"}, {"student": "s1"}):
            answer = portal.ask("POST", "/explain", question, tenant="other").body
            assert "not shared by ClassLink" in json.dumps(answer)
            assert "Family" not in json.dumps(answer)
        imported = portal.ask(
            "POST", "/users", {"users": [{"ownerId": owner_id, "role": "teacher"}]}, tenant="other"
        )
        assert imported.body["users"][0]["error"]
        assert portal.stores.table.items == before
        assert len(portal.bus) == 0


def test_a_tenant_in_the_request_is_not_listened_to(portal: Portal) -> None:
    for body in ({"mode": "changes", "tenantId": "other"}, {"mode": "changes", "tenant_id": "other"}):
        refused = portal.ask("POST", "/runs", body)
        assert (refused.status, refused.code) == (400, "invalid-input")
    assert portal.ask("GET", "/runs", query="tenantId=other").status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/runs", {"mode": "everything"}),
        ("POST", "/runs", {"mode": 1}),
        ("POST", "/runs", {"mode": "full", "settings": {}}),
        ("PATCH", "/integration/settings", {"nightlyHour": 24}),
        ("PATCH", "/integration/settings", {"timeZone": "Jane/Invented"}),
        ("PATCH", "/integration/settings", {"roster": {"leadDays": -1}}),
        ("PATCH", "/integration/settings", {"roster": {"emailDomains": {"Jane Invented": "x"}}}),
        ("PATCH", "/integration/settings", {"hashKey": "Jane Invented"}),
        ("POST", "/runs", []),
        ("POST", "/runs", None),
        ("POST", "/users", {"users": []}),
        ("POST", "/users", {"users": [{"ownerId": "Jane Invented", "role": "teacher"}]}),
        ("POST", "/users", {"users": [{"ownerId": NOBODY, "role": ""}]}),
        ("POST", "/users", {"users": [{"ownerId": NOBODY, "role": "teacher"}] * 501}),
        ("POST", "/teachers/search", {"query": "Jane Invented" * 40}),
        ("POST", "/owners/find", {"email": "x"}),
        ("POST", "/owners/find", {"email": {"Jane Invented": 1}}),
        ("PUT", f"/owners/{NOBODY}/user", {}),
        ("GET", "/owners/Jane Invented/groups", None),
        ("GET", "/runs/..%2F..", None),
        ("GET", "/runs/a b", None),
    ],
)
def test_a_bad_request_is_refused_and_not_quoted(portal: Portal, method: str, path: str, body: Any) -> None:
    answer = portal.ask(method, path, body)
    assert answer.status in {400, 404}, answer.body
    assert answer.code in {"invalid-input", "not-found"}
    assert "Jane" not in json.dumps(answer.body)


@pytest.mark.parametrize("raw", ["{", "null", "[1", '"Jane Invented"', "\x00", '{"mode": "full"'])
def test_a_body_that_is_no_json_object_is_refused(portal: Portal, raw: str) -> None:
    answer = portal.ask("POST", "/runs", raw=raw)
    assert (answer.status, answer.code) == (400, "invalid-input")
    assert portal.executions.started == []


def test_a_body_over_64_kb_is_refused_before_it_is_read(portal: Portal) -> None:
    assert portal.ask("POST", "/runs", raw="x" * 65_537).code == "too-large"
    assert portal.ask("POST", "/teachers/search", {"query": "", "offset": 0}).status == 200


@pytest.mark.parametrize(
    "path", ["/", "/integration/", "/Integration", "/runs/../integration", "/unheard/of"]
)
def test_there_is_nothing_at_any_other_address(portal: Portal, path: str) -> None:
    assert portal.ask("GET", path).code == "not-found"
