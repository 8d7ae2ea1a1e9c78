"""What happens to a district's data from one day to the next, and from one school year to the next."""

import json
from collections import Counter
from datetime import date, timedelta
from typing import Final

from simulator import timetable
from simulator.district import District
from simulator.generate import stamp
from simulator.people import People
from simulator.tables import NAME_OF, Class, Course, Enrollment, R, User

_GRADES: Final = ("KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")
_ATTENDS: Final = (
    "in_students AND status = 'active' AND enabled_user = 'true' AND role = 'student' AND shape = ''"
)
_TEACHES: Final = (
    "in_teachers AND status = 'active' AND enabled_user = 'true' AND role = 'teacher' AND email LIKE '_%@_%'"
)
_HELD: Final = "status = 'active' AND sourced_id IN (SELECT class_id FROM enrollments WHERE role = 'teacher')"


def advance_day(district: District) -> dict[str, int]:
    """Take a district a day forward; return how many of each thing happened.

    Students join (a five-hundredth of them), leave (as many, in the three ways there are: the record goes, it
    is marked to be deleted, its enrollments end) and move to another section (a two-hundredth). One class
    gets a co-teacher, one is renamed, one teacher's e-mail changes.
    """
    district.today += timedelta(days=1)
    return dict(_Day(district).happen())


def churn_day(district: District) -> dict[str, int]:
    """Take a district a day forward on which only students join, leave and move."""
    district.today += timedelta(days=1)
    return dict(_Day(district).churn())


def rollover(district: District, *, today: date | None = None) -> dict[str, int]:
    """Begin a new school year, laid around ``today`` (60 days on unless given); return what happened.

    Every class, course, enrollment and current term is another, students are a grade up, the oldest have left
    and as many have joined.
    """
    district.today = today or district.today + timedelta(days=60)
    district.year += 1
    tables = district.tables
    happened: Counter[str] = Counter()
    with tables.connection():
        for kind in (Class, Course, Enrollment):
            rows = tables.rows(kind)
            happened[f"{NAME_OF[kind]} gone"] = len(rows)
            tables.remove(kind, [position for position, _ in rows])
        students = tables.rows(User, f"{_ATTENDS} AND grades <> '[]'")
        grade_of = {position: json.loads(row.grades)[0] for position, row in students}
        stays = [(position, row) for position, row in students if grade_of[position] in _GRADES[:-1]]
        left = [(position, row) for position, row in students if grade_of[position] not in _GRADES[:-1]]
        tables.replace(
            (position, row._replace(grades=json.dumps([_GRADES[_GRADES.index(grade_of[position]) + 1]])))
            for position, row in stays
        )
        tables.remove(User, [position for position, _ in left])
        day = _Day(district)
        tables.add(day.new_student(row.orgs) for _, row in left)
        happened.update({"left": len(left), "joined": len(left)})
        timetable.lay_year(tables, district.ids, district.random, today=district.today, number=district.year)
    return dict(happened)


class _Day:
    """What happens on one day, drawn from the district's randomness."""

    def __init__(self, district: District) -> None:
        self._district, self._tables, self._random = district, district.tables, district.random
        self._modified = stamp(district.today)
        usernames = (row[0] for row in self._tables.read("SELECT username FROM users"))
        self._people = People(district.ids, district.random, district.domain, usernames)
        self._happened: Counter[str] = Counter()

    def happen(self) -> Counter[str]:
        self.churn()
        with self._tables.connection():
            self._add_co_teacher()
            self._rename_class()
            self._change_email()
        return self._happened

    def churn(self) -> Counter[str]:
        with self._tables.connection():
            students = int(self._tables.value(f"SELECT count(*) FROM users WHERE {_ATTENDS}"))
            few = max(1, students // 500)
            self._join(few)
            self._leave(few)
            self._move(max(1, students // 200))
        return self._happened

    def new_student(self, orgs: str) -> User:
        """Return a new student of the first of these schools, in a low grade."""
        schools = json.loads(orgs) or [""]
        grade = self._random.choice(_GRADES[:3])
        return self._people.student(school=schools[0], grade=grade, modified=self._modified)

    def _join(self, count: int) -> None:
        """A new student comes, into the classes of a schoolmate."""
        for _, mate in self._some(User, self._enrolled_somewhere, count):
            joined = self.new_student(mate.orgs)._replace(grades=mate.grades)
            self._tables.add([joined])
            for _, enrolled in self._enrolled(mate.sourced_id):
                self._enroll(enrolled._replace(user_id=joined.sourced_id))
            self._happened["joined"] += 1

    def _leave(self, count: int) -> None:
        for number, (position, leaver) in enumerate(self._some(User, self._enrolled_somewhere, count)):
            enrolled = self._enrolled(leaver.sourced_id)
            # Which way comes first is another one each day: a district of one leaver a day has all of them.
            way = (number + self._district.today.toordinal()) % 3
            if way == 0:
                self._tables.remove(User, [position])
                self._tables.remove(Enrollment, [each for each, _ in enrolled])
            elif way == 1:
                gone = leaver._replace(status="tobedeleted", modified=self._modified)
                self._tables.replace([(position, gone)])
            else:
                self._end(enrolled)
            self._happened["left"] += 1

    def _move(self, count: int) -> None:
        """A student changes to another section of the same course."""
        sections = (
            "course <> '' AND course = (SELECT course FROM classes WHERE sourced_id = ?)"
            " AND sourced_id NOT IN ('', ?) AND status = 'active'"
        )
        for position, enrolled in self._some(Enrollment, self._going_on, count * 4):
            if self._happened["moved"] >= count:
                break
            others = self._tables.rows(Class, sections, (enrolled.class_id, enrolled.class_id))
            if others:
                self._end([(position, enrolled)])
                self._enroll(enrolled._replace(class_id=self._random.choice(others)[1].sourced_id))
                self._happened["moved"] += 1

    def _add_co_teacher(self) -> None:
        for _, class_ in self._some(Class, _HELD, 1):
            for _, teacher in self._some(User, _TEACHES, 1):
                person = {"user_id": teacher.sourced_id, "role": "teacher", "is_primary": "false"}
                self._enroll(Enrollment("", class_id=class_.sourced_id, school=class_.school, **person))
                self._happened["new co-teacher"] += 1

    def _rename_class(self) -> None:
        for position, class_ in self._some(Class, _HELD, 1):
            title = f"{class_.title.strip()} {self._district.today:%d.%m.}"
            self._tables.replace([(position, class_._replace(title=title, modified=self._modified))])
            self._happened["renamed class"] += 1

    def _change_email(self) -> None:
        for position, teacher in self._some(User, _TEACHES, 1):
            email = f"{teacher.username}.{self._district.today:%j}@{self._district.domain}"
            self._tables.replace([(position, teacher._replace(email=email, modified=self._modified))])
            self._happened["changed e-mail"] += 1

    @property
    def _today(self) -> str:
        return self._district.today.isoformat()

    @property
    def _going_on(self) -> str:
        return f"role = 'student' AND status = 'active' AND end_date NOT BETWEEN '1' AND '{self._today}'"

    @property
    def _enrolled_somewhere(self) -> str:
        # Who has left by the end of all enrollments does not leave again.
        return f"{_ATTENDS} AND sourced_id IN (SELECT user_id FROM enrollments WHERE {self._going_on})"

    def _enrolled(self, user_id: str) -> list[tuple[int, Enrollment]]:
        return self._tables.rows(Enrollment, "user_id = ? AND status = 'active'", (user_id,))

    def _enroll(self, like: Enrollment) -> None:
        fresh = like._replace(
            sourced_id=self._district.ids.enrollment(),
            modified=self._modified,
            begin_date=self._today,
            end_date="",
        )
        self._tables.add([fresh])

    def _end(self, enrolled: list[tuple[int, Enrollment]]) -> None:
        self._tables.replace(
            [(at, row._replace(end_date=self._today, modified=self._modified)) for at, row in enrolled]
        )

    def _some(self, kind: type[R], where: str, count: int) -> list[tuple[int, R]]:
        # Repeated and nameless rows stay as they are: changing one of two that are alike says nothing.
        table = NAME_OF[kind]
        alone = f"sourced_id IN (SELECT sourced_id FROM {table} GROUP BY sourced_id HAVING count(*) = 1)"
        query = (
            f"SELECT position FROM {table} WHERE {where} AND sourced_id <> '' AND {alone} ORDER BY position"
        )
        positions = [row[0] for row in self._tables.read(query)]
        return self._tables.at(kind, self._random.sample(positions, min(count, len(positions))))
