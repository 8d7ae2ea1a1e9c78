"""What one class yields: RULES 1.2 to 1.6 and 3.3."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.roster import classes, reasons
from rostersync.roster.classes import ClassOutcome, ClassRoster, Draft, Member, draft_groups, login_of
from rostersync.roster.records import AcademicSession, Class, Course, Enrollment, Person
from rostersync.roster.settings import RosterSettings
from rostersync.roster.terms import Calendar

TODAY = "2030-10-01"
ART = Class(sourced_id="c-1", title="Art", school="north", terms=("fall",), course="art")
TEACHER = Person(sourced_id="t-1", collections=("teachers",), family_name="Example")
STUDENT = Person(
    sourced_id="s-1",
    collections=("students",),
    username="sam",
    identifier="900",
    email="sam@elm.example",
    given_name="Sam",
    family_name="Sample",
)
PEOPLE = {person.sourced_id: person for person in [TEACHER, STUDENT]}
CALENDAR = Calendar(
    {
        "fall": AcademicSession(
            sourced_id="fall", title="Fall", start_date="2030-08-10", end_date="2030-12-20"
        ),
        "past": AcademicSession(
            sourced_id="past", title="Past", start_date="2029-08-10", end_date="2029-12-20"
        ),
        "next": AcademicSession(
            sourced_id="next", title="Next", start_date="2031-02-10", end_date="2031-06-20"
        ),
    },
    {"art": Course(sourced_id="art", title="Visual Arts")},
)


def row(number: int, user_id: str, role: str, **more: Any) -> Enrollment:
    return Enrollment(sourced_id=f"e-{number}", class_id="c-1", user_id=user_id, role=role, **more)


TEACHES = row(1, "t-1", "teacher")
LEARNS = row(2, "s-1", "student")


def outcome(
    *enrollments: Enrollment,
    record: Class = ART,
    people: dict[str, Person] | None = None,
    owner_of: dict[str, str] | None = None,
    **settings: Any,
) -> ClassOutcome:
    return draft_groups(
        ClassRoster(record, enrollments),
        PEOPLE if people is None else people,
        {"t-1": "o-1", "t-2": "o-2"} if owner_of is None else owner_of,
        CALENDAR,
        RosterSettings(**settings),
        TODAY,
    )


def who(got: ClassOutcome) -> dict[str, list[str]]:
    """Return owner -> ids of members."""
    return {draft.owner_id: [member.sourced_id for member in draft.members] for draft in got.drafts}


def test_a_class_with_a_teacher_and_a_student_yields_a_group() -> None:
    record = replace(ART, class_code="A1", location="Room 9", periods=("1", "3"))
    got = outcome(TEACHES, LEARNS, record=record)
    member = Member("s-1", "sam@elm.example", "sam@elm.example", "Sam", "Sample")
    assert got == ClassOutcome(
        reason="",
        drafts=(
            Draft(
                owner_id="o-1",
                class_id="c-1",
                title="Art",
                class_code="A1",
                location="Room 9",
                period="1, 3",
                term="Fall",
                course="Visual Arts",
                school="north",
                reason="",
                members=(member,),
            ),
        ),
    )


def test_rule_1_2_co_teachers_each_get_the_group_whoever_is_primary() -> None:
    people = PEOPLE | {"t-2": replace(TEACHER, sourced_id="t-2", role="administrator")}
    got = outcome(replace(TEACHES, primary=True), LEARNS, row(3, "t-2", "teacher"), people=people)
    assert who(got) == {"o-1": ["s-1"], "o-2": ["s-1"]}


@pytest.mark.parametrize("role", ["aide", "proctor"])
def test_rule_1_2_aides_and_proctors_own_groups_when_the_settings_say_so(role: str) -> None:
    aide = row(1, "t-1", role)
    assert outcome(aide, LEARNS).reason == reasons.NO_TEACHER
    assert who(outcome(aide, LEARNS, aides_own_groups=True)) == {"o-1": ["s-1"]}


def test_rule_1_2_an_administrator_of_a_class_is_no_teacher_of_it() -> None:
    administrator = row(1, "t-1", "administrator")
    assert outcome(administrator, LEARNS, aides_own_groups=True).drafts == ()


def test_rule_1_3_a_member_is_enrolled_as_student_and_in_students() -> None:
    people = PEOPLE | {
        "s-2": replace(STUDENT, sourced_id="s-2", collections=("users",)),
        "s-3": replace(STUDENT, sourced_id="s-3", collections=("students", "teachers")),
    }
    rows = [row(3, "s-2", "student"), row(4, "s-3", "student"), row(5, "t-1", "student")]
    assert who(outcome(TEACHES, LEARNS, *rows, people=people)) == {"o-1": ["s-1", "s-3"]}


def test_rule_1_3_a_student_who_is_no_student_of_the_class_is_not_a_member() -> None:
    people = PEOPLE | {"s-2": replace(STUDENT, sourced_id="s-2")}
    assert who(outcome(TEACHES, LEARNS, row(3, "s-2", "aide"), people=people)) == {"o-1": ["s-1"]}


def test_who_teaches_and_learns_in_one_class_is_an_owner_and_a_member() -> None:
    both = replace(TEACHER, collections=("students", "teachers"))
    got = outcome(TEACHES, row(2, "t-1", "student"), people={"t-1": both})
    assert who(got) == {"o-1": ["t-1"]}


@pytest.mark.parametrize("change", [{"active": False}, {"enabled": False}])
def test_rule_1_1_who_is_inactive_or_disabled_is_neither_teacher_nor_member(change: dict[str, Any]) -> None:
    assert outcome(TEACHES, LEARNS, people=PEOPLE | {"s-1": replace(STUDENT, **change)}).reason == (
        reasons.NO_MEMBERS
    )
    assert outcome(TEACHES, LEARNS, people=PEOPLE | {"t-1": replace(TEACHER, **change)}).reason == (
        reasons.NO_TEACHER
    )


@pytest.mark.parametrize(
    ("begin", "end", "counts"),
    [
        ("", "", True),
        (TODAY, "", True),
        ("2030-10-02", "", False),
        ("", "2030-10-02", True),
        ("", TODAY, False),
        ("2030-09-01", "2030-09-30", False),
    ],
)
def test_rule_1_4_an_enrollment_counts_from_its_begin_up_to_its_end(
    begin: str, end: str, counts: bool
) -> None:
    dates: dict[str, Any] = {"begin_date": begin, "end_date": end}
    assert (outcome(TEACHES, replace(LEARNS, **dates)).reason == "") is counts
    assert (outcome(replace(TEACHES, **dates), LEARNS).reason == "") is counts


def test_rule_1_4_one_of_two_enrollments_that_counts_is_enough() -> None:
    ended: dict[str, Any] = {"end_date": "2030-09-01"}
    got = outcome(
        replace(TEACHES, **ended),
        row(3, "t-1", "teacher"),
        replace(LEARNS, **ended),
        row(4, "s-1", "student"),
    )
    assert who(got) == {"o-1": ["s-1"]}


@pytest.mark.parametrize("dates", [{"end_date": "2030-09-01"}, {"begin_date": "2030-11-01"}])
def test_a_teacher_who_is_not_enrolled_now_keeps_a_draft_with_the_reason(dates: dict[str, str]) -> None:
    people = PEOPLE | {"t-2": replace(TEACHER, sourced_id="t-2")}
    got = outcome(TEACHES, LEARNS, row(3, "t-2", "teacher", **dates), people=people)
    assert got.reason == ""
    assert [(draft.owner_id, draft.reason, len(draft.members)) for draft in got.drafts] == [
        ("o-1", "", 1),
        ("o-2", reasons.TEACHER_NOT_ENROLLED_NOW, 0),
    ]


def test_two_records_of_one_owner_are_one_draft() -> None:
    people = PEOPLE | {"t-2": replace(TEACHER, sourced_id="t-2")}
    rows = [row(3, "t-2", "teacher", end_date="2030-09-01")]
    got = outcome(TEACHES, LEARNS, *rows, people=people, owner_of={"t-1": "o-1", "t-2": "o-1"})
    assert [(draft.owner_id, draft.reason) for draft in got.drafts] == [("o-1", "")]


def test_rule_1_5_a_class_without_a_term_is_current_and_counted() -> None:
    got = outcome(TEACHES, LEARNS, record=replace(ART, terms=("nowhere",)))
    assert (got.reason, got.no_term) == ("", True)
    assert not outcome(TEACHES, LEARNS).no_term
    assert not outcome(record=replace(ART, terms=(), active=False)).no_term


def test_rule_1_6_a_class_without_a_school_is_included() -> None:
    assert (
        outcome(TEACHES, LEARNS, record=replace(ART, school=""), schools_excluded={"", "south"}).reason == ""
    )


def test_rule_1_6_only_the_school_of_the_class_is_looked_at() -> None:
    people = {key: replace(person, orgs=("south",)) for key, person in PEOPLE.items()}
    assert outcome(TEACHES, LEARNS, people=people, schools_excluded={"south"}).reason == ""


def test_rule_1_6_homerooms_are_included_by_default() -> None:
    homeroom = replace(ART, class_type="homeroom")
    assert outcome(TEACHES, LEARNS, record=homeroom).reason == ""
    assert outcome(TEACHES, LEARNS, record=homeroom, homerooms=False).reason == reasons.HOMEROOM
    assert outcome(TEACHES, LEARNS, homerooms=False).reason == ""


def test_rule_1_6_a_class_is_counted_under_the_first_of_its_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "MAX_MEMBERS", 1)
    people = PEOPLE | {"s-2": replace(STUDENT, sourced_id="s-2")}
    settings: dict[str, Any] = {"homerooms": False, "schools_excluded": {"north"}}
    record = replace(ART, active=False, terms=("past", "next"), class_type="Homeroom")
    rows: list[Enrollment] = []
    owner_of: dict[str, str] = {}
    found = []

    def look() -> None:
        found.append(outcome(*rows, record=record, people=people, owner_of=owner_of, **settings).reason)

    # Each step takes away the reason that was found.
    look()
    record = replace(record, active=True)
    look()
    record = replace(record, terms=("past",))
    look()
    record = replace(record, terms=("past", "fall"))
    look()
    record = replace(record, class_type="scheduled")
    look()
    record = replace(record, school="south")
    look()
    rows += [LEARNS, row(3, "s-2", "student")]
    look()
    rows.pop()
    look()
    rows.append(TEACHES)
    look()
    owner_of["t-1"] = "o-1"
    look()
    assert found == [*reasons.CLASS_REASONS, ""]


def test_a_class_that_yields_nothing_still_has_drafts_for_its_teachers_without_members() -> None:
    got = outcome(TEACHES, LEARNS, record=replace(ART, terms=("past",)))
    assert [(draft.owner_id, draft.reason, draft.members) for draft in got.drafts] == [
        ("o-1", reasons.TERM_OVER, ())
    ]


def test_enrollments_of_unknown_people_are_counted_and_change_nothing() -> None:
    rows = [
        row(3, "nobody", "student"),
        row(4, "no-teacher", "teacher"),
        row(5, "none", "aide", active=False),
    ]
    got = outcome(TEACHES, LEARNS, *rows)
    assert who(got) == {"o-1": ["s-1"]}
    assert got.dangling == 2


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("", "sam@elm.example"),
        ("email", "sam@elm.example"),
        ("username", "sam"),
        ("identifier", "900"),
        ("email-local-part", "sam"),
    ],
)
def test_rule_3_3_the_login_is_what_the_settings_say(setting: Any, expected: str) -> None:
    assert login_of(STUDENT, RosterSettings(login=setting)) == expected


def test_rule_3_3_without_email_the_login_is_the_username_unless_the_settings_say_email() -> None:
    bare = replace(STUDENT, email="")
    assert login_of(bare, RosterSettings()) == "sam"
    assert login_of(bare, RosterSettings(login="email")) == ""
    assert login_of(bare, RosterSettings(login="email-local-part")) == ""
    assert login_of(replace(bare, email="sam"), RosterSettings(login="email-local-part")) == ""


def test_rule_3_3_a_student_without_login_stays_a_member_and_is_counted() -> None:
    people = PEOPLE | {"s-2": Person(sourced_id="s-2", collections=("students",))}
    got = outcome(TEACHES, LEARNS, row(3, "s-2", "student"), row(4, "s-2", "student"), people=people)
    assert who(got) == {"o-1": ["s-1", "s-2"]}
    assert got.unrecognised == 1


ROWS = st.builds(
    Enrollment,
    sourced_id=st.just("e"),
    class_id=st.just("c-1"),
    user_id=st.sampled_from(["t-1", "t-2", "s-1", "s-2", "nobody"]),
    role=st.sampled_from(["teacher", "student", "aide"]),
    end_date=st.sampled_from(["", "2030-09-01"]),
)


@given(st.lists(ROWS, max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_enrollments_does_not_matter(rows: list[Enrollment], random: Any) -> None:
    people = PEOPLE | {
        "t-2": replace(TEACHER, sourced_id="t-2"),
        "s-2": replace(STUDENT, sourced_id="s-2", collections=("students", "teachers")),
    }
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert outcome(*shuffled, people=people) == outcome(*rows, people=people)
