"""Why is (not) my class there? From what a sync left, as that sync would judge it (RULES §6)."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from rostersync.errors import InvalidInput, NotConnected
from rostersync.roster import reasons
from rostersync.roster.groups import Group, OwnersClass
from rostersync.roster.owners import Owner
from rostersync.roster.records import AcademicSession
from rostersync.roster.settings import RosterSettings
from rostersync.steps import stored_roster
from rostersync.steps.explain import ExplainRequest, explain
from rostersync.steps.explained import ClassAnswer, StudentAnswer, TeacherAnswer, TeachersClass
from rostersync.steps.find_owner import FindRequest, find_owner
from rostersync.steps.requests import parse_request
from rostersync.storage import items
from tests.steps.driver import NOW, TENANT, TODAY, FakeStores, connected, sync
from tests.steps.rosters import Roster, enrolled, rosters, section, serve, small_roster, student, teacher
from tests.steps.test_importing import importing
from tests.steps.test_linking_users import Tenant

DAY = timedelta(days=1)


def ask(stores: FakeStores, now: Any = NOW, **about: str) -> Any:
    request = parse_request(ExplainRequest, {"tenantId": TENANT, **about})
    return explain(request, stores, now=now, default_time_zone="UTC")


def of_teacher(tenant: Tenant, email: str, **how: Any) -> TeacherAnswer:
    answer = ask(tenant.stores, teacher=email, **how)
    assert isinstance(answer, TeacherAnswer)
    return answer


def of_class(tenant: Tenant, class_id: str, **how: Any) -> ClassAnswer:
    answer = ask(tenant.stores, **{"class": class_id}, **how)
    assert isinstance(answer, ClassAnswer)
    return answer


def of_student(tenant: Tenant, sourced_id: str, **how: Any) -> StudentAnswer:
    answer = ask(tenant.stores, student=sourced_id, **how)
    assert isinstance(answer, StudentAnswer)
    return answer


def synced(roster: Roster | None = None, **choices: Any) -> Tenant:
    tenant = Tenant(stores=connected(settings=RosterSettings(**choices)))
    tenant.sync(small_roster() if roster is None else roster)
    return tenant


def only(answer: TeacherAnswer) -> TeachersClass:
    (found,) = answer.classes
    return found


# -- A teacher -------------------------------------------------------------------------------------------


def test_a_teacher_is_shown_with_user_classes_and_what_was_delivered_as_of_when() -> None:
    tenant = synced()
    tenant.added("u1", "t1@hill.example")
    answer = of_teacher(tenant, " T1@hill.example ")
    assert answer.why.reason == ""
    assert (answer.owner.given_name, answer.owner.family_name) == ("Fictional", "Family t1")
    assert (answer.owner.email, answer.owner.owner_id) == (
        "t1@hill.example",
        tenant.owner("t1@hill.example"),
    )
    assert (answer.owner.user_id, answer.owner.linked_by) == ("u1", "e-mail")
    assert (answer.today, answer.as_of) == (TODAY, tenant.stores.integrations.require(TENANT).synced_at)
    art = only(answer)
    assert (art.class_id, art.name, art.school, art.members, art.pending) == ("c1", "Art", "Hill", 2, False)
    assert (art.why.reason, art.group.name, art.group.members) == ("", "Art", 2)
    assert art.group.delivery == "delivered"


def test_a_group_that_the_bus_refused_is_due_and_one_without_a_user_waits_for_one() -> None:
    tenant = synced()
    answer = of_teacher(tenant, "t1@hill.example")
    assert (answer.why.reason, answer.owner.linked_by) == ("user not linked", "")
    assert only(answer).group.delivery == "user not linked"
    tenant.added("u1", "t1@hill.example")
    tenant.bus.eventbridge.refuses = lambda _: "InternalFailure"
    tenant.sync({**small_roster(), "students": [student("s1"), student("s2", username="new")]})
    tenant.sync({**small_roster(), "students": [student("s1")]})
    assert only(of_teacher(tenant, "t1@hill.example")).group.delivery == "due"
    tenant.bus.eventbridge.refuses = lambda _: ""
    tenant.sync({**small_roster(), "students": [student("s1")]})
    assert only(of_teacher(tenant, "t1@hill.example")).group.delivery == "delivered"


def test_how_a_teacher_is_linked_is_told() -> None:
    tenant = synced()
    tenant.added("ux", "x@other.example")
    tenant.match("t1@hill.example", "x@other.example")
    for email in ("t1@hill.example", "x@other.example"):
        owner = of_teacher(tenant, email).owner
        assert (owner.user_id, owner.linked_by) == ("ux", "by hand")
    tenant.added("u2", "t2@hill.example")
    tenant.hear("User Changed", userId="u2", email="t9@hill.example", at="2026-10-05T09:00:00Z")
    assert of_teacher(tenant, "t9@hill.example").owner.linked_by == "earlier link"


def test_a_user_who_went_to_another_teacher_and_a_shared_email_are_noted() -> None:
    roster = small_roster()
    roster["teachers"] = [*roster["teachers"], teacher("t3", "t2@hill.example")]
    tenant = synced(roster)
    tenant.added("u1", "t1@hill.example")
    tenant.match("t2@hill.example", "t1@hill.example")
    notes = {
        one: [note.reason for note in of_teacher(tenant, f"{one}@hill.example").notes] for one in ("t1", "t2")
    }
    # The user's e-mail is the first teacher's still, and by it the first teacher is found.
    assert notes == {"t1": ["user went to another teacher"], "t2": ["shared e-mail"]}


def test_what_became_of_a_request_for_a_user_is_told() -> None:
    tenant = synced()
    tenant.bus.take()
    importing(tenant, tenant.owner("t1@hill.example"))
    assert of_teacher(tenant, "t1@hill.example").owner.wanted == "requested"
    ((_, asked),) = tenant.bus.take()
    answers = {one: asked[one] for one in ("requestId", "ownerId")}
    tenant.hear("User Refused", answers=answers, reason="no licence is left", at="2026-10-05T05:00:00Z")
    owner = of_teacher(tenant, "t1@hill.example").owner
    assert (owner.wanted, owner.refused) == ("refused", "no licence is left")


def test_each_class_without_a_group_has_its_reason_with_what_a_person_needs_to_know() -> None:
    roster = small_roster()
    roster["academicSessions"] = [
        *roster["academicSessions"],
        AcademicSession(sourced_id="past", start_date="2026-01-10", end_date="2026-06-12"),
        AcademicSession(sourced_id="next", start_date="2027-01-10", end_date="2027-06-12"),
    ]
    held: dict[str, dict[str, Any]] = {
        "over": {"terms": ("past",)},
        "coming": {"terms": ("next",)},
        "homeroom": {"class_type": "homeroom"},
        "elsewhere": {"school": "dale"},
        "inactive": {"active": False},
        "empty": {},
        "left": {},
    }
    roster["classes"] = [section(one, one, **fields) for one, fields in held.items()]
    roster["enrollments"] = [
        *(enrolled(one, "t1", "teacher") for one in held if one != "left"),
        *(enrolled(one, "s1") for one in held if one != "empty"),
        enrolled("left", "t1", "teacher", end_date="2026-10-01"),
        enrolled("left", "t2", "teacher"),
    ]
    tenant = synced(roster, homerooms=False, schools_excluded=frozenset({"dale"}))
    answer = of_teacher(tenant, "t1@hill.example")
    assert (answer.why.reason, answer.why.without_groups["homeroom"]) == ("no class yields a group", 1)
    assert {one.class_id: (one.why.reason, one.why.text) for one in answer.classes} == {
        "over": ("term over", "term ended on 2026-06-12"),
        "coming": ("term not begun", "term begins on 2027-01-10"),
        "homeroom": ("homeroom", "the settings leave homerooms out"),
        "elsewhere": ("school left out", "the settings leave its school out"),
        "inactive": ("inactive", "ClassLink says that it is not active"),
        "empty": ("no members", "no students"),
        "left": ("teacher not enrolled now", "enrollment ended on 2026-10-01"),
    }
    assert {one.school for one in answer.classes} == {"Hill", "dale"}
    assert not any(one.group or one.pending for one in answer.classes)


def test_an_email_that_nobody_owns_is_answered_from_all_people_of_the_roster() -> None:
    roster = small_roster()
    roster["teachers"] = [
        *roster["teachers"],
        teacher("off", active=False),
        teacher("locked", enabled=False),
        teacher("mute", "", username="mute@hill.example"),
        teacher("child", "s1@hill.example"),
        teacher("left"),
    ]
    tenant = synced(roster)
    tenant.sync({**roster, "teachers": roster["teachers"][:-1]})
    why = {
        one: of_teacher(tenant, f"{one}@hill.example").why
        for one in ("off", "locked", "mute", "s1", "left", "never")
    }
    assert {one: found.reason for one, found in why.items()} == {
        "off": "inactive",
        "locked": "disabled",
        "mute": "no e-mail",
        "s1": "e-mail of a student",
        "left": "removed from ClassLink",
        "never": "not shared by ClassLink",
    }
    assert why["left"].on == TODAY
    found = of_teacher(tenant, "s1@hill.example")
    assert (found.owner, found.classes) == (None, ())
    assert [(one.sourced_id, one.why.reason) for one in found.people] == [
        ("child", "e-mail of a student"),
        ("s1", "not among the teachers"),
    ]
    # Whoever is found by e-mail alone gets the same answer.
    request = FindRequest(tenant_id=TENANT, email="off@hill.example")
    assert find_owner(request, tenant.stores).explanation == why["off"]


def test_after_30_days_it_is_not_known_any_more_who_was_removed() -> None:
    tenant = synced()
    tenant.sync({**small_roster(), "teachers": [teacher("t2")], "students": [student("s1")]})
    removed, forgotten = NOW + 29 * DAY, NOW + 31 * DAY
    for about in ({"teacher": "t1@hill.example"}, {"student": "s2"}):
        whys = []
        for now in (removed, forgotten):
            answer = ask(tenant.stores, now, **about)
            whys.append((answer.why if "teacher" in about else answer.who.why).reason)
        assert whys == ["removed from ClassLink", "not shared by ClassLink"]


def test_a_teacher_who_has_left_keeps_the_user_and_is_told_apart_from_nobody() -> None:
    tenant = synced()
    tenant.added("u1", "t1@hill.example")
    tenant.sync({**small_roster(), "teachers": [teacher("t2")]})
    answer = of_teacher(tenant, "t1@hill.example")
    assert (answer.why.reason, answer.owner.user_id, answer.owner.email) == (
        "removed from ClassLink",
        "u1",
        "",
    )
    assert [one.family_name for one in answer.people] == ["Family t1"]


# -- A class ---------------------------------------------------------------------------------------------


def test_a_class_is_shown_with_school_terms_teachers_students_and_for_whom_it_yields_groups() -> None:
    roster = small_roster()
    roster["classes"] = [section("c1", class_code="A-1", terms=("year", "nowhere"))]
    roster["teachers"] = [teacher("t1"), teacher("t2", "")]
    roster["students"] = [student("s1"), student("s2", ""), student("s3", enabled=False)]
    roster["enrollments"] = [
        *(enrolled("c1", one, "teacher") for one in ("t1", "t2", "t9")),
        *(enrolled("c1", one) for one in ("s1", "s2", "s3", "s9")),
        enrolled("c1", "s1", "teacher", sourced_id="odd"),
    ]
    tenant = synced(roster)
    tenant.added("u1", "t1@hill.example")
    answer = of_class(tenant, "c1")
    assert (answer.title, answer.class_code, answer.school, answer.active) == ("Art", "A-1", "Hill", True)
    assert [(one.sourced_id, one.end_date, one.counts) for one in answer.terms] == [
        ("year", "2027-06-30", True),
        ("nowhere", "", False),
    ]
    assert (answer.why.reason, answer.members, answer.pending) == ("", 2, False)
    assert {one.who.sourced_id: one.who.why.reason for one in answer.teachers} == {
        "t1": "",
        "t2": "no e-mail",
        "t9": "not shared by ClassLink",
        "s1": "not among the teachers",
    }
    (has,) = (one for one in answer.teachers if one.owner)
    assert (has.who.sourced_id, has.owner.user_id, has.group.delivery) == ("t1", "u1", "delivered")
    assert {one.sourced_id: (one.why.reason, one.login) for one in answer.students} == {
        "s1": ("", "s1@hill.example"),
        "s2": ("", ""),
        "s3": ("disabled", "s3@hill.example"),
        "s9": ("not shared by ClassLink", ""),
    }
    assert [note.text for note in answer.notes] == [
        "1 of 2 students have no login by which Senso could know them"
    ]


def test_a_class_without_term_shows_the_school_year_of_its_course() -> None:
    roster = small_roster()
    roster["classes"] = [section("c1", terms=(), course="arts")]
    answer = of_class(synced(roster), "c1")
    assert [(one.sourced_id, one.counts) for one in answer.terms] == [("year", True)]


def test_a_class_or_student_of_whom_nothing_is_known_is_not_shared() -> None:
    tenant = synced()
    assert of_class(tenant, "nowhere").why.reason == "not shared by ClassLink"
    nobody = of_student(tenant, "nobody")
    assert (nobody.who.why.reason, nobody.classes) == ("not shared by ClassLink", ())


def test_a_class_whose_enrollments_cannot_be_kept_is_answered_by_the_last_sync(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Its members fit a group, which are fewer than its enrollments.
    monkeypatch.setattr(items, "members_fit", lambda _: True)
    monkeypatch.setattr(items, "MAX_COMPRESSED_BYTES", 1)
    tenant = synced()
    art = only(of_teacher(tenant, "t1@hill.example"))
    assert (art.why.reason, art.group.members, art.pending) == ("", 2, False)
    answer = of_class(tenant, "c1")
    assert (answer.why.reason, answer.students) == ("too large", ())


def test_what_the_date_changes_before_the_next_sync_is_pending() -> None:
    tenant = synced()
    later = NOW + timedelta(days=300)
    (art,) = of_teacher(tenant, "t1@hill.example", now=later).classes
    assert (art.why.reason, art.why.on, art.pending) == ("term over", "2027-06-30", True)
    assert art.group is not None
    answer = of_class(tenant, "c1", now=later)
    assert (answer.why.reason, answer.pending, answer.today) == ("term over", True, "2027-08-01")
    (one,) = of_student(tenant, "s1", now=later).classes
    assert (one.why.reason, one.pending, len(one.seen_by)) == ("term over", True, 1)


def test_today_is_the_date_in_the_tenants_time_zone() -> None:
    tenant = Tenant(stores=connected(time_zone="Pacific/Honolulu"))
    tenant.sync(small_roster())
    assert of_class(tenant, "c1").today == "2026-10-04"


# -- A student -------------------------------------------------------------------------------------------


def test_a_student_is_shown_with_login_and_the_teachers_who_see_them_in_each_class() -> None:
    tenant = synced()
    answer = of_student(tenant, "s2")
    assert (answer.who.login, answer.who.active, answer.who.collections) == (
        "s2@hill.example",
        True,
        ("students",),
    )
    assert (answer.who.why.reason, answer.notes) == ("", ())
    assert [
        (one.title, one.school, one.why.reason, [owner.family_name for owner in one.seen_by], one.pending)
        for one in answer.classes
    ] == [
        ("Art", "Hill", "", ["Family t1"], False),
        ("Music", "Hill", "", ["Family t2"], False),
    ]


def test_a_student_who_is_no_member_hears_of_each_class_why() -> None:
    roster = small_roster()
    roster["students"] = [student("s1"), student("s2", "")]
    roster["classes"] = [section("c1"), section("c2", active=False)]
    roster["enrollments"] = [
        enrolled("c1", "t1", "teacher"),
        enrolled("c1", "s1", end_date="2026-09-30"),
        enrolled("c1", "s2"),
        enrolled("c2", "s1"),
        enrolled("c2", "gone"),
    ]
    tenant = synced(roster)
    assert [(one.class_id, one.why.reason, one.why.on) for one in of_student(tenant, "s1").classes] == [
        ("c1", "enrollment ended", "2026-09-30"),
        ("c2", "inactive", ""),
    ]
    assert [note.reason for note in of_student(tenant, "s2").notes] == ["cannot be recognised"]
    (one,) = of_student(tenant, "gone").classes
    assert one.why.reason == "not shared by ClassLink"
    assert of_student(tenant, "t1").who.why.reason == "not among the students"


# -- Who asks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"teacher": "t1@hill.example", "student": "secret-id"},
        {"class": "secret-id", "student": "secret-id"},
        {"class": ""},
        {"teacher": "x"},
        {"student": "é" * 255 + "secret-id"},
        {"student": "\N{OLD PERSIAN SIGN A}" * 251},
        {"class": "secret-id\ud800"},
        {"className": "secret-id"},
    ],
)
def test_a_request_names_one_thing_and_a_refusal_never_repeats_it(about: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ask(connected(), **about)
    message = str(refusal.value)
    assert not any(value in message for value in about.values() if len(value) > 1)
    assert "secret-id" not in message
    assert "ud800" not in message


def test_a_tenant_that_is_not_connected_gets_no_answer() -> None:
    with pytest.raises(NotConnected):
        ask(FakeStores(), student="s1")


def test_another_tenants_classes_and_people_are_not_shared() -> None:
    stores = connected(TENANT, "shelbyville")
    sync(stores, serve(small_roster()), tenant_id="shelbyville")
    assert ask(stores, **{"class": "c1"}).why.reason == "not shared by ClassLink"
    assert ask(stores, student="s1").who.why.reason == "not shared by ClassLink"
    assert ask(stores, teacher="t1@hill.example").why.reason == "not shared by ClassLink"


def test_an_answer_can_be_written_out_and_its_repr_names_nobody() -> None:
    tenant = synced()
    answers: list[Any] = [
        of_teacher(tenant, "t1@hill.example"),
        of_teacher(tenant, "s1@hill.example"),
        of_class(tenant, "c1"),
        of_student(tenant, "s1"),
    ]
    for answer in answers:
        assert "hill.example" in json.dumps(msgspec.to_builtins(answer))
        assert "hill.example" not in repr(answer)
        assert "Fictional" not in repr(answer)


# -- Any roster ------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(rosters())
def test_an_explanation_says_what_the_run_published(roster: Roster) -> None:
    stores = connected()
    sync(stores, serve(roster))
    found = list(stores.table.items.values())
    owners: dict[str, Owner] = {
        one.owner_id: one for item in found if item["kind"] == "owner" for one in [items.owner_of(item)]
    }
    groups: dict[tuple[str, str], Group] = {
        (one.owner_id, one.class_id): one
        for item in found
        if item["kind"] == "group"
        for one in [items.group_of(item)]
    }
    lists: dict[str, tuple[OwnersClass, ...]] = {
        item["sk"].removeprefix("CLASSES#"): items.class_list_of(item)
        for item in found
        if item["kind"] == "classList"
    }
    for owner_id, owner in owners.items():
        answer: TeacherAnswer = ask(stores, teacher=owner.email)
        assert answer.owner.owner_id == owner_id
        assert [
            (one.class_id, one.name, one.why.reason, one.group.group_id if one.group else "")
            for one in answer.classes
        ] == [(one.class_id, one.name, one.reason, one.group_id) for one in lists.get(owner_id, ())]
        for one in answer.classes:
            assert not one.pending
            if one.group:
                assert one.members == one.group.members == len(groups[owner_id, one.class_id].members)
    without: dict[str, int] = {}
    for item in found:
        if item["kind"] == "class":
            class_id = item["sk"].removeprefix("CLASS#")
            explained: ClassAnswer = ask(stores, **{"class": class_id})
            assert not explained.pending
            listed = {own: one for own, lst in lists.items() for one in lst if one.class_id == class_id}
            assert bool(explained.why.reason) == (not any(key[1] == class_id for key in groups))
            for listing in listed.values():
                if listing.reason != reasons.TEACHER_NOT_ENROLLED_NOW:
                    assert listing.reason == explained.why.reason
            assert {one.owner.owner_id for one in explained.teachers if one.group} == {
                owner_id for owner_id, listing in listed.items() if listing.group_id
            }
            if explained.why.reason:
                without[explained.why.reason] = without.get(explained.why.reason, 0) + 1
    (run,) = stores.runs.recent(TENANT, 1)
    assert run.without_groups == without
    members = {member.sourced_id for group in groups.values() for member in group.members}
    for pupil in sorted(members):
        seen: StudentAnswer = ask(stores, student=pupil)
        assert not seen.who.why.reason
        assert {
            (owner.owner_id, line.class_id)
            for line in seen.classes
            for owner in line.seen_by
            if not line.why.reason and not line.pending
        } == {key for key, group in groups.items() if pupil in {one.sourced_id for one in group.members}}


@settings(max_examples=10)
@given(rosters())
def test_people_read_one_by_one_and_all_at_once_give_one_answer(roster: Roster) -> None:
    stores = connected()
    sync(stores, serve(roster))
    with pytest.MonkeyPatch.context() as patch:
        answers = [ask(stores, **{"class": one}) for one in ("c1", "c2", "c3")]
        patch.setattr(stored_roster, "READ_ONE_BY_ONE", 0)
        assert [ask(stores, **{"class": one}) for one in ("c1", "c2", "c3")] == answers
