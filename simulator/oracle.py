"""What a right sync gives: the rules of the domain as SQL over the rows that a server serves.

The rules stand in ``oracle.sql``. Here is only what asks it and hands its answers over; nothing is shared
with the sync. It reads the tables, never an answer of the server, so no fault can mislead it.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from simulator.query import COLLECTIONS
from simulator.tables import Tables

_RULES: Final = Path(__file__).with_name("oracle.sql")
_GOOD: Final = {
    "orgs": "good_org",
    "academicSessions": "good_session",
    "courses": "good_course",
    "classes": "good_class",
    "teachers": "good_user",
    "students": "good_user",
    "enrollments": "good_enrollment",
}
_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?")


@dataclass(frozen=True)
class Settings:
    """A tenant's settings that change what is right, with their defaults (RULES, *settings*)."""

    aides_own_groups: bool = False
    lead_days: int = 7
    grace_days: int = 7
    homerooms: bool = True
    schools_excluded: frozenset[str] = frozenset()
    email_domains: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RightGroup:
    """A group as it has to be. ``name`` is None where a hash of the sync's own choice tells it apart."""

    name: str | None
    members: frozenset[str]


class Oracle:
    """Answers from the tables as they are when it is asked. Dates are the tenant's *today* (RULES 1.4)."""

    def __init__(self, tables: Tables, settings: Settings | None = None) -> None:
        self._tables = tables
        self._settings = settings or Settings()

    def statistics(self, today: date) -> dict[str, int]:
        """Return ``teachers``, ``students``, ``classes``, ``groups`` and ``memberships`` (RULES 1.8)."""
        with self._asked(today) as database:
            row = database.execute(
                "SELECT (SELECT count(*) FROM person WHERE is_teacher AND active AND enabled),"
                " (SELECT count(*) FROM person WHERE is_student AND active AND enabled),"
                " (SELECT count(*) FROM class WHERE active),"
                " (SELECT count(*) FROM yielded),"
                " (SELECT count(*) FROM yielded JOIN member USING (class_id))"
            ).fetchone()
        return dict(zip(("teachers", "students", "classes", "groups", "memberships"), row, strict=True))

    def readiness(self, today: date) -> dict[str, int]:
        """Return ``teachers`` with a group and ``students`` in one, each once, and ``students_with_login``.

        And ``shared_emails``, owners whose records have several family names, and ``dangling_enrollments``,
        without their class or, of the active ones, their person. The login is the e-mail, else the username.
        """
        queries = {
            "teachers": "SELECT count(DISTINCT owner) FROM yielded",
            "students": "SELECT count(DISTINCT user_id) FROM yielded JOIN member USING (class_id)",
            "students_with_login": "SELECT count(DISTINCT user_id) FROM yielded JOIN member USING (class_id)"
            " JOIN listed ON sourced_id = user_id AND place = 1"
            " WHERE trimmed(email) <> '' OR trimmed(username) <> ''",
            "shared_emails": "SELECT count(*) FROM"
            " (SELECT owner.email FROM owner JOIN person USING (sourced_id)"
            " WHERE family_name <> '' GROUP BY owner.email HAVING count(DISTINCT family_name) > 1)",
            "dangling_enrollments": "SELECT count(*) FROM enrollment"
            " WHERE class_id NOT IN (SELECT sourced_id FROM class)"
            " OR active AND user_id NOT IN (SELECT sourced_id FROM person)",
        }
        with self._asked(today) as database:
            return {name: database.execute(query).fetchone()[0] for name, query in queries.items()}

    def groups(self, today: date) -> dict[tuple[str, str], RightGroup]:
        """Return the groups by owner's e-mail, as it is compared, and class sourcedId."""
        with self._asked(today) as database:
            members: dict[str, set[str]] = {}
            for class_id, user_id in database.execute("SELECT class_id, user_id FROM member"):
                members.setdefault(class_id, set()).add(user_id)
            found = database.execute("SELECT owner, class_id, name FROM yielded").fetchall()
        frozen = {class_id: frozenset(several) for class_id, several in members.items()}
        return {(owner, class_id): RightGroup(name, frozen[class_id]) for owner, class_id, name in found}

    def without(self, today: date) -> dict[str, int]:
        """Return how many classes yield no group, by the first reason (RULES 1.6)."""
        query = "SELECT reason, count(*) FROM outcome WHERE reason <> '' GROUP BY reason ORDER BY reason"
        with self._asked(today) as database:
            return dict(database.execute(query).fetchall())

    def reasons(self, today: date) -> dict[str, str]:
        """Return why each class yields no group, by sourcedId; ``""`` for one that does."""
        with self._asked(today) as database:
            return dict(database.execute("SELECT class_id, reason FROM outcome").fetchall())

    def owners(self, today: date) -> dict[str, frozenset[str]]:
        """Return the teacher records of each owner by the e-mail that is compared (RULES 2.1, 2.2)."""
        owners: dict[str, set[str]] = {}
        with self._asked(today) as database:
            for email, sourced_id in database.execute("SELECT email, sourced_id FROM owner"):
                owners.setdefault(email, set()).add(sourced_id)
        return {email: frozenset(records) for email, records in owners.items()}

    def collections(self, today: date = date.min) -> dict[str, dict[str, int]]:
        """Return for each collection of a pull what becomes of its rows, which is the same on any date.

        ``announced``, ``received``, ``kept`` (different good ids), ``setAside`` and ``duplicates`` (good rows
        of an id that is kept already); the last three add up to what is received.
        """
        counted: dict[str, dict[str, int]] = {}
        with self._asked(today) as database:
            for name, good in _GOOD.items():
                served = COLLECTIONS[name]
                (rows,) = database.execute(
                    f"SELECT count(*) FROM {served.table} WHERE {served.where}"
                ).fetchone()
                taken, kept = database.execute(
                    f"SELECT count(*), count(DISTINCT sourced_id) FROM {good} WHERE {served.where}"
                ).fetchone()
                counted[name] = {
                    "announced": rows,
                    "received": rows,
                    "kept": kept,
                    "setAside": rows - taken,
                    "duplicates": taken - kept,
                }
        return counted

    @contextmanager
    def _asked(self, today: date) -> Iterator[sqlite3.Connection]:
        """Hold the connection, with the tables of ``oracle.sql`` made for a date; once for each question."""
        settings = self._settings
        with self._tables.connection() as database:
            question = (self._tables.revision, today, repr(settings))
            if self._tables.answered != question:
                _forget(database)
                for name, function in _FUNCTIONS.items():
                    database.create_function(name, 1, function, deterministic=True)
                database.execute(
                    "CREATE TEMP TABLE question AS"
                    " SELECT ? AS today, ? AS lead, ? AS grace, ? AS homerooms, ? AS aides",
                    (
                        today.isoformat(),
                        settings.lead_days,
                        settings.grace_days,
                        settings.homerooms,
                        settings.aides_own_groups,
                    ),
                )
                database.execute("CREATE TEMP TABLE rewrite (old TEXT PRIMARY KEY, new TEXT)")
                database.executemany("INSERT INTO rewrite VALUES (?, ?)", settings.email_domains.items())
                database.execute("CREATE TEMP TABLE school_left_out (org TEXT PRIMARY KEY)")
                database.executemany(
                    "INSERT INTO school_left_out VALUES (?)", [(org,) for org in settings.schools_excluded]
                )
                database.executescript(_RULES.read_text())
                self._tables.answered = question
            yield database


def _forget(database: sqlite3.Connection) -> None:
    for (name,) in database.execute("SELECT name FROM sqlite_temp_master WHERE type = 'table'").fetchall():
        database.execute(f"DROP TABLE temp.{name}")


def _lowered(text: str) -> str:
    return text.strip().lower()


def _folded(text: str) -> str:
    return text.strip().casefold()


@lru_cache(maxsize=100_000)
def _day(text: str) -> str:
    """Return the date of a OneRoster date or time, ``""`` for a blank, ``unreadable`` for anything else."""
    if not text.strip():
        return ""
    found = _DATE.fullmatch(text.strip())
    try:
        return date.fromisoformat(found[1]).isoformat() if found else "unreadable"
    except ValueError:
        return "unreadable"


_FUNCTIONS: Final[dict[str, Callable[[str], str]]] = {
    "trimmed": str.strip,
    "lowered": _lowered,
    "folded": _folded,
    "day": _day,
}
