import pytest

from rostersync.roster.reasons import TERM_NOT_BEGUN, TERM_OVER
from rostersync.roster.records import AcademicSession, Class, Course
from rostersync.roster.settings import RosterSettings
from rostersync.roster.terms import Calendar, has_known_term, term_title, why_not_current

SESSIONS = {
    session.sourced_id: session
    for session in [
        AcademicSession(sourced_id="fall", title="Fall", start_date="2030-08-10", end_date="2030-12-20"),
        AcademicSession(sourced_id="spring", title="Spring", start_date="2031-02-10", end_date="2031-06-10"),
        AcademicSession(sourced_id="year", title="2030-2031", start_date="2030-08-01", end_date="2031-06-30"),
        AcademicSession(
            sourced_id="gone", title="Gone", active=False, start_date="2000-01-01", end_date="2000-06-30"
        ),
        AcademicSession(sourced_id="undated", title="Undated", start_date="2000-01-01"),
    ]
}
COURSES = {
    "yearly": Course(sourced_id="yearly", school_year="year"),
    "dateless": Course(sourced_id="dateless", school_year="undated"),
    "dropped": Course(sourced_id="dropped", school_year="year", active=False),
}
CALENDAR = Calendar(SESSIONS, COURSES)


def why(today: str, *terms: str, course: str = "", settings: RosterSettings | None = None) -> str:
    record = Class(sourced_id="c-1", terms=terms, course=course)
    return why_not_current(record, CALENDAR, settings or RosterSettings(), today)


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2030-08-02", TERM_NOT_BEGUN),
        ("2030-08-03", ""),
        ("2030-10-01", ""),
        ("2030-12-27", ""),
        ("2030-12-28", TERM_OVER),
    ],
)
def test_rule_1_5_a_class_is_current_from_the_lead_to_the_grace_of_a_term(today: str, expected: str) -> None:
    assert why(today, "fall") == expected


def test_rule_1_5_the_last_day_of_a_term_belongs_to_it() -> None:
    exact = RosterSettings(lead_days=0, grace_days=0)
    assert why("2030-12-20", "fall", settings=exact) == ""
    assert why("2030-12-21", "fall", settings=exact) == TERM_OVER
    assert why("2030-08-09", "fall", settings=exact) == TERM_NOT_BEGUN


def test_rule_1_5_one_current_term_is_enough() -> None:
    assert why("2031-03-01", "fall", "spring") == ""
    assert why("2030-10-01", "fall", "spring") == ""


def test_between_two_terms_a_class_has_not_begun() -> None:
    assert why("2031-01-15", "fall", "spring") == TERM_NOT_BEGUN
    assert why("2031-07-01", "spring", "fall") == TERM_OVER


@pytest.mark.parametrize("unknown", ["gone", "undated", "nowhere"])
def test_rule_1_5_a_term_that_says_nothing_is_not_known(unknown: str) -> None:
    assert why("2030-10-01", unknown) == ""
    assert why("2031-03-01", unknown, "fall") == TERM_OVER


def test_rule_1_5_without_a_known_term_the_courses_school_year_counts() -> None:
    assert why("2030-10-01", "nowhere", course="yearly") == ""
    assert why("2031-07-20", course="yearly") == TERM_OVER


def test_rule_1_5_a_known_term_comes_before_the_school_year() -> None:
    assert why("2031-05-01", "fall", course="yearly") == TERM_OVER


@pytest.mark.parametrize("course", ["", "nowhere", "dateless", "dropped"])
def test_rule_1_5_a_class_that_nothing_dates_is_current_and_has_no_term(course: str) -> None:
    assert why("2099-01-01", "gone", course=course) == ""
    assert not has_known_term(Class(sourced_id="c-1", terms=("gone",), course=course), CALENDAR)


def test_a_school_year_is_a_known_term() -> None:
    assert has_known_term(Class(sourced_id="c-1", course="yearly"), CALENDAR)


@pytest.mark.parametrize(
    ("terms", "course", "expected"),
    [
        (("spring", "fall"), "", "Spring"),
        (("fall",), "yearly", "Fall"),
        (("gone",), "yearly", "Gone"),
        (("undated", "fall"), "", "Fall"),
        (("nowhere",), "yearly", "2030-2031"),
        ((), "nowhere", ""),
    ],
)
def test_a_class_is_named_by_its_last_term_whatever_day_it_is(
    terms: tuple[str, ...], course: str, expected: str
) -> None:
    assert term_title(Class(sourced_id="c-1", terms=terms, course=course), CALENDAR) == expected
