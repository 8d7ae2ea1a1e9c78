"""Days and school years that pass."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from simulator.days import advance_day, rollover
from simulator.district import District
from simulator.oracle import Oracle
from simulator.tables import TABLES, Class, Enrollment, User

TODAY = date(2026, 10, 1)


@pytest.fixture
def district() -> District:
    return District.generate(students=600, seed=3, today=TODAY)


def test_a_day_brings_one_of_everything_at_least(district: District) -> None:
    happened = advance_day(district)
    assert district.today == TODAY + timedelta(days=1)
    assert set(happened) == {
        "joined",
        "left",
        "moved",
        "new co-teacher",
        "renamed class",
        "changed e-mail",
    }
    assert all(happened.values())


def test_what_a_day_changes_is_what_it_says(district: District) -> None:
    before, before_date = Oracle(district.tables), district.today
    owners, groups = before.owners(before_date), before.groups(before_date)
    names = {row.sourced_id: row.title for _, row in district.tables.rows(Class)}
    advance_day(district)
    after = Oracle(district.tables)
    assert len(after.owners(district.today).keys() - owners.keys()) == 1
    renamed = [row for _, row in district.tables.rows(Class) if names[row.sourced_id] != row.title]
    assert len(renamed) == 1
    assert after.groups(district.today) != groups


def test_who_joins_has_classes_and_who_leaves_has_none(district: District) -> None:
    before = {row.sourced_id for _, row in district.tables.rows(User)}
    for _ in range(3):
        advance_day(district)
    joined = {row.sourced_id for _, row in district.tables.rows(User)} - before
    members = {
        member
        for group in Oracle(district.tables).groups(district.today).values()
        for member in group.members
    }
    assert joined & members
    gone = before - {row.sourced_id for _, row in district.tables.rows(User)}
    assert gone
    assert not gone & members


def test_leavers_go_in_all_three_ways_within_three_days() -> None:
    district = District.generate(students=60, today=TODAY, dirt_share=0)
    students = district.tables.value("SELECT count(*) FROM users WHERE in_students")
    for _ in range(3):
        advance_day(district)
    assert district.tables.value("SELECT count(*) FROM users WHERE status = 'tobedeleted'") == 1
    # Three came, one record went.
    assert district.tables.value("SELECT count(*) FROM users WHERE in_students") == students + 2
    ended = district.tables.rows(Enrollment, "end_date BETWEEN ? AND ?", ("2026-10-02", "2026-10-04"))
    assert ended


def test_the_same_days_follow_the_same_seed() -> None:
    tables = []
    for _ in range(2):
        district = District.generate(students=120, seed=9, today=TODAY)
        for _ in range(2):
            advance_day(district)
        rollover(district)
        tables.append([district.tables.read(f"SELECT * FROM {table} ORDER BY position") for table in TABLES])
    assert tables[0] == tables[1]


def test_new_rows_never_take_an_id_that_was_used(district: District) -> None:
    used = {row.sourced_id for _, row in district.tables.rows(Enrollment)}
    positions = district.tables.value("SELECT max(position) FROM enrollments")
    advance_day(district)
    new = district.tables.rows(Enrollment, "position > ?", (positions,))
    assert new
    assert not used & {row.sourced_id for _, row in new}


def test_after_a_rollover_every_class_is_another_and_groups_are_as_many(district: District) -> None:
    before = {row.sourced_id for _, row in district.tables.rows(Class)}
    groups = Oracle(district.tables).groups(district.today)
    rollover(district)
    after = {row.sourced_id for _, row in district.tables.rows(Class)}
    new_groups = Oracle(district.tables).groups(district.today)
    assert not before & after
    assert abs(len(groups) - len(new_groups)) < len(groups) / 4
    assert {class_id for _, class_id in new_groups} <= after


def test_a_rollover_can_be_laid_on_a_date(district: District) -> None:
    rollover(district, today=date(2027, 8, 20))
    assert district.today == date(2027, 8, 20)
    assert Oracle(district.tables).groups(district.today)


def test_days_go_on_over_an_empty_district() -> None:
    district = District.generate(students=0, today=TODAY, dirt_share=0)
    advance_day(district)
    rollover(district)
    assert Oracle(district.tables).groups(district.today) == {}
