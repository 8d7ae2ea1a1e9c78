"""A district's data: one SQLite table a OneRoster resource, one row for each record that is served.

Columns hold texts as OneRoster sends them, dirt included: a blank is ``""``, a list is a JSON array of
strings, a reference is the other record's sourcedId. Meaning stands in the columns, where the oracle reads
it; ``shape`` holds words of ``render.SHAPES`` that change how a record is written and never what it says.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar


class Org(NamedTuple):
    """A district or a school."""

    sourced_id: str
    status: str = "active"
    modified: str = ""
    shape: str = ""
    name: str = ""
    type: str = ""
    identifier: str = ""
    parent: str = ""


class AcademicSession(NamedTuple):
    """A school year, a term or a grading period."""

    sourced_id: str
    status: str = "active"
    modified: str = ""
    shape: str = ""
    title: str = ""
    type: str = ""
    start_date: str = ""
    end_date: str = ""
    school_year: str = ""
    parent: str = ""


class Course(NamedTuple):
    """A course; ``school_year`` is the sourcedId of an academic session."""

    sourced_id: str
    status: str = "active"
    modified: str = ""
    shape: str = ""
    title: str = ""
    course_code: str = ""
    school_year: str = ""
    grades: str = "[]"
    subjects: str = "[]"
    org: str = ""


class Class(NamedTuple):
    """A class; ``grades``, ``subjects``, ``terms`` and ``periods`` are JSON arrays."""

    sourced_id: str
    status: str = "active"
    modified: str = ""
    shape: str = ""
    title: str = ""
    class_type: str = ""
    class_code: str = ""
    location: str = ""
    grades: str = "[]"
    subjects: str = "[]"
    course: str = ""
    school: str = ""
    terms: str = "[]"
    periods: str = "[]"


class User(NamedTuple):
    """A person; ``in_teachers`` and ``in_students``, 0 or 1, say what lists the row beside ``/users``.

    They are columns of their own, not ``role``: a guardian or a header row turns up among students too.
    """

    sourced_id: str
    status: str = "active"
    modified: str = ""
    shape: str = ""
    in_teachers: int = 0
    in_students: int = 0
    username: str = ""
    enabled_user: str = "true"
    given_name: str = ""
    family_name: str = ""
    middle_name: str = ""
    role: str = ""
    orgs: str = "[]"
    identifier: str = ""
    email: str = ""
    grades: str = "[]"
    agents: str = "[]"


class Enrollment(NamedTuple):
    """A person on a class."""

    sourced_id: str
    status: str = "active"
    modified: str = ""
    shape: str = ""
    class_id: str = ""
    school: str = ""
    user_id: str = ""
    role: str = ""
    is_primary: str = ""
    begin_date: str = ""
    end_date: str = ""


Row: TypeAlias = Org | AcademicSession | Course | Class | User | Enrollment
R = TypeVar("R", bound=Row)

TABLES: Final[dict[str, type[Row]]] = {
    "orgs": Org,
    "academic_sessions": AcademicSession,
    "courses": Course,
    "classes": Class,
    "users": User,
    "enrollments": Enrollment,
}
"""Table name to the type of its rows; the columns are the type's fields after ``position``."""

NAME_OF: Final[dict[type[Any], str]] = {kind: name for name, kind in TABLES.items()}
# SQLite takes 32,766 values in one statement.
_VALUES_AT_ONCE: Final = 10_000
_INTEGERS: Final = frozenset({"in_teachers", "in_students"})
_INDEXES: Final = (
    *(f"CREATE INDEX {name}_by_id ON {name} (sourced_id)" for name in TABLES),
    "CREATE INDEX teachers_by_id ON users (sourced_id) WHERE in_teachers = 1",
    "CREATE INDEX students_by_id ON users (sourced_id) WHERE in_students = 1",
    "CREATE INDEX classes_by_course ON classes (course)",
    "CREATE INDEX enrollments_by_class ON enrollments (class_id)",
    "CREATE INDEX enrollments_by_user ON enrollments (user_id)",
)


class Tables:
    """The tables in memory, safe to use from several threads: one connection, one lock.

    ``revision`` grows with every change, so that what was rendered from an older one is known as such.
    ``answered`` is what the temporary tables of the connection answer: the oracle's, and its alone.
    Each row has a ``position``: the order in which it came, and what tells repeated sourcedIds apart.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.answered: object = None
        self._lock = threading.RLock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA temp_store = MEMORY")
        for name, kind in TABLES.items():
            columns = ", ".join(
                f"{field} {'INTEGER' if field in _INTEGERS else 'TEXT'} NOT NULL" for field in kind._fields
            )
            self._database.execute(f"CREATE TABLE {name} (position INTEGER PRIMARY KEY, {columns})")

    def index(self) -> None:
        """Build the indexes: once, after the first rows are in, which is faster than growing them."""
        with self._lock:
            for statement in _INDEXES:
                self._database.execute(statement)
            self._database.execute("ANALYZE")

    def close(self) -> None:
        """Forget the data."""
        with self._lock:
            self._database.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction that nobody reads in the middle of; rolled back when it raises."""
        with self._lock:
            self._database.execute("BEGIN")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
            self.revision += 1

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """The connection for reading and for temporary tables, held against changes meanwhile."""
        with self._lock:
            yield self._database

    def read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a SELECT."""
        with self._lock:
            return self._database.execute(query, values).fetchall()

    def value(self, query: str, values: Sequence[Any] = ()) -> Any:
        """Return the first column of a SELECT's first row; None when there is none."""
        rows = self.read(query, values)
        return rows[0][0] if rows else None

    def rows(self, kind: type[R], where: str = "1", values: Sequence[Any] = ()) -> list[tuple[int, R]]:
        """Return (position, row) of the rows of a kind in order of position."""
        found = self.read(f"SELECT * FROM {NAME_OF[kind]} WHERE {where} ORDER BY position", values)
        return [(row[0], kind(*row[1:])) for row in found]

    def at(self, kind: type[R], positions: Iterable[int]) -> list[tuple[int, R]]:
        """Return (position, row) of the rows at some positions, in order of position."""
        ordered = sorted(positions)
        found: list[tuple[int, R]] = []
        for start in range(0, len(ordered), _VALUES_AT_ONCE):
            part = ordered[start : start + _VALUES_AT_ONCE]
            found += self.rows(kind, f"position IN ({','.join('?' * len(part))})", part)
        return found

    def add(self, rows: Iterable[Row]) -> None:
        """Append rows, each to the table of its type."""
        by_kind: dict[type[Row], list[Row]] = {}
        for row in rows:
            by_kind.setdefault(type(row), []).append(row)
        with self.change() as database:
            for kind, several in by_kind.items():
                columns = ", ".join(kind._fields)
                marks = ", ".join("?" * len(kind._fields))
                database.executemany(f"INSERT INTO {NAME_OF[kind]} ({columns}) VALUES ({marks})", several)

    def replace(self, rows: Iterable[tuple[int, Row]]) -> None:
        """Write rows at their positions, over what stands there."""
        with self.change() as database:
            for position, row in rows:
                assignments = ", ".join(f"{field} = ?" for field in row._fields)
                database.execute(
                    f"UPDATE {NAME_OF[type(row)]} SET {assignments} WHERE position = ?", (*row, position)
                )

    def remove(self, kind: type[Row], positions: Iterable[int]) -> None:
        """Delete rows by position."""
        with self.change() as database:
            database.executemany(
                f"DELETE FROM {NAME_OF[kind]} WHERE position = ?", [(position,) for position in positions]
            )
