"""A district of any size from a seed: its schools and its people (proportions of ONEROSTER §10)."""

from datetime import date, timedelta
from typing import Final

from simulator import names
from simulator.identifiers import Identifiers
from simulator.people import People
from simulator.tables import Org, Row, Tables

STUDENTS_A_TEACHER: Final = 14
STUDENTS_A_SCHOOL: Final = 650

_GRADES: Final = {
    "Elementary School": ("KG", "01", "02", "03", "04", "05"),
    "Middle School": ("06", "07", "08"),
    "High School": ("09", "10", "11", "12"),
}


def schools_of(students: int) -> int:
    """Return how many schools a district has: three at least from 300 students."""
    return max(1, min(3, students // 100), students // STUDENTS_A_SCHOOL)


def fill_people(
    tables: Tables, ids: Identifiers, people: People, *, students: int, name: str, today: date
) -> None:
    """Fill an empty district with schools, their students and teachers, and an administrator each."""
    modified = stamp(today - timedelta(days=90))
    district = Org(ids.org(), modified=modified, name=name, type="district", identifier="D1")
    rows: list[Row] = [district]
    count = schools_of(students)
    for number in range(count):
        school_name, kind = names.school(number)
        org = Org(ids.org(), modified=modified, name=school_name, type="school", parent=district.sourced_id)
        rows.append(org._replace(identifier=f"{number + 1:03d}"))
        school = org.sourced_id
        pupils = students // count + (number < students % count)
        grades = _GRADES[kind]
        for place in range(pupils):
            grade = grades[place * len(grades) // pupils]
            rows.append(people.student(school=school, grade=grade, modified=modified))
        teachers = max(1, round(pupils / STUDENTS_A_TEACHER))
        rows += [people.teacher(school=school, modified=modified) for _ in range(teachers)]
        rows.append(people.administrator(school=school, modified=modified))
    tables.add(rows)


def stamp(day: date) -> str:
    """Return a ``dateLastModified``."""
    return f"{day.isoformat()}T00:00:00.000Z"
