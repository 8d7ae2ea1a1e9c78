"""A school year laid around a date: its sessions, courses, classes and enrollments.

On the day the year is laid around, its first semester is going on, its second is to come, and the last
semester of the year before is over. About seven enrollments a student, three classes for ten students.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Final

from simulator.generate import stamp
from simulator.identifiers import Identifiers
from simulator.tables import AcademicSession, Class, Course, Enrollment, Row, Tables

STUDENTS_A_CLASS: Final = 24

_SUBJECTS: Final = ("Mathematics", "Reading", "Science", "History", "Art")
_OPTIONS: Final = ("Music", "Drama", "Robotics", "Gardening")


@dataclass(frozen=True)
class Year:
    """The sessions of a laid year, by what classes need of them."""

    label: str
    modified: str
    whole: AcademicSession
    first: AcademicSession
    second: AcademicSession
    past: AcademicSession

    @property
    def sessions(self) -> tuple[AcademicSession, ...]:
        """Every session, a grading period beside the named ones, each once."""
        quarter = self.first._replace(
            sourced_id=f"{self.first.sourced_id} Q1",
            title="Quarter 1",
            type="gradingPeriod",
            parent=self.first.sourced_id,
        )
        school_year = self.whole._replace(
            sourced_id=self.whole.parent, title=f"{self.label} School Year", type="schoolYear", parent=""
        )
        return school_year, self.whole, self.first, self.second, self.past, quarter


def year_around(ids: Identifiers, today: date, number: int) -> Year:
    """Lay the n-th year of a district around a date; ``number`` tells its sessions from another year's."""
    begin = today - timedelta(days=60)
    label = f"{begin.year}-{begin.year + 1}"
    modified = stamp(begin - timedelta(days=14))
    parent = ids.session(f"{label} Y{number}")

    def session(code: str, title: str, start: int, end: int) -> AcademicSession:
        return AcademicSession(
            ids.session(f"{label} {code}{number}"),
            "active",
            modified,
            "",
            title,
            "term",
            (begin + timedelta(days=start)).isoformat(),
            (begin + timedelta(days=end)).isoformat(),
            str(begin.year + 1),
            parent,
        )

    return Year(
        label,
        modified,
        whole=session("FY", "Full Year", 0, 299),
        first=session("S1", "Semester 1", 0, 149),
        second=session("S2", "Semester 2", 150, 299),
        past=session("P2", "Last Spring", -215, -65)._replace(school_year=str(begin.year), parent=""),
    )


def lay_year(tables: Tables, ids: Identifiers, random: Random, *, today: date, number: int) -> Year:
    """Add a year's sessions, courses, classes and enrollments for the people who are there."""
    year = year_around(ids, today, number)
    rows: list[Row] = list(year.sessions)
    schools = tables.read(
        "SELECT sourced_id FROM orgs WHERE type = 'school' AND sourced_id <> ''"
        " GROUP BY sourced_id ORDER BY min(position)"
    )
    for (school,) in schools:
        rows += _School(tables, ids, random, school, year, today).rows()
    tables.add(rows)
    return year


class _School:
    """One school's part of a year."""

    def __init__(
        self, tables: Tables, ids: Identifiers, random: Random, school: str, year: Year, today: date
    ) -> None:
        self._ids, self._random, self._school, self._year, self._today = ids, random, school, year, today
        found = tables.read(
            "SELECT sourced_id, role, json_extract(grades, '$[0]') FROM users"
            " WHERE json_extract(orgs, '$[0]') = ? AND status = 'active' AND sourced_id <> ''"
            " GROUP BY sourced_id ORDER BY min(position)",
            (school,),
        )
        self._by_grade: dict[str, list[str]] = {}
        for user_id, role, grade in found:
            if role == "student":
                self._by_grade.setdefault(grade or "", []).append(user_id)
        self._teachers: list[str] = [row[0] for row in found if row[1] == "teacher"]
        self._administrators: list[str] = [row[0] for row in found if row[1] == "administrator"]
        self._turn = count()
        self._rows: list[Row] = []

    def rows(self) -> list[Row]:
        year = self._year
        for grade, students in self._by_grade.items():
            self._sections("Homeroom", grade, students, [year.whole], "homeroom")
            for subject in _SUBJECTS:
                terms = [year.whole] if subject in {"Reading", "Art"} else [year.first, year.second]
                # Half of the secondary courses last a semester only; the other half is announced as both.
                self._sections(subject, grade, students, terms[:1] if grade > "05" else terms)
            chosen = [user for user in students if self._random.random() < 0.6]
            self._sections(self._random.choice(_OPTIONS), grade, chosen, [year.past])
            chosen = [user for user in students if self._random.random() < 0.5]
            self._sections(self._random.choice(_OPTIONS), grade, chosen, [year.second])
        return self._rows

    def _sections(
        self,
        subject: str,
        grade: str,
        students: Sequence[str],
        terms: list[AcademicSession],
        class_type: str = "scheduled",
    ) -> None:
        random, year = self._random, self._year
        if not students:
            return
        course = Course(
            self._ids.course(),
            "active",
            year.modified,
            "",
            f"{subject} {grade}",
            f"{subject[:3].upper()}{grade}",
            year.whole.parent,
            json.dumps([grade]),
            json.dumps([subject]),
            self._school,
        )
        self._rows.append(course)
        mixed = random.sample(students, len(students))
        sections = max(1, round(len(mixed) / STUDENTS_A_CLASS))
        # One teacher takes neighbouring sections of a course: equal titles that have to be told apart.
        teachers = [self._next_teacher() for _ in range(-(-sections // 3))]
        for section in range(sections):
            teacher = teachers[section // 3] if teachers[0] else ""
            period = "" if class_type == "homeroom" or random.random() < 0.1 else str(1 + section % 7)
            room = f"Room {100 + random.randrange(40)}"
            class_ = Class(
                self._ids.class_(),
                "active",
                year.modified,
                "",
                course.title,
                class_type,
                f"{course.course_code}-{section + 1}",
                room if random.random() < 0.8 else "",
                course.grades,
                course.subjects,
                course.sourced_id,
                self._school,
                json.dumps([term.sourced_id for term in terms]),
                json.dumps([period] if period else []),
            )
            self._rows.append(class_)
            self._enroll(class_, teacher, "teacher", terms, primary="true")
            chance = random.random()
            if chance < 0.07:
                self._enroll(class_, self._next_teacher(), "teacher", terms, primary="false")
            elif chance < 0.09:
                self._enroll(class_, self._next_teacher(), "aide", terms)
            elif chance < 0.10 or (section == 0 and subject == "Science"):
                for administrator in self._administrators:
                    self._enroll(class_, administrator, "teacher", terms, primary="false")
            for student in mixed[section::sections]:
                self._enroll(class_, student, "student", terms)

    def _enroll(
        self, class_: Class, user: str, role: str, terms: list[AcademicSession], primary: str = ""
    ) -> None:
        if not user:
            return
        begin, end = terms[0].start_date, terms[-1].end_date
        chance = self._random.random()
        if chance < 0.3:
            begin = end = ""
        elif terms[0] is not self._year.past and role == "student":
            if chance < 0.31:  # Left the class: yesterday was the last day.
                end = self._today.isoformat()
            elif chance < 0.32:  # Joined today.
                begin = self._today.isoformat()
            elif chance < 0.325:  # Will join.
                begin = (self._today + timedelta(days=1)).isoformat()
        self._rows.append(
            Enrollment(
                self._ids.enrollment(),
                "active",
                self._year.modified,
                "",
                class_.sourced_id,
                self._school,
                user,
                role,
                primary,
                begin,
                end,
            )
        )

    def _next_teacher(self) -> str:
        return self._teachers[next(self._turn) % len(self._teachers)] if self._teachers else ""
