"""A OneRoster 1.1 CSV bundle: the folder of files that school systems export, as tables."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from simulator.tables import AcademicSession, Class, Course, Enrollment, Org, Row, Tables, User


class NotABundle(Exception):
    """The folder holds no OneRoster files."""


def read(folder: Path) -> Tables:
    """Return the tables of a bundle; a file that is missing is an empty table. Raises ``NotABundle``.

    Who has the role teacher is listed in ``/teachers``, who has the role student in ``/students``. A
    sourcedId is taken as it stands, all other texts without the spaces around them.
    """
    if not any((folder / f"{name}.csv").is_file() for name in ("users", "classes", "enrollments")):
        raise NotABundle(f"{folder} holds neither users.csv nor classes.csv nor enrollments.csv")
    tables = Tables()
    for name, row_of in _ROWS.items():
        path = folder / f"{name}.csv"
        if path.is_file():
            tables.add(row_of(record) for record in _records(path))
    return tables


def _records(path: Path) -> Iterator["_Record"]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for values in csv.DictReader(file):
            yield _Record({str(key).strip().lower(): value for key, value in values.items() if key})


class _Record:
    """One line of a file; a column that is missing reads as blank."""

    def __init__(self, values: dict[str, str | None]) -> None:
        self._values = values

    def __getitem__(self, column: str) -> str:
        value = self._values.get(column.lower()) or ""
        return value if column == "sourcedId" else value.strip()

    def array(self, column: str) -> str:
        return json.dumps([part.strip() for part in self[column].split(",") if part.strip()])

    @property
    def head(self) -> tuple[str, str, str, str]:
        return self["sourcedId"], self["status"] or "active", self["dateLastModified"], ""


def _org(line: _Record) -> Row:
    return Org(*line.head, line["name"], line["type"], line["identifier"], line["parentSourcedId"])


def _session(line: _Record) -> Row:
    return AcademicSession(
        *line.head,
        line["title"],
        line["type"],
        line["startDate"],
        line["endDate"],
        line["schoolYear"],
        line["parentSourcedId"],
    )


def _course(line: _Record) -> Row:
    return Course(
        *line.head,
        line["title"],
        line["courseCode"],
        line["schoolYearSourcedId"],
        line.array("grades"),
        line.array("subjects"),
        line["orgSourcedId"],
    )


def _class(line: _Record) -> Row:
    return Class(
        *line.head,
        line["title"],
        line["classType"],
        line["classCode"],
        line["location"],
        line.array("grades"),
        line.array("subjects"),
        line["courseSourcedId"],
        line["schoolSourcedId"],
        line.array("termSourcedIds"),
        line.array("periods"),
    )


def _user(line: _Record) -> Row:
    role = line["role"].lower()
    return User(
        *line.head,
        int(role == "teacher"),
        int(role == "student"),
        line["username"],
        line["enabledUser"],
        line["givenName"],
        line["familyName"],
        line["middleName"],
        line["role"],
        line.array("orgSourcedIds"),
        line["identifier"],
        line["email"],
        line.array("grades"),
        line.array("agentSourcedIds"),
    )


def _enrollment(line: _Record) -> Row:
    return Enrollment(
        *line.head,
        line["classSourcedId"],
        line["schoolSourcedId"],
        line["userSourcedId"],
        line["role"],
        line["primary"],
        line["beginDate"],
        line["endDate"],
    )


_ROWS: Final = {
    "orgs": _org,
    "academicSessions": _session,
    "courses": _course,
    "classes": _class,
    "users": _user,
    "enrollments": _enrollment,
}
