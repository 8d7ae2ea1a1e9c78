"""Dirt of real servers (ONEROSTER §8) in known amounts: what is wrong with the rows, never with the answers.

Each kind takes its part of the rows, and no row is taken by two kinds: the number of a kind is the number of
rows that have it.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import islice
from random import Random
from typing import Any, Final

from simulator.generate import stamp
from simulator.identifiers import Identifiers
from simulator.tables import (
    NAME_OF,
    TABLES,
    AcademicSession,
    Class,
    Course,
    Enrollment,
    Org,
    R,
    Row,
    Tables,
    User,
)

_HARMLESS_SHAPES: Final = ("booleans", "null", "missing", "scalars", "booleans null scalars", "empty")
_ABSENT_SHAPES: Final = ("", "null", "missing", "empty")
_UNREADABLE_DATES: Final = ("soon", "31/12/2098", "2098-13-45")
_ODD_NAMES: Final = (
    "O'Thimble “Tin” \\ Whistle",
    "Мармеладка",
    "ふわふわ",
    "بسكوت",
    "Zoë-Marzipán",
    "🦔 Pinecone",
    "Thimblewhistle" * 40,
)
_GHOSTS: Final = 12
"""Ids that nobody has, among which dangling references choose: a client asks for each of them."""


def soil(tables: Tables, ids: Identifiers, random: Random, share: float, today: date) -> Counter[str]:
    """Make a share of the rows dirty, roughly; return how many rows there are of each kind."""
    soil = _Soil(tables, random, share)
    _shapes(soil)
    _states(soil)
    _names_and_emails(soil)
    _shared_emails(soil, ids)
    _classes(soil)
    _sessions(soil, ids)
    _enrollments(soil, ids, today)
    _repeats(soil, today)
    _strangers(soil)
    return soil.count


class _Soil:
    """Takes rows that are still clean, and counts them."""

    def __init__(self, tables: Tables, random: Random, share: float) -> None:
        self.tables, self.random = tables, random
        self.count: Counter[str] = Counter()
        self._share = share
        self._order: dict[type[Any], list[int]] = {}
        self._dirty: dict[type[Any], set[int]] = {}

    def take(self, kind: str, of: type[R], weight: float, where: str = "1") -> list[tuple[int, R]]:
        """Return rows for a kind of dirt: ``weight`` of the share of those that fit ``where``, at least one.

        Half of those that fit are never taken: a district of a few teachers goes on having some.
        """
        if of not in self._order:
            self._order[of] = sorted(self._positions(of, "1"))
            self.random.shuffle(self._order[of])
        fitting = set(self._positions(of, where))
        dirty = self._dirty.setdefault(of, set())
        clean = fitting - dirty
        wanted = max(1, round(len(fitting) * self._share * weight))
        amount = max(0, min(wanted, len(clean) - len(fitting) // 2))
        taken = list(islice((at for at in self._order[of] if at in clean), amount))
        dirty.update(taken)
        self.count[kind] += len(taken)
        return self.tables.at(of, taken)

    def change(
        self, kind: str, of: type[R], weight: float, changed: Callable[[R], Row], where: str = "1"
    ) -> None:
        """Put rows in the place of clean ones."""
        self.tables.replace([(at, changed(row)) for at, row in self.take(kind, of, weight, where)])

    def _positions(self, of: type[Any], where: str) -> list[int]:
        return [row[0] for row in self.tables.read(f"SELECT position FROM {NAME_OF[of]} WHERE {where}")]


def _shapes(soil: _Soil) -> None:
    """Rows that say the same in another way."""
    random = soil.random
    for kind in TABLES.values():
        soil.change("shape", kind, 1.0, lambda row: row._replace(shape=random.choice(_HARMLESS_SHAPES)))
    soil.change("status in capitals", User, 0.1, lambda row: row._replace(status="ACTIVE"))
    soil.change("status missing", User, 0.1, lambda row: row._replace(status="", shape="missing"))
    soil.change("role and roles", User, 0.1, lambda row: row._replace(shape="roles"))
    soil.change("roles alone", User, 0.1, lambda row: row._replace(shape="roles-alone"))


def _states(soil: _Soil) -> None:
    """Rows that are there and do not count."""
    for kind, weight in ((User, 0.1), (Class, 0.2), (Enrollment, 0.1)):
        soil.change("to be deleted", kind, weight, lambda row: row._replace(status="tobedeleted"))
    teachers, students = "in_teachers", "in_students"
    soil.change("to be deleted", User, 0.01, lambda row: row._replace(status="ToBeDeleted"), teachers)
    soil.change("disabled", User, 0.1, lambda row: row._replace(enabled_user="false"), students)
    soil.change("disabled", User, 0.1, lambda row: row._replace(enabled_user="False"), teachers)


def _names_and_emails(soil: _Soil) -> None:
    random = soil.random
    broken = ("thimble", "thimble@", "@thimble.example")
    teachers, students = "in_teachers", "in_students"

    def capitals(row: User) -> User:
        return row._replace(email=f" {row.email.upper()} ")

    soil.change(
        "odd name", User, 0.2, lambda row: row._replace(given_name=random.choice(_ODD_NAMES)), students
    )
    soil.change("no e-mail", User, 0.2, lambda row: row._replace(email=""), teachers)
    soil.change("no e-mail", User, 0.1, lambda row: row._replace(email=""), students)
    soil.change("e-mail in capitals", User, 0.3, capitals, teachers)
    soil.change("broken e-mail", User, 0.1, lambda row: row._replace(email=random.choice(broken)), teachers)
    soil.change(
        "e-mail at no domain", User, 0.1, lambda row: row._replace(email=f"{row.username}@x"), teachers
    )


def _shared_emails(soil: _Soil, ids: Identifiers) -> None:
    """One teacher with two records, two teachers with one e-mail, and a teacher with a student's."""
    for kind in ("teacher twice", "shared e-mail"):
        for _, row in soil.take(kind, User, 0.2, "in_teachers"):
            family = row.family_name if kind == "teacher twice" else f"{row.family_name}son"
            second = row._replace(sourced_id=ids.teacher(), family_name=family, email=row.email.upper())
            soil.tables.add([second])
            # The second record takes over half of the classes.
            enrolled = soil.tables.rows(Enrollment, "user_id = ?", (row.sourced_id,))[::2]
            soil.tables.replace([(at, each._replace(user_id=second.sourced_id)) for at, each in enrolled])
    students = soil.tables.read("SELECT email FROM users WHERE in_students AND email <> '' LIMIT 50")
    if students:
        soil.change(
            "e-mail of a student",
            User,
            0.1,
            lambda row: row._replace(email=soil.random.choice(students)[0]),
            "in_teachers",
        )


def _classes(soil: _Soil) -> None:
    for kind, weight, changed in (
        ("unknown school", 0.1, {"school": "nowhere"}),
        ("no school", 0.1, {"school": ""}),
        ("unknown term", 0.1, {"terms": '["never"]'}),
        ("no term", 0.2, {"terms": "[]"}),
        ("neither term nor course", 0.1, {"terms": "[]", "course": ""}),
        ("no title", 0.1, {"title": " "}),
        ("no code", 0.2, {"class_code": ""}),
    ):
        rows = soil.take(kind, Class, weight)
        soil.tables.replace([(at, Class(**{**row._asdict(), **changed})) for at, row in rows])
    soil.change("title in capitals", Class, 0.1, lambda row: row._replace(title=f" {row.title.upper()}"))
    soil.change("id too long", Class, 0.05, lambda row: row._replace(sourced_id=row.sourced_id + "0" * 256))
    for kind, role in (("no teacher", "teacher"), ("no student", "student")):
        for _, row in soil.take(kind, Class, 0.1):
            enrolled = soil.tables.rows(Enrollment, "class_id = ? AND role = ?", (row.sourced_id, role))
            soil.tables.remove(Enrollment, [at for at, _ in enrolled])


def _sessions(soil: _Soil, ids: Identifiers) -> None:
    dates = {
        "unreadable date": (("soon", "2099-01-01"), ("31/12/2098", "2099-13-45")),
        "no date": (("", ""),),
    }
    for kind, several in dates.items():
        soil.count[kind] += len(several)
        soil.tables.add(
            AcademicSession(ids.other(), title="Broken term", type="term", start_date=start, end_date=end)
            for start, end in several
        )


def _enrollments(soil: _Soil, ids: Identifiers, today: date) -> None:
    random = soil.random
    ghosts = [ids.other() for _ in range(_GHOSTS)]
    days_ago = f"{today - timedelta(days=9)}T00:00:00.000Z"

    def absent() -> str:
        return random.choice(_ABSENT_SHAPES)

    changes: dict[str, Callable[[Enrollment], Row]] = {
        "unknown class": lambda row: row._replace(class_id=random.choice(ghosts)),
        "unknown user": lambda row: row._replace(user_id=random.choice(ghosts)),
        "without class": lambda row: row._replace(class_id="", shape=absent()),
        "without user": lambda row: row._replace(user_id="", shape=absent()),
        "unreadable date": lambda row: row._replace(end_date=random.choice(_UNREADABLE_DATES)),
        "date with a time": lambda row: row._replace(begin_date=days_ago),
        "unknown role": lambda row: row._replace(role=random.choice(("guardian", "parent", "visitor"))),
        "role in capitals": lambda row: row._replace(role=row.role.upper()),
        "no id": lambda row: row._replace(sourced_id="", shape=absent()),
        "id too long": lambda row: row._replace(sourced_id=row.sourced_id + "0" * 256),
    }
    for kind, changed in changes.items():
        soil.change(kind, Enrollment, 0.05, changed)


def _repeats(soil: _Soil, today: date) -> None:
    """Rows that come twice: alike, or in an older state without a date or with an earlier one."""
    older = ("", stamp(today - timedelta(days=400)))
    for kind in TABLES.values():
        soil.tables.add(row for _, row in soil.take("repeated", kind, 0.1, "sourced_id <> ''"))
        rows = soil.take("repeated, older", kind, 0.1, "sourced_id <> '' AND modified <> ''")
        soil.tables.add(
            row._replace(status="tobedeleted", modified=soil.random.choice(older)) for _, row in rows
        )


def _strangers(soil: _Soil) -> None:
    """Rows that do not belong there: CSV headers read as records, guardians, records without an id."""
    head = ("sourcedId", "status", "dateLastModified", "")
    names = ("username", "enabledUser", "givenName", "familyName", "middleName", "role", '["orgs"]')
    person = (*names, "identifier", "email")
    session = ("title", "type", "startDate", "endDate", "schoolYear")
    class_ = ("title", "classType", "classCode", "location", '["grades"]', '["subjects"]', "course", "school")
    enrollment = ("class", "school", "user", "role", "primary", "beginDate", "endDate")
    headers: list[Row] = [
        Org(*head, "name", "type", "identifier"),
        AcademicSession(*head, *session),
        Course(*head, "title", "courseCode"),
        Class(*head, *class_, '["terms"]', '["periods"]'),
        User(*head, 1, 0, *person),
        User(*head, 0, 1, *person),
        Enrollment(*head, *enrollment),
    ]
    soil.tables.add(headers)
    soil.count["header row"] += len(headers)
    for number, (_, ward) in enumerate(soil.take("guardian", User, 0.2, "in_students AND sourced_id <> ''")):
        role = ("guardian", "Parent", "relative")[number % 3]
        soil.tables.add([ward._replace(sourced_id=f"{ward.sourced_id}-g", role=role)])
    for kind in TABLES.values():
        soil.tables.add(
            row._replace(sourced_id="", shape=soil.random.choice(_ABSENT_SHAPES))
            for _, row in soil.take("no id", kind, 0.02, "sourced_id <> ''")
        )
