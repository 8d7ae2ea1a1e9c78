"""Generated districts: size, shape, dirt, and that they come out the same each time."""

from __future__ import annotations

import json
from datetime import date

import pytest

from simulator.district import District
from simulator.oracle import Oracle
from simulator.tables import NAME_OF, TABLES, AcademicSession, User

TODAY = date(2026, 10, 1)


def ids(district: District, table: str) -> list[str]:
    return [row[0] for row in district.tables.read(f"SELECT sourced_id FROM {table} ORDER BY position")]


def everything(district: District) -> list[object]:
    return [district.tables.read(f"SELECT * FROM {table} ORDER BY position") for table in TABLES]


def test_a_district_has_the_proportions_of_real_ones() -> None:
    district = District.generate(students=3000, seed=5, today=TODAY, dirt_share=0)
    count = {table: len(ids(district, table)) for table in TABLES}
    teachers = district.tables.value("SELECT count(*) FROM users WHERE in_teachers")
    assert district.tables.value("SELECT count(*) FROM users WHERE in_students") == 3000
    assert 190 <= teachers <= 230
    assert 850 <= count["classes"] <= 950
    assert 7.0 <= count["enrollments"] / 3000 <= 8.0


@pytest.mark.parametrize("students", [300, 650, 1300])
def test_from_300_students_there_are_three_schools_at_least(students: int) -> None:
    district = District.generate(students=students, today=TODAY, dirt_share=0)
    assert district.tables.value("SELECT count(*) FROM orgs WHERE type = 'school'") >= 3


@pytest.mark.parametrize("students", [0, 1, 2, 17])
@pytest.mark.parametrize("dirt_share", [0, 1.0])
def test_a_district_may_be_tiny(students: int, dirt_share: float) -> None:
    district = District.generate(students=students, today=TODAY, dirt_share=dirt_share)
    assert Oracle(district.tables).statistics(TODAY)["students"] <= students


def test_the_same_seed_and_date_give_the_same_rows() -> None:
    one, other = (District.generate(students=120, seed=4, today=TODAY) for _ in range(2))
    assert everything(one) == everything(other)
    assert one.dirt == other.dirt


def test_other_seeds_have_other_names_and_no_id_in_common() -> None:
    districts = [
        District.generate(students=60, seed=seed, today=TODAY, dirt_share=0) for seed in (1, 2, 11, 401)
    ]
    assert len({district.name for district in districts}) == 4
    for table in TABLES:
        every = [identifier for district in districts for identifier in ids(district, table)]
        assert len(every) == len(set(every)), table


def test_one_seed_under_two_names_gives_the_same_ids_and_other_e_mails() -> None:
    one = District.generate(students=60, seed=4, today=TODAY)
    other = District.generate(students=60, seed=4, today=TODAY, name="Teacup Unified")
    assert [ids(one, table) for table in TABLES] == [ids(other, table) for table in TABLES]
    assert other.domain == "teacup-unified.example"
    assert set(Oracle(one.tables).owners(TODAY)).isdisjoint(Oracle(other.tables).owners(TODAY))


def test_two_districts_may_share_the_e_mail_domain_too() -> None:
    one, other = (
        District.generate(students=60, seed=4, today=TODAY, name=name, domain="shared.example")
        for name in ("Teacup", "Saucer")
    )
    assert Oracle(one.tables).owners(TODAY) == Oracle(other.tables).owners(TODAY)


def test_nobody_has_an_address_that_exists() -> None:
    district = District.generate(students=300, today=TODAY, dirt_share=0)
    emails = [row[0] for row in district.tables.read("SELECT email FROM users")]
    assert all(email.endswith(".example") for email in emails)


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 7, 15), date(2028, 2, 29)])
def test_terms_lie_around_any_date(today: date) -> None:
    district = District.generate(students=300, today=today, dirt_share=0)
    day = today.isoformat()
    sessions = [row for _, row in district.tables.rows(AcademicSession)]
    assert {"schoolYear", "term", "gradingPeriod"} == {row.type for row in sessions}
    assert any(row.start_date <= day <= row.end_date for row in sessions)
    without = Oracle(district.tables).without(today)
    assert without["term over"]
    assert without["term not begun"]


def test_a_district_has_co_teachers_aides_homerooms_and_equal_titles() -> None:
    district = District.generate(students=1300, today=TODAY, dirt_share=0)
    read = district.tables.value
    assert read("SELECT count(*) FROM enrollments WHERE role = 'teacher' AND is_primary = 'false'") > 10
    assert read("SELECT count(*) FROM enrollments WHERE role = 'aide'") > 0
    assert read("SELECT count(*) FROM classes WHERE class_type = 'homeroom'") > 10
    names = [group.name for group in Oracle(district.tables).groups(TODAY).values()]
    assert sum(str(name).endswith(")") for name in names) > 50


def test_an_administrator_teaches_whom_no_people_collection_lists() -> None:
    district = District.generate(students=300, today=TODAY, dirt_share=0)
    administrators = district.tables.rows(User, "role = 'administrator'")
    owners = Oracle(district.tables).owners(TODAY)
    assert len(administrators) == 3
    assert all(not row.in_teachers and not row.in_students for _, row in administrators)
    assert all(owners[row.email] == {row.sourced_id} for _, row in administrators)


def test_a_clean_district_is_taken_whole() -> None:
    district = District.generate(students=300, today=TODAY, dirt_share=0)
    assert not district.dirt
    for counts in Oracle(district.tables).collections().values():
        assert counts["kept"] == counts["announced"]


def test_dirt_is_there_in_the_amounts_that_are_said() -> None:
    district = District.generate(students=1300, today=TODAY, dirt_share=0.05)
    count = district.tables.value
    assert (
        count("SELECT count(*) FROM users WHERE role IN ('guardian', 'Parent', 'relative')")
        == (district.dirt["guardian"])
    )
    assert district.dirt["header row"] == 7
    headers = sum(count(f"SELECT count(*) FROM {name} WHERE sourced_id = 'sourcedId'") for name in TABLES)
    assert headers == 7
    assert (
        sum(count(f"SELECT count(*) FROM {name} WHERE sourced_id = ''") for name in TABLES)
        == (district.dirt["no id"])
    )
    assert (
        sum(count(f"SELECT count(*) FROM {name} WHERE length(sourced_id) > 255") for name in TABLES)
        == (district.dirt["id too long"])
    )
    repeated = (
        "SELECT count(*) - count(DISTINCT sourced_id) FROM {} WHERE sourced_id NOT IN ('', 'sourcedId')"
    )
    repeats = sum(count(repeated.format(name)) for name in TABLES)
    assert repeats == district.dirt["repeated"] + district.dirt["repeated, older"]
    assert not [kind for kind, number in district.dirt.items() if number == 0]


def test_what_is_set_aside_is_the_dirt_that_has_to_be() -> None:
    district = District.generate(students=1300, today=TODAY, dirt_share=0.05)
    dirt, counts = district.dirt, Oracle(district.tables).collections()
    # Rows without an id are in every collection, and a person without one may be listed in none.
    enrollments = ("without class", "without user", "unknown role")
    assert counts["enrollments"]["setAside"] >= sum(dirt[kind] for kind in enrollments)
    assert counts["students"]["setAside"] >= dirt["guardian"] + 1
    for name, each in counts.items():
        assert each["received"] == each["kept"] + each["setAside"] + each["duplicates"], name
        assert each["setAside"] >= 1, name


def test_some_teachers_are_left_however_dirty_it_is() -> None:
    district = District.generate(students=60, today=TODAY, dirt_share=1.0)
    assert Oracle(district.tables).owners(TODAY)


def test_ids_hold_what_has_to_be_escaped_in_a_path() -> None:
    district = District.generate(students=1300, today=TODAY, dirt_share=0)
    letters = set("".join(ids(district, "classes") + ids(district, "users") + ids(district, "courses")))
    assert {"/", "%", " ", "|"} <= letters


def test_lists_are_json_arrays_of_texts() -> None:
    district = District.generate(students=60, today=TODAY)
    for orgs, grades in district.tables.read("SELECT orgs, grades FROM users"):
        assert all(isinstance(one, str) for one in [*json.loads(orgs), *json.loads(grades)])


def test_every_kind_of_row_has_a_table_of_its_own() -> None:
    assert {NAME_OF[kind] for kind in TABLES.values()} == set(TABLES)
