"""The oracle against districts small enough to see what is right."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from simulator.oracle import Oracle, RightGroup, Settings
from simulator.tables import AcademicSession, Class, Course, Enrollment, Org, Row, Tables, User

TODAY = date(2026, 10, 1)
GROUP = ("tea@x.example", "c1")


def teacher(sourced_id: str = "t1", **changed: Any) -> User:
    row = User(sourced_id, in_teachers=1, role="teacher", family_name="Spoon", email=" Tea@X.example ")
    return row._replace(**changed)


def student(sourced_id: str = "s1", **changed: Any) -> User:
    return User(sourced_id, in_students=1, role="student", email=f"{sourced_id}@x.example")._replace(
        **changed
    )


def class_(sourced_id: str = "c1", **changed: Any) -> Class:
    return Class(sourced_id, title="Tea", class_type="scheduled", school="o1", terms='["a1"]')._replace(
        **changed
    )


def term(
    sourced_id: str = "a1", start: str = "2026-09-01", end: str = "2026-12-20", **more: str
) -> AcademicSession:
    return AcademicSession(sourced_id, type="term", title="Autumn", start_date=start, end_date=end, **more)


def enrolled(user_id: str, role: str, class_id: str = "c1", **changed: Any) -> Enrollment:
    row = Enrollment(f"e-{class_id}-{user_id}-{role}", class_id=class_id, user_id=user_id, role=role)
    return row._replace(**changed)


def oracle(*rows: Row, settings: Settings | None = None) -> Oracle:
    tables = Tables()
    tables.add(rows)
    return Oracle(tables, settings)


def world(**instead: Row | None) -> list[Row]:
    """One teacher, one student, one class; any of the rows in another state, or missing."""
    rows: dict[str, Row | None] = {
        "org": Org("o1", type="school"),
        "term": term(),
        "course": Course("k1"),
        "class_": class_(),
        "teacher": teacher(),
        "student": student(),
        "teaching": enrolled("t1", "teacher"),
        "learning": enrolled("s1", "student"),
    }
    return [row for row in (rows | instead).values() if row is not None]


def test_a_class_with_a_teacher_and_a_student_is_a_group() -> None:
    right = oracle(*world())
    assert right.groups(TODAY) == {GROUP: RightGroup("Tea", frozenset({"s1"}))}
    assert right.statistics(TODAY) == {
        "teachers": 1,
        "students": 1,
        "classes": 1,
        "groups": 1,
        "memberships": 1,
    }
    assert right.owners(TODAY) == {"tea@x.example": frozenset({"t1"})}
    assert right.without(TODAY) == {}


REASONS: list[tuple[str, dict[str, Row | None]]] = [
    ("inactive", {"class_": class_(status="tobedeleted")}),
    ("inactive", {"class_": class_(status="ToBeDeleted", terms="[]")}),
    ("term not begun", {"term": term(start="2026-10-09")}),
    ("term over", {"term": term(end="2026-09-23")}),
    ("no members", {"learning": None}),
    ("no members", {"student": None}),
    ("no members", {"student": student(status="tobedeleted")}),
    ("no members", {"student": student(enabled_user="False")}),
    ("no members", {"student": student(in_students=0)}),
    ("no members", {"student": student(role="Guardian")}),
    ("no members", {"learning": enrolled("s1", "student", status="tobedeleted")}),
    ("no members", {"learning": enrolled("s1", "student", end_date="2026-10-01")}),
    ("no members", {"learning": enrolled("s1", "student", begin_date="2026-10-02")}),
    ("no members", {"learning": enrolled("s1", "student", end_date="soon")}),
    ("no members", {"learning": enrolled("s1", "guardian")}),
    ("no teacher", {"teaching": None}),
    ("no teacher", {"teacher": teacher(enabled_user="false")}),
    ("no teacher", {"teacher": teacher(status="tobedeleted")}),
    ("no teacher", {"teaching": enrolled("t1", "aide")}),
    ("no teacher", {"teaching": enrolled("t1", "teacher", end_date="2026-09-30")}),
    ("no owner", {"teacher": teacher(email="")}),
    ("no owner", {"teacher": teacher(email="tea")}),
    ("no owner", {"teacher": teacher(email="tea@")}),
    ("no owner", {"teacher": teacher(email="@x.example")}),
    ("no owner", {"teacher": teacher(email="S1@x.example")}),
    ("no owner", {"teacher": teacher(email="S1@x.example"), "student": student(enabled_user="false"),
                  "other": student("s2"), "learning": enrolled("s2", "student")}),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "instead"), REASONS)
def test_a_class_without_a_group_is_counted_under_its_reason(
    reason: str, instead: dict[str, Row | None]
) -> None:
    right = oracle(*world(**instead))
    assert right.without(TODAY) == {reason: 1}
    assert right.reasons(TODAY) == {"c1": reason}
    assert right.groups(TODAY) == {}


STILL: list[dict[str, Row | None]] = [
    {"class_": class_(status="")},
    {"class_": class_(status="Active")},
    {"class_": class_(terms="[]")},
    {"class_": class_(terms='["nowhere"]')},
    {"class_": class_(school="")},
    {"class_": class_(class_type="homeroom")},
    {"term": term(start="2026-10-08")},
    {"term": term(end="2026-09-24")},
    {"term": term(end="")},
    {"term": term(end="2026-13-45")},
    {"term": term(end="2026-01-01", status="tobedeleted")},
    {"learning": enrolled("s1", "Student", begin_date="2026-10-01", end_date="2026-10-02T00:00:00.000Z")},
    {"teaching": enrolled("t1", "TEACHER", is_primary="false")},
    {"teacher": teacher(in_teachers=0, role="administrator")},
    {"teacher": teacher(enabled_user="")},
    {"student": student(email="tea@x.example", status="tobedeleted"), "other": student("s2"),
     "learning": enrolled("s2", "student")},
]  # fmt: skip


@pytest.mark.parametrize("instead", STILL)
def test_what_looks_odd_and_is_right_is_a_group(instead: dict[str, Row | None]) -> None:
    assert list(oracle(*world(**instead)).groups(TODAY)) == [GROUP]


def test_without_a_known_term_the_course_s_school_year_counts() -> None:
    year = term("y1", start="2025-08-01", end="2026-06-01")._replace(type="schoolYear")
    rows = world(class_=class_(terms="[]", course="k1"), course=Course("k1", school_year="y1"), year=year)
    assert oracle(*rows).without(TODAY) == {"term over": 1}
    ended = [row._replace(status="tobedeleted") if row.sourced_id == "k1" else row for row in rows]
    assert oracle(*ended).without(TODAY) == {}


def test_one_current_term_of_several_is_enough() -> None:
    rows = world(class_=class_(terms='["a1", "a2"]'), other=term("a2", "2025-01-01", "2025-06-01"))
    assert list(oracle(*rows).groups(TODAY)) == [GROUP]


def test_between_two_terms_it_is_not_begun() -> None:
    past, future = term("a1", "2026-01-01", "2026-06-01"), term("a2", "2027-01-01", "2027-06-01")
    rows = world(class_=class_(terms='["a1", "a2"]'), term=past, future=future)
    assert oracle(*rows).without(TODAY) == {"term not begun": 1}


def test_settings_exclude_and_include() -> None:
    homeroom, aide = class_(class_type="homeroom"), enrolled("t1", "aide")
    assert oracle(*world(class_=homeroom), settings=Settings(homerooms=False)).without(TODAY) == {
        "homeroom": 1
    }
    no_school = Settings(schools_excluded=frozenset({"o1"}))
    assert oracle(*world(), settings=no_school).without(TODAY) == {"school left out": 1}
    assert oracle(*world(class_=class_(school="")), settings=no_school).without(TODAY) == {}
    assert oracle(*world(teaching=aide), settings=Settings(aides_own_groups=True)).without(TODAY) == {}
    over = world(term=term(end="2026-09-30"))
    assert oracle(*over, settings=Settings(grace_days=0)).without(TODAY) == {"term over": 1}


def test_a_domain_is_rewritten_on_both_sides() -> None:
    moved = Settings(email_domains={"x.example": "new.example"})
    assert list(oracle(*world(), settings=moved).groups(TODAY)) == [("tea@new.example", "c1")]
    taken = world(student=student(email="tea@new.example"))
    assert oracle(*taken, settings=moved).without(TODAY) == {"no owner": 1}


def test_a_class_of_more_than_5000_members_is_too_large() -> None:
    several: list[Row] = []
    for number in range(5001):
        several += [student(f"m{number}"), enrolled(f"m{number}", "student")]
    assert oracle(*world(learning=None), *several[:10000]).without(TODAY) == {}
    assert oracle(*world(learning=None), *several).without(TODAY) == {"too large": 1}


def test_co_teachers_each_have_the_group_and_two_records_of_one_teacher_have_one() -> None:
    second = teacher("t2", email="TEA@x.example")
    other = teacher("t3", email="cup@x.example")
    rows = world(second=second, other=other, again=enrolled("t2", "teacher"), too=enrolled("t3", "teacher"))
    right = oracle(*rows)
    assert set(right.groups(TODAY)) == {GROUP, ("cup@x.example", "c1")}
    assert right.owners(TODAY)["tea@x.example"] == {"t1", "t2"}
    assert right.statistics(TODAY)["memberships"] == 2


def test_an_enrolled_teacher_outside_the_collections_is_no_teacher_of_the_statistics() -> None:
    right = oracle(*world(teacher=teacher(in_teachers=0, role="administrator")))
    assert right.statistics(TODAY)["teachers"] == 0
    assert right.statistics(TODAY)["groups"] == 1


def test_only_200_enrolled_teachers_are_looked_up_in_order_of_id() -> None:
    several: list[Row] = []
    for number in range(201):
        name = f"u{number:03d}"
        # Every second one is nowhere at all, and is asked for all the same.
        if number % 2 == 0:
            several.append(teacher(name, in_teachers=0, email=f"{name}@x.example"))
        several.append(enrolled(name, "teacher"))
    owners = oracle(*world(teaching=None, teacher=None), *several).owners(TODAY)
    assert len(owners) == 100
    assert "u198@x.example" in owners
    assert "u200@x.example" not in owners


def test_a_person_in_both_collections_is_counted_in_both() -> None:
    rows = world(both=student("t9", email="nine@x.example"), twice=teacher("t9", email="nine@x.example"))
    right = oracle(*rows)
    assert right.statistics(TODAY)["teachers"] == 2
    assert right.statistics(TODAY)["students"] == 2
    assert "nine@x.example" not in right.owners(TODAY)


def test_of_repeated_rows_the_one_last_modified_counts() -> None:
    old, new = "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000-05:00"
    rows = world(
        teacher=teacher(modified=old, email="old@x.example"),
        again=teacher(modified=new, email="new@x.example"),
        never=teacher(modified="", email="zzz@x.example"),
    )
    assert set(oracle(*rows).owners(TODAY)) == {"new@x.example"}


def test_every_row_is_kept_set_aside_or_a_duplicate() -> None:
    rows = world(
        again=student("s1"),
        nameless=student(""),
        header=User("sourcedId", in_students=1, role="role"),
        other_header=User("x", in_students=1, role="role"),
        guardian=student("g1", role="parent"),
        long=student("s" * 256),
        nearly=student("s" * 255),
    )
    right = oracle(*rows)
    assert right.collections()["students"] == {
        "announced": 8,
        "received": 8,
        "kept": 2,
        "setAside": 5,
        "duplicates": 1,
    }
    assert right.collections()["teachers"]["kept"] == 1


def test_enrollments_that_say_nothing_are_set_aside() -> None:
    bad = [
        enrolled("", "student", sourced_id="b1"),
        enrolled("s1", "student", class_id="", sourced_id="b2"),
        enrolled("s1", "relative", sourced_id="b3"),
        enrolled("s1", "student", begin_date="2026-02-30", sourced_id="b4"),
        enrolled("s1", "student", end_date="31.12.2026", sourced_id="b5"),
        enrolled("s1", "student", sourced_id=""),
    ]
    fine = [enrolled("s1", "aide"), enrolled("s1", "proctor"), enrolled("nobody", "administrator", "nowhere")]
    counts = oracle(*world(), *bad, *fine).collections()["enrollments"]
    assert counts["setAside"] == len(bad)
    assert counts["kept"] == 2 + len(fine)


def names(*classes: Class, **instead: Row | None) -> dict[str, str | None]:
    several = [row for each in classes for row in (each, enrolled("t1", "teacher", each.sourced_id))]
    learning = [enrolled("s1", "student", each.sourced_id) for each in classes]
    right = oracle(*world(class_=None, **instead), *several, *learning)
    return {class_id: group.name for (_, class_id), group in right.groups(TODAY).items()}


def test_equal_titles_get_the_first_part_that_differs() -> None:
    one, two = class_("c1", periods='["1"]', location="Room"), class_("c2", title=" TEA", periods='["2"]')
    assert names(one, two) == {"c1": "Tea (1)", "c2": "TEA (2)"}
    one, two = (
        class_("c1", periods='["1", "2"]', location="Attic"),
        class_("c2", periods='["1", "2"]', location="Hut"),
    )
    assert names(one, two) == {"c1": "Tea (Attic)", "c2": "Tea (Hut)"}
    assert names(class_("c1", class_code="A"), class_("c2", class_code="B")) == {
        "c1": "Tea (A)",
        "c2": "Tea (B)",
    }


def test_the_last_term_tells_classes_apart() -> None:
    spring = term("a2", "2026-09-02", "2027-05-01")._replace(title="Spring")
    one, two = class_("c1"), class_("c2", terms='["a1", "a2"]')
    assert names(one, two, spring=spring) == {"c1": "Tea (Autumn)", "c2": "Tea (Spring)"}


def test_when_no_part_differs_for_all_they_come_together() -> None:
    classes = [
        class_("c1", periods='["1"]', location="Hut", terms="[]"),
        class_("c2", periods='["2"]', location="Hut", terms="[]"),
        class_("c3", periods='["2"]', location="Attic", terms="[]"),
    ]
    assert names(*classes) == {"c1": "Tea (1, Hut)", "c2": "Tea (2, Hut)", "c3": "Tea (2, Attic)"}


def test_of_names_that_are_still_equal_it_says_nothing() -> None:
    assert names(class_("c1"), class_("c2"), class_("c3", title="Cup")) == {
        "c1": None,
        "c2": None,
        "c3": "Cup",
    }


def test_a_class_without_a_title_is_called_by_its_code() -> None:
    assert names(class_("c1", title=" ", class_code="T-1")) == {"c1": "T-1"}
    assert names(class_("c1", title="")) == {"c1": "Class"}


def test_ended_and_empty_classes_take_part_in_naming() -> None:
    past = term("a0", "2025-09-01", "2025-12-01")
    gone = class_("c0", terms='["a0"]', class_code="OLD", status="tobedeleted")
    assert names(gone, class_("c1", class_code="NEW"), past=past) == {"c1": "Tea (NEW)"}


def test_it_answers_anew_when_the_tables_or_the_date_change() -> None:
    tables = Tables()
    tables.add(world())
    right = Oracle(tables)
    assert right.groups(TODAY)
    assert not right.groups(date(2027, 3, 1))
    tables.replace([(position, row._replace(status="tobedeleted")) for position, row in tables.rows(Class)])
    assert not right.groups(TODAY)
    assert Oracle(tables, Settings(homerooms=False)).without(TODAY) == {"inactive": 1}
