"""Import and automatic creation of users (RULES 2.6)."""

from datetime import timedelta
from typing import Any

import pytest

from rostersync.errors import InvalidInput, NotConnected
from rostersync.roster.settings import CreationSettings, RosterSettings
from rostersync.steps.find_owner import FindRequest, FoundOwner, find_owner
from rostersync.steps.import_users import Imported, ImportRequest, import_users
from rostersync.steps.list_teachers import (
    Teachers,
    TeachersRequest,
    automatic_by_domain,
    list_teachers,
    users_without_teacher,
)
from rostersync.steps.requests import parse_request
from tests.steps.driver import TENANT, FakeStores, connected
from tests.steps.rosters import Roster, enrolled, section, small_roster, student, teacher
from tests.steps.test_linking_users import Tenant, listed

HILL = CreationSettings(domains=frozenset({"hill.example"}), role="teacher", site="north")


def teachers(tenant: Tenant, query: str = "", **how: Any) -> Teachers:
    event = {"tenantId": TENANT, "query": query, **how}
    return list_teachers(parse_request(TeachersRequest, event), tenant.stores)


def emails(found: Teachers) -> list[str]:
    return [one.email for one in found.teachers]


def importing(tenant: Tenant, *owner_ids: str, role: str = "teacher", site: str = "north") -> list[Imported]:
    tenant.clock += timedelta(seconds=1)
    event = {
        "tenantId": TENANT,
        "users": [{"ownerId": one, "role": role, "site": site} for one in owner_ids],
    }
    return import_users(parse_request(ImportRequest, event), tenant.stores, tenant.bus, now=tenant.clock)


def find(tenant: Tenant, email: str) -> FoundOwner:
    return find_owner(parse_request(FindRequest, {"tenantId": TENANT, "email": email}), tenant.stores)


def wanted(tenant: Tenant) -> list[dict[str, Any]]:
    """Take what Senso was asked for."""
    return [detail for kind, detail in tenant.bus.take() if kind == "User Wanted"]


def answers(request: dict[str, Any]) -> dict[str, str]:
    return {"requestId": request["requestId"], "ownerId": request["ownerId"]}


def test_teachers_with_a_group_and_without_a_user_are_offered_with_what_tells_them_apart() -> None:
    tenant = Tenant()
    roster = small_roster()
    roster["teachers"] = [*roster["teachers"], teacher("t3")]
    tenant.sync(roster)
    tenant.added("u1", "t1@hill.example")
    found = teachers(tenant)
    assert found.total == 1
    (one,) = found.teachers
    assert (one.given_name, one.family_name, one.email) == ("Fictional", "Family t2", "t2@hill.example")
    assert (one.schools, one.groups, one.state) == (("Hill",), 1, "")


def many() -> Roster:
    """Return a roster of thirty teachers at one school, the first ten of them with two classes."""
    roster = small_roster()
    names = [f"n{number:02}" for number in range(30)]
    held = [
        (one, f"{one}-{copy}") for number, one in enumerate(names) for copy in range(2 if number < 10 else 1)
    ]
    roster["teachers"] = [teacher(one) for one in names]
    roster["classes"] = [section(class_id) for _, class_id in held]
    roster["enrollments"] = [
        row
        for one, class_id in held
        for row in (enrolled(class_id, one, "teacher"), enrolled(class_id, "s1"))
    ]
    return roster


def test_the_list_is_paged_and_searched_by_name_email_school_and_number_of_groups() -> None:
    tenant = Tenant()
    tenant.sync(many())
    first, second = teachers(tenant, limit=20), teachers(tenant, limit=20, offset=20)
    assert (len(first.teachers), len(second.teachers), first.total) == (20, 10, 30)
    assert len({*emails(first), *emails(second)}) == 30
    assert emails(teachers(tenant, "FAMILY n07")) == ["n07@hill.example"]
    assert emails(teachers(tenant, "n08@hill")) == ["n08@hill.example"]
    assert teachers(tenant, "hill fictional").total == 30
    assert teachers(tenant, "nobody").total == 0
    assert teachers(tenant, minGroups=2).total == 10


def test_importing_asks_for_each_user_with_role_and_site_and_shows_how_it_stands() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.bus.take()
    owner_id = tenant.owner("t1@hill.example")
    assert importing(tenant, owner_id) == [Imported(owner_id, "requested")]
    (asked,) = wanted(tenant)
    assert {key: asked[key] for key in ("email", "givenName", "familyName", "role", "site")} == {
        "email": "t1@hill.example",
        "givenName": "Fictional",
        "familyName": "Family t1",
        "role": "teacher",
        "site": "north",
    }
    assert {one.email: one.state for one in teachers(tenant).teachers} == {
        "t1@hill.example": "requested",
        "t2@hill.example": "",
    }
    tenant.hear(
        "User Added",
        userId="u1",
        email="T1@hill.example",
        at="2026-10-05T05:00:00Z",
        answers=answers(asked),
    )
    assert tenant.told() == [("u1", ["Art"])]
    assert emails(teachers(tenant)) == ["t2@hill.example"]
    assert tenant.stores.wanted.get(TENANT, owner_id).state == "created"


def test_a_refusal_is_shown_with_its_reason_and_asking_again_replaces_it() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    owner_id = tenant.owner("t1@hill.example")
    importing(tenant, owner_id)
    (asked,) = wanted(tenant)
    refusal = {"answers": answers(asked), "reason": "no licence is left", "at": "2026-10-05T05:00:00Z"}
    tenant.hear("User Refused", **refusal)
    (one,) = teachers(tenant, "t1").teachers
    assert (one.state, one.refused) == ("refused", "no licence is left")
    tenant.clock += timedelta(days=1)
    tenant.sync(small_roster())
    assert wanted(tenant) == []
    importing(tenant, owner_id)
    assert teachers(tenant, "t1").teachers[0].state == "requested"
    # What was refused is the old request; the same word again does not touch the new one.
    tenant.hear("User Refused", **refusal)
    assert teachers(tenant, "t1").teachers[0].state == "requested"


def test_without_an_answer_it_is_asked_again_the_next_night_and_not_before() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    importing(tenant, tenant.owner("t1@hill.example"))
    (first,) = wanted(tenant)
    tenant.sync(small_roster())
    assert wanted(tenant) == []
    for state in ("no answer", "no answer"):
        tenant.clock += timedelta(hours=23)
        tenant.sync(small_roster())
        assert wanted(tenant) == [first]
        assert teachers(tenant, "t1").teachers[0].state == state


def test_one_who_cannot_be_imported_gets_an_error_and_the_rest_goes_on() -> None:
    tenant = Tenant()
    roster = small_roster()
    roster["teachers"] = [*roster["teachers"], teacher("t3")]
    tenant.sync(roster)
    tenant.added("u1", "t1@hill.example")
    linked, offered, idle = (tenant.owner(f"t{number}@hill.example") for number in (1, 2, 3))
    nobody = "o_" + "0" * 20
    tenant.bus.take()
    results = {one.owner_id: one for one in importing(tenant, linked, nobody, idle, offered, offered)}
    assert results[offered] == Imported(offered, "requested")
    assert "has a user" in results[linked].error
    assert "does not share" in results[nobody].error
    assert "no class" in results[idle].error
    assert [asked["ownerId"] for asked in wanted(tenant)] == [offered]


def test_what_the_bus_does_not_take_is_said_and_goes_with_the_next_run() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    owner_id = tenant.owner("t1@hill.example")
    tenant.bus.eventbridge.refuses = lambda _: "InternalFailure"
    (result,) = importing(tenant, owner_id)
    assert "next sync" in result.error
    tenant.bus.eventbridge.refuses = lambda _: ""
    tenant.sync(small_roster())
    assert [asked["ownerId"] for asked in wanted(tenant)] == [owner_id]


def test_a_request_names_at_least_one_and_at_most_500_teachers() -> None:
    for users in (
        [],
        [{"ownerId": "o_" + "0" * 20, "role": "teacher"}] * 501,
        [{"ownerId": "x", "role": "t"}],
    ):
        with pytest.raises(InvalidInput, match="users"):
            parse_request(ImportRequest, {"tenantId": TENANT, "users": users})


def automatic(creation: CreationSettings = HILL) -> Tenant:
    """Return a tenant whose users are made automatically, and all of whose users are known."""
    tenant = Tenant(stores=connected(creation=creation))
    listed(tenant, 1, [], pages=1)
    return tenant


def test_users_are_made_automatically_for_the_ticked_domains_alone() -> None:
    tenant = automatic()
    roster = small_roster()
    roster["teachers"] = [teacher("t1"), teacher("t2", "t2@dale.example")]
    run = tenant.sync(roster)
    (asked,) = wanted(tenant)
    assert (asked["email"], asked["role"], asked["site"]) == ("t1@hill.example", "teacher", "north")
    assert run.delivery["usersAskedFor"] == 1
    tenant.sync(roster)
    assert wanted(tenant) == []


def test_nobody_is_made_automatically_by_default_or_before_senso_has_told_who_its_users_are() -> None:
    for tenant in (automatic(CreationSettings()), Tenant(stores=connected(creation=HILL))):
        tenant.sync(small_roster())
        assert wanted(tenant) == []


def test_who_has_no_class_with_students_or_shares_an_email_is_not_made_automatically() -> None:
    tenant = automatic()
    roster = small_roster()
    roster["teachers"] = [teacher("t1"), teacher("t1b", "t1@hill.example"), teacher("t2"), teacher("t3")]
    roster["students"] = [student("s1")]
    tenant.sync(roster)
    assert wanted(tenant) == []
    # By hand it is the admin's to decide.
    assert importing(tenant, tenant.owner("t1@hill.example"))[0].state == "requested"


def test_the_number_is_shown_before_it_is_switched_on() -> None:
    tenant = Tenant()
    roster = many()
    roster["teachers"] = [teacher("n00", "n00@dale.example"), *roster["teachers"][1:]]
    tenant.sync(roster)
    tenant.added("u1", "n05@hill.example")
    assert automatic_by_domain(TENANT, tenant.stores) == {"hill.example": 28, "dale.example": 1}
    importing(tenant, tenant.owner("n07@hill.example"))
    assert automatic_by_domain(TENANT, tenant.stores)["hill.example"] == 27


def test_who_shares_an_email_or_has_no_group_is_in_no_number_that_is_shown() -> None:
    tenant = Tenant()
    roster = small_roster()
    roster["teachers"] = [teacher("t1"), teacher("t1b", "t1@hill.example"), teacher("t2"), teacher("t3")]
    tenant.sync(roster)
    assert automatic_by_domain(TENANT, tenant.stores) == {"hill.example": 1}


def test_who_was_refused_is_not_asked_for_again_by_itself() -> None:
    tenant = automatic()
    tenant.sync(small_roster())
    for asked in wanted(tenant):
        tenant.hear("User Refused", answers=answers(asked), reason="no", at="2026-10-05T05:00:00Z")
    tenant.clock += timedelta(days=1)
    tenant.sync(small_roster())
    assert wanted(tenant) == []


def test_users_that_we_made_and_whose_teacher_left_the_roster_are_listed() -> None:
    tenant = automatic()
    tenant.sync(small_roster())
    for number, asked in enumerate(wanted(tenant)):
        tenant.hear(
            "User Added",
            userId=f"u{number}",
            email=asked["email"],
            at="2026-10-05T05:00:00Z",
            answers=answers(asked),
        )
    assert users_without_teacher(TENANT, tenant.stores) == []
    roster = small_roster()
    roster["teachers"] = [teacher("t2")]
    left = tenant.user_of("t1@hill.example")
    tenant.sync(roster)
    assert users_without_teacher(TENANT, tenant.stores) == [left]


# -- Finding one, and why there is nothing ---------------------------------------------------------------


def test_a_teacher_is_found_by_either_email() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("ux", "x@other.example")
    tenant.match("t1@hill.example", "x@other.example")
    for email in (" T1@hill.example", "X@Other.example "):
        found = find(tenant, email)
        assert (found.owner_id, found.user_id, found.by_hand) == (
            tenant.owner("t1@hill.example"),
            "ux",
            True,
        )
        assert (found.groups, found.explanation.reason) == (1, "")


def test_one_with_no_groups_gets_an_answer_that_says_why() -> None:
    tenant = Tenant(stores=connected(settings=RosterSettings(schools_excluded=frozenset({"dale"}))))
    roster = small_roster()
    roster["teachers"] = [*roster["teachers"], teacher("t3"), teacher("t4")]
    roster["classes"] = [*roster["classes"], section("c3", school="dale"), section("c4")]
    roster["enrollments"] = [
        *roster["enrollments"],
        enrolled("c3", "t3", "teacher"),
        enrolled("c3", "s1"),
        enrolled("c4", "t3", "teacher"),
    ]
    tenant.sync(roster)
    why = {one: find(tenant, f"{one}@hill.example").explanation for one in ("t1", "t3", "t4", "t9")}
    assert {one: found.reason for one, found in why.items()} == {
        "t1": "user not linked",
        "t3": "no class yields a group",
        "t4": "on no class as teacher",
        "t9": "not shared by ClassLink",
    }
    assert why["t3"].without_groups == {"school left out": 1, "no members": 1}


def test_a_tenant_that_is_not_connected_has_nobody_to_import() -> None:
    tenant = Tenant(stores=FakeStores())
    with pytest.raises(NotConnected):
        teachers(tenant)
    with pytest.raises(NotConnected):
        importing(tenant, "o_" + "0" * 20)
