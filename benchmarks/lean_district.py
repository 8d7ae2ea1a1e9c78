"""A district of any size whose pages are written as they are asked for, at a microsecond a row.

The simulator's districts are richer and take minutes to generate at this size. Ids are numbers with leading
zeros, so that their order is the rows'. ``changed`` is the share of students whose name, and of classes one
of whose members, is another than on the first night.
"""

import time
from dataclasses import dataclass, field
from typing import Final

from rostersync.oneroster.payloads import Row, parse_page
from rostersync.oneroster.sent import SentRequests
from rostersync.oneroster.server import Page

CLASS_SIZE: Final = 30
"""Rows of a class: its teacher and 29 students."""

ENROLLMENTS_A_STUDENT: Final = 7.4
STUDENTS_A_TEACHER: Final = 15
STUDENTS_A_SCHOOL: Final = 600
LARGEST_CLASS: Final = 4_000

_STRIDE: Final = 104_729
_CLASS_STRIDE: Final = 7_919
_MODIFIED: Final = '"dateLastModified":"2026-08-01T04:00:00.000Z"'


@dataclass
class LeanDistrict:
    """A Roster Server's answers. ``rendering`` counts the CPU seconds that writing them took."""

    students: int
    changed: float = 0.0
    requests_sent: int = 0
    sent: SentRequests = field(default_factory=SentRequests, repr=False)
    rendering: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        """Count what the district has."""
        self.large = min(LARGEST_CLASS, self.students // 4)
        enrollments = int(self.students * ENROLLMENTS_A_STUDENT)
        self.classes = 1 + (enrollments - self.large) // CLASS_SIZE
        self.teachers = max(1, self.students // STUDENTS_A_TEACHER)
        self.schools = max(1, self.students // STUDENTS_A_SCHOOL)
        self.totals = {
            "orgs": 1 + self.schools,
            "academicSessions": 5,
            "courses": 400,
            "classes": self.classes,
            "teachers": self.teachers,
            "students": self.students,
            "enrollments": self.large + 1 + (self.classes - 1) * CLASS_SIZE,
        }
        self.rows = sum(self.totals.values())

    def page(self, collection: str, *, offset: int, limit: int) -> Page:
        """Return rows of a collection."""
        return self.sent.ask(lambda: self._page(collection, offset, limit))

    def _page(self, collection: str, offset: int, limit: int) -> Page:
        begun = time.thread_time()
        body = self.body(collection, offset=offset, limit=limit)
        self.requests_sent += 1
        self.rendering += time.thread_time() - begun
        return Page(parse_page(collection, body), self.totals[collection], "1", len(body))

    def body(self, collection: str, *, offset: int, limit: int) -> bytes:
        """Return rows of a collection as they come over the wire."""
        render = getattr(self, f"_{collection}")
        places = range(offset, min(self.totals[collection], offset + limit))
        name = "users" if collection in {"teachers", "students"} else collection
        return f'{{"{name}":[{",".join(map(render, places))}]}}'.encode()

    def peek(self, collection: str, *, offset: int = 0) -> Page:
        """Return one row."""
        return self.page(collection, offset=offset, limit=1)

    def user(self, sourced_id: str) -> Row | None:
        """Say that there is nobody else."""
        del sourced_id
        return None

    def _every(self, place: int, of: int) -> bool:
        """Say whether a row is among those that changed."""
        return self.changed > 0 and place % int(1 / self.changed) == of

    def _orgs(self, place: int) -> str:
        kind = "school" if place else "district"
        return (
            f'{{"sourcedId":"o{place:05}","status":"active",{_MODIFIED},"name":"School {place}",'
            f'"type":"{kind}"}}'
        )

    def _academicSessions(self, place: int) -> str:  # noqa: N802 - the collection's name
        return (
            f'{{"sourcedId":"t{place}","status":"active",{_MODIFIED},"title":"Term {place}",'
            '"type":"semester","startDate":"2026-08-01","endDate":"2027-06-30","schoolYear":"2027"}'
        )

    def _courses(self, place: int) -> str:
        return (
            f'{{"sourcedId":"k{place:04}","status":"active",{_MODIFIED},"title":"Course {place}",'
            f'"courseCode":"C{place}","schoolYear":{{"sourcedId":"t0"}}}}'
        )

    def _classes(self, place: int) -> str:
        return (
            f'{{"sourcedId":"c{place:06}","status":"active",{_MODIFIED},"title":"Course {place % 400}",'
            f'"classType":"scheduled","classCode":"{place}","location":"R{place % 90}",'
            f'"course":{{"sourcedId":"k{place % 400:04}","href":"https://x/c/{place}"}},'
            f'"school":{{"sourcedId":"o{1 + place % self.schools:05}"}},'
            f'"terms":[{{"sourcedId":"t{place % 5}"}}],"periods":["{place % 8}"]}}'
        )

    def _teachers(self, place: int) -> str:
        return self._user("p", place, "teacher", f"Teach{place}")

    def _students(self, place: int) -> str:
        return self._user("s", place, "student", f"Family{place}{'-Other' * self._every(place, 7)}")

    def _user(self, kind: str, place: int, role: str, family: str) -> str:
        return (
            f'{{"sourcedId":"{kind}{place:07}","status":"active",{_MODIFIED},"enabledUser":"true",'
            f'"orgs":[{{"href":"https://x/o","sourcedId":"o{1 + place % self.schools:05}","type":"org"}}],'
            f'"role":"{role}","username":"{kind}{place}","identifier":"{place}",'
            f'"givenName":"Given{place % 997}","familyName":"{family}",'
            f'"email":"{kind}{place}@district.example"}}'
        )

    def _enrollments(self, place: int) -> str:
        if place <= self.large:
            section, seat = 0, place
        else:
            section, seat = divmod(place - self.large - 1, CLASS_SIZE)
            section += 1
        teaches = seat == 0
        step = seat + (1_000 if seat == 1 and self._every(section, 3) else 0)
        one = (
            section % self.teachers if teaches else (section * _CLASS_STRIDE + step * _STRIDE) % self.students
        )
        role, kind = ("teacher", "p") if teaches else ("student", "s")
        return (
            f'{{"sourcedId":"e{place:08}","status":"active",{_MODIFIED},'
            f'"class":{{"href":"https://x/c/{section}","sourcedId":"c{section:06}","type":"class"}},'
            f'"user":{{"href":"https://x/u/{one}","sourcedId":"{kind}{one:07}","type":"user"}},'
            f'"role":"{role}","primary":"{str(teaches).lower()}",'
            '"beginDate":"2026-08-15","endDate":"2027-06-15"}'
        )
