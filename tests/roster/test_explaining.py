"""Why is (not) my class there: each reason of RULES §6 and of ``reasons``, with what there is to know."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from rostersync.roster import classes, explaining, reasons
from rostersync.roster.classes import ClassRoster, draft_groups
from rostersync.roster.due import NOTHING_SENT, Link, what_is_due
from rostersync.roster.explaining import (
    Who,
    because,
    explain_nobody,
    explain_owner,
    goes_by,
    how_delivered,
    how_linked,
    why_owns_nothing,
)
from rostersync.roster.explaining_class import Case, ClassExplained, explain_class
from rostersync.roster.groups import Group, OwnersClass
from rostersync.roster.owners import NO_EMAIL, STUDENT_EMAIL
from rostersync.roster.records import AcademicSession, Class, Enrollment, Person
from rostersync.roster.settings import RosterSettings
from rostersync.roster.terms import Calendar

TODAY = "2030-10-01"
SETTINGS = RosterSettings()
ART = Class(sourced_id="c-1", title="Art", school="north", terms=("fall",))
TEACHER = Person(sourced_id="t-1", collections=("teachers",), email="tess@elm.example", family_name="Example")
STUDENT = Person(sourced_id="s-1", collections=("students",), email="sam@elm.example", family_name="Sample")
PEOPLE = {one.sourced_id: one for one in (TEACHER, STUDENT)}
FALL = AcademicSession(sourced_id="fall", title="Fall", start_date="2030-08-10", end_date="2030-12-20")


def row(user_id: str, role: str, **more: Any) -> Enrollment:
    return Enrollment(sourced_id=f"{user_id}/{role}", class_id="c-1", user_id=user_id, role=role, **more)


TEACHES = row("t-1", "teacher")
LEARNS = row("s-1", "student")


def case(
    *enrollments: Enrollment,
    record: Class = ART,
    people: dict[str, Person] | None = None,
    owner_of: dict[str, str] | None = None,
    fall: AcademicSession = FALL,
    fits: bool = True,
    complete: bool = True,
    **settings: Any,
) -> Case:
    return Case(
        roster=ClassRoster(record, enrollments),
        people=PEOPLE if people is None else people,
        owner_of={"t-1": "o-1"} if owner_of is None else owner_of,
        calendar=Calendar({"fall": fall}),
        settings=RosterSettings(**settings),
        today=TODAY,
        fits=lambda _: fits,
        complete=complete,
    )


def explained(*enrollments: Enrollment, **how: Any) -> ClassExplained:
    return explain_class(case(*enrollments, **how))


def said(found: ClassExplained) -> tuple[str, str, str]:
    return found.why.reason, found.why.text, found.why.on


def of_student(found: ClassExplained, sourced_id: str = "s-1") -> tuple[str, str]:
    (who,) = (one for one in found.students if one.sourced_id == sourced_id)
    return who.why.reason, who.why.on


def of_teacher(found: ClassExplained) -> tuple[str, str]:
    (who,) = found.teachers
    return who.why.reason, who.why.on


# -- A class ---------------------------------------------------------------------------------------------


def test_a_class_that_yields_groups_has_no_reason_and_nor_have_its_people() -> None:
    found = explained(TEACHES, LEARNS)
    assert said(found) == ("", "", "")
    assert found.owners == {"o-1": found.why}
    assert (of_teacher(found), of_student(found), found.members, found.notes) == (("", ""), ("", ""), 1, ())
    assert not found.why_not_seen("s-1").reason


def test_an_inactive_class() -> None:
    found = explained(TEACHES, LEARNS, record=replace(ART, active=False))
    assert said(found) == (reasons.INACTIVE, "ClassLink says that it is not active", "")
    assert found.owners["o-1"] == found.why_not_seen("s-1") == found.why


def test_a_term_that_is_over_says_when_it_ended() -> None:
    found = explained(TEACHES, LEARNS, fall=replace(FALL, end_date="2030-09-12"))
    assert said(found) == (reasons.TERM_OVER, "term ended on 2030-09-12", "2030-09-12")


def test_a_term_that_has_not_begun_says_when_it_does() -> None:
    found = explained(TEACHES, LEARNS, fall=replace(FALL, start_date="2030-11-02"))
    assert said(found) == (reasons.TERM_NOT_BEGUN, "term begins on 2030-11-02", "2030-11-02")


def test_a_homeroom_and_a_school_that_the_settings_leave_out() -> None:
    homeroom = replace(ART, class_type="homeroom")
    assert said(explained(TEACHES, LEARNS, record=homeroom, homerooms=False))[0] == reasons.HOMEROOM
    found = explained(TEACHES, LEARNS, schools_excluded=frozenset({"north"}))
    assert said(found) == (reasons.SCHOOL_LEFT_OUT, "the settings leave its school out", "")


def test_a_class_without_members_says_what_its_students_lack() -> None:
    assert said(explained(TEACHES))[:2] == (reasons.NO_MEMBERS, "no students")
    found = explained(TEACHES, replace(LEARNS, end_date="2030-09-30"), row("s-9", "student"))
    assert found.why.counts == {explaining.ENROLLMENT_ENDED: 1, explaining.NOT_SHARED: 1}
    assert found.why.text == "no students (1 enrollment ended, 1 not shared by ClassLink)"


def test_a_class_that_is_too_large_or_whose_members_or_enrollments_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert explained(TEACHES, LEARNS, fits=False).why.reason == reasons.TOO_LARGE
    assert explained(complete=False).why.reason == reasons.TOO_LARGE
    over = replace(FALL, end_date="2030-09-12")
    assert explained(complete=False, fall=over).why.reason == reasons.TERM_OVER
    monkeypatch.setattr(classes, "MAX_MEMBERS", 0)
    assert explained(TEACHES, LEARNS).why.reason == reasons.TOO_LARGE


def test_a_class_without_a_teacher_says_what_those_who_were_there_lack() -> None:
    assert said(explained(LEARNS))[:2] == (reasons.NO_TEACHER, "no teacher today")
    found = explained(replace(TEACHES, end_date="2030-09-30"), row("t-9", "aide"), LEARNS)
    assert found.why.reason == reasons.NO_TEACHER
    assert found.why.counts == {explaining.ENROLLMENT_ENDED: 1, explaining.OTHER_ROLE: 1}


def test_a_class_none_of_whose_teachers_owns_anything_says_why() -> None:
    people = PEOPLE | {"t-1": replace(TEACHER, email="")}
    found = explained(TEACHES, LEARNS, people=people, owner_of={})
    assert said(found)[:2] == (reasons.NO_OWNER, "no teacher who can have groups (1 no e-mail)")


def test_an_owner_whose_own_enrollment_is_over_hears_when_though_the_class_goes_on() -> None:
    people = PEOPLE | {"t-2": replace(TEACHER, sourced_id="t-2"), "t-3": replace(TEACHER, sourced_id="t-3")}
    # t-2 and t-3 are one owner: an aide by one record, and a teacher until yesterday by the other.
    owner_of = {"t-1": "o-1", "t-2": "o-2", "t-3": "o-2"}
    left = row("t-3", "teacher", end_date="2030-09-30")
    found = explained(TEACHES, LEARNS, row("t-2", "aide"), left, people=people, owner_of=owner_of)
    assert (found.why.reason, found.owners["o-1"].reason) == ("", "")
    theirs = found.owners["o-2"]
    assert (theirs.reason, theirs.text) == (
        reasons.TEACHER_NOT_ENROLLED_NOW,
        "enrollment ended on 2030-09-30",
    )


def test_students_whom_senso_cannot_recognise_are_counted() -> None:
    people = PEOPLE | {"s-2": replace(STUDENT, sourced_id="s-2", email="")}
    (note,) = explained(TEACHES, LEARNS, row("s-2", "student"), people=people).notes
    assert (note.reason, note.counts) == ("cannot be recognised", {"cannot be recognised": 1})
    assert note.text.startswith("1 of 2 students have no login")


# -- Its people ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (None, explaining.NOT_SHARED),
        (replace(STUDENT, active=False), reasons.INACTIVE),
        (replace(STUDENT, enabled=False), explaining.DISABLED),
        (replace(STUDENT, collections=("teachers",)), explaining.NOT_A_STUDENT),
    ],
)
def test_a_student_who_is_no_member_hears_why(person: Person | None, reason: str) -> None:
    people = {"t-1": TEACHER} | ({"s-1": person} if person else {})
    found = explained(TEACHES, LEARNS, people=people)
    assert of_student(found) == (reason, "")
    assert found.why_not_seen("s-1").reason == reason


@pytest.mark.parametrize(
    ("dates", "said_of_it"),
    [
        ([("", "2030-10-01")], (explaining.ENROLLMENT_ENDED, "2030-10-01")),
        ([("2030-10-02", "")], (explaining.ENROLLMENT_NOT_BEGUN, "2030-10-02")),
        ([("", "2030-09-01"), ("2030-11-01", "")], (explaining.ENROLLMENT_NOT_BEGUN, "2030-11-01")),
        ([("", "2030-09-01"), ("", "2030-09-09")], (explaining.ENROLLMENT_ENDED, "2030-09-09")),
        ([("", "2030-09-01"), ("2030-10-01", "")], ("", "")),
    ],
)
def test_an_enrollment_that_does_not_count_says_from_or_until_when(
    dates: list[tuple[str, str]], said_of_it: tuple[str, str]
) -> None:
    rows = [replace(LEARNS, begin_date=begin, end_date=end) for begin, end in dates]
    assert of_student(explained(TEACHES, *rows)) == said_of_it


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (None, explaining.NOT_SHARED),
        (replace(TEACHER, active=False), reasons.INACTIVE),
        (replace(TEACHER, enabled=False), explaining.DISABLED),
        (replace(TEACHER, email=" "), NO_EMAIL),
        (replace(TEACHER, collections=("students",)), explaining.NOT_A_TEACHER),
        (TEACHER, STUDENT_EMAIL),
    ],
)
def test_a_teacher_without_owner_hears_why(person: Person | None, reason: str) -> None:
    people = {"s-1": STUDENT} | ({"t-1": person} if person else {})
    assert of_teacher(explained(TEACHES, LEARNS, people=people, owner_of={})) == (reason, "")


def test_an_aide_hears_that_the_role_yields_nothing_unless_the_settings_say_so() -> None:
    aide = row("t-1", "aide")
    assert of_teacher(explained(aide, LEARNS)) == (explaining.OTHER_ROLE, "")
    assert of_teacher(explained(aide, LEARNS, aides_own_groups=True)) == ("", "")


# -- An owner, or nobody ---------------------------------------------------------------------------------

HELD = OwnersClass("c-1", "Art", "", "g-1")
OVER = OwnersClass("c-2", "Art", reasons.TERM_OVER)


@pytest.mark.parametrize(
    ("listed", "is_owner", "linked", "reason", "without"),
    [
        ((), False, False, explaining.NOT_SHARED, {}),
        ((), True, True, explaining.NO_CLASS, {}),
        ((OVER,), True, True, explaining.NO_GROUP, {reasons.TERM_OVER: 1}),
        ((HELD, OVER), True, False, explaining.NOT_LINKED, {reasons.TERM_OVER: 1}),
        ((HELD,), True, True, "", {}),
    ],
)
def test_an_owner_hears_the_first_thing_that_keeps_groups_away(
    listed: tuple[OwnersClass, ...], is_owner: bool, linked: bool, reason: str, without: dict[str, int]
) -> None:
    found = explain_owner(listed, is_owner=is_owner, linked=linked)
    assert (found.reason, found.without_groups) == (reason, without)
    assert bool(found.text) == bool(reason)


GONE = Who(sourced_id="t-0", email="tess@elm.example", why=because(explaining.REMOVED, "2030-09-20"))


@pytest.mark.parametrize(
    ("people", "removed", "reason"),
    [
        ([TEACHER, replace(STUDENT, email="tess@elm.example")], [], STUDENT_EMAIL),
        ([replace(STUDENT, enabled=False)], [], STUDENT_EMAIL),
        ([replace(TEACHER, enabled=False), replace(TEACHER, active=False)], [GONE], reasons.INACTIVE),
        ([replace(TEACHER, enabled=False)], [GONE], explaining.DISABLED),
        ([replace(TEACHER, email="", username="tess")], [], NO_EMAIL),
        ([replace(STUDENT, active=False)], [], reasons.INACTIVE),
        ([TEACHER], [], explaining.NOT_TAKEN_IN),
        ([], [GONE], explaining.REMOVED),
        ([], [], explaining.NOT_SHARED),
    ],
)
def test_an_email_that_nobody_owns_has_a_reason(
    people: list[Person], removed: list[Who], reason: str
) -> None:
    found, whos = explain_nobody(people, removed, SETTINGS)
    assert found.reason == reason
    assert len(whos) == len(people) + len(removed)
    assert found.on == ("2030-09-20" if reason == explaining.REMOVED else "")


def test_somebody_goes_by_the_email_as_it_is_compared_and_a_teacher_without_one_by_the_user_name() -> None:
    rewrite = RosterSettings(email_domains={"old.example": "elm.example"})
    assert goes_by(replace(TEACHER, email=" Tess@OLD.example"), "tess@elm.example", rewrite)
    assert not goes_by(TEACHER, "tess@oak.example", SETTINGS)
    nameless = replace(TEACHER, email="", username="Tess")
    assert goes_by(nameless, "tess@elm.example", SETTINGS)
    assert goes_by(nameless, " tess ", SETTINGS)
    assert not goes_by(nameless, "bess@elm.example", SETTINGS)
    assert not goes_by(replace(TEACHER, email=""), "tess@elm.example", SETTINGS)
    assert goes_by(replace(TEACHER, email="none"), "none", SETTINGS)
    assert not goes_by(replace(nameless, collections=("students",)), "tess@elm.example", SETTINGS)
    assert not goes_by(replace(TEACHER, username="bess"), "bess@elm.example", SETTINGS)


def test_a_link_is_by_hand_by_email_or_an_earlier_one() -> None:
    assert how_linked("tess@elm.example", "x@oak.example", SETTINGS, by_hand=True) == "by hand"
    assert how_linked("tess@elm.example", "TESS@elm.example", SETTINGS, by_hand=False) == "e-mail"
    assert how_linked("tess@elm.example", "x@oak.example", SETTINGS, by_hand=False) == "earlier link"
    assert how_linked("", "", SETTINGS, by_hand=False) == "earlier link"


def test_a_group_is_delivered_due_or_waits_for_a_user() -> None:
    group = Group("g-1", "o-1", "c-1", "Art", 1, 1)
    due = what_is_due([group], Link("o-1", 1, "u-1"), NOTHING_SENT)
    assert how_delivered(group, due, linked=True) == "due"
    nothing = what_is_due([], Link("o-1", 1, "u-1"), NOTHING_SENT)
    assert how_delivered(group, nothing, linked=True) == "delivered"
    assert how_delivered(group, nothing, linked=False) == "user not linked"


# -- All of them -----------------------------------------------------------------------------------------


def test_every_reason_has_words() -> None:
    of_ours = {
        value
        for name, value in vars(explaining).items()
        if name.isupper() and isinstance(value, str) and not name.startswith("BY_")
    } - {explaining.DELIVERED, explaining.DUE}
    assert set(explaining.TEXTS) == {*reasons.DRAFT_REASONS, *of_ours}
    assert not because("").text
    # One that has none yet says itself.
    assert because("some other reason").text == "some other reason"


def test_what_is_said_of_people_can_be_written_out_and_their_repr_names_nobody() -> None:
    found = explained(TEACHES, LEARNS)
    assert asdict(found.students[0])["email"] == "sam@elm.example"
    for shown in (found, found.students[0], case(TEACHES, LEARNS)):
        assert "elm.example" not in repr(shown)
        assert "Sample" not in repr(shown)


DATES = st.sampled_from(["", "", "2030-09-01", TODAY, "2030-10-02"])
SOMEBODY = st.builds(
    replace,
    st.sampled_from([TEACHER, STUDENT]),
    active=st.sampled_from([True, True, False]),
    enabled=st.sampled_from([True, True, False]),
    collections=st.sampled_from([("teachers",), ("students",), ("students", "teachers"), ("users",)]),
)
ROWS = st.builds(
    row,
    st.sampled_from(["p-1", "p-2", "p-3"]),
    st.sampled_from(["teacher", "student", "student", "aide"]),
    active=st.sampled_from([True, True, False]),
    begin_date=DATES,
    end_date=DATES,
)


@given(
    st.dictionaries(st.sampled_from(["p-1", "p-2", "p-3"]), SOMEBODY),
    st.lists(ROWS, max_size=8),
    st.booleans(),
)
def test_members_and_owners_are_those_that_a_sync_finds(
    somebody: dict[str, Person], rows: list[Enrollment], aides: bool
) -> None:
    people = {"s-1": STUDENT} | {one: replace(who, sourced_id=one) for one, who in somebody.items()}
    owner_of = {
        one: f"o-{one}"
        for one, who in people.items()
        if why_owns_nothing(who, SETTINGS, of_student=False).reason == explaining.NOT_TAKEN_IN
    }
    about = case(LEARNS, *rows, people=people, owner_of=owner_of, aides_own_groups=aides)
    outcome = draft_groups(about.roster, people, owner_of, about.calendar, about.settings, TODAY)
    found = explain_class(about)
    assert found.why.reason == outcome.reason
    assert {one: why.reason for one, why in found.owners.items()} == {
        draft.owner_id: draft.reason for draft in outcome.drafts
    }
    for draft in outcome.drafts:
        if not draft.reason:
            members = [one.sourced_id for one in found.students if not one.why.reason]
            assert [member.sourced_id for member in draft.members] == members
            assert found.members == len(members)
    teaching = {owner_of[one.sourced_id] for one in found.teachers if not one.why.reason}
    if not outcome.reason:
        assert teaching == {draft.owner_id for draft in outcome.drafts if not draft.reason}
