"""OneRoster 1.1 CSV bundles as districts."""

from __future__ import annotations

import csv
from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from simulator.bundle import NotABundle
from simulator.district import District
from simulator.oracle import Oracle, RightGroup
from simulator.server import SimulatedServer
from simulator.tables import Class, User
from tests.simulator.client import records

TODAY = date(2026, 10, 1)
SINCE = "2026-08-15T00:00:00.000Z"


def lines(columns: str, *rows: list[str]) -> str:
    file = StringIO()
    csv.writer(file).writerows([columns.split(), *rows])
    return file.getvalue()


FILES = {
    "orgs": lines(
        "sourcedId status dateLastModified name type identifier parentSourcedId",
        ["o1", "active", SINCE, "Puffin Elementary School", "school", "1000", ""],
    ),
    "academicSessions": lines(
        "sourcedId status dateLastModified title type startDate endDate parentSourcedId schoolYear",
        ["y1", "", "", "School Year", "schoolYear", "2026-08-15", "2027-06-10", "", "2027"],
        ["a1", "active", SINCE, "Full Year", "term", "2026-08-15", "2027-06-10", "y1", "2027"],
    ),
    "courses": lines(
        "sourcedId status schoolYearSourcedId title courseCode grades orgSourcedId subjects",
        ["k1", "", "y1", "Tea", "TEA", "KG,01", "o1", "Tea"],
    ),
    "classes": lines(
        "sourcedId title grades courseSourcedId classCode classType location schoolSourcedId"
        " termSourcedIds periods",
        ["c1", 'Tea, with "milk"', "KG,01", "k1", "TEA-1", "scheduled", "Hut", "o1", "a1, y1", "1,2"],
    ),
    "users": lines(
        "sourcedId enabledUser orgSourcedIds role username givenName familyName email agentSourcedIds grades",
        ["t1", "true", "o1", "Teacher", "teapot", "Teapot", "Honeyspoon", " Teapot@sample.example ", "", ""],
        ["s1", "true", "o1,o2", "student", "biscuit", "Biscuit", "Inkwhisker", "", "g1", "KG"],
        ["g1", "true", "o1", "guardian", "jigsaw", "Jigsaw", "Inkwhisker", "", "", ""],
    ),
    "enrollments": lines(
        "sourcedId classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate",
        ["e1", "c1", "o1", "t1", "teacher", "true", "", ""],
        ["e2", "c1", "o1", "s1", "student", "", "2026-08-15", "2027-06-10"],
    ),
}


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_bundle_is_served_with_its_groups(tmp_path: Path) -> None:
    district = District.from_bundle(write(tmp_path, **FILES), today=TODAY)
    assert district.name == "Puffin Elementary School"
    assert Oracle(district.tables).groups(TODAY) == {
        ("teapot@sample.example", "c1"): RightGroup('Tea, with "milk"', frozenset({"s1"}))
    }
    with SimulatedServer(district) as server:
        (class_,) = records(server, "classes")
        assert [term["sourcedId"] for term in class_["terms"]] == ["a1", "y1"]
        assert class_["periods"] == ["1", "2"]
        assert class_["grades"] == ["KG", "01"]
        (student,) = records(server, "students")
        assert [org["sourcedId"] for org in student["orgs"]] == ["o1", "o2"]
        assert [agent["sourcedId"] for agent in student["agents"]] == ["g1"]
        assert len(records(server, "users")) == 3


def test_files_may_be_missing_and_begin_with_a_mark(tmp_path: Path) -> None:
    marked = "\ufeff" + FILES["users"]
    district = District.from_bundle(write(tmp_path, users=marked), today=TODAY)
    assert [row.sourced_id for _, row in district.tables.rows(User)] == ["t1", "s1", "g1"]
    assert district.tables.rows(Class) == []


def test_columns_are_found_by_name_whatever_their_case_and_number(tmp_path: Path) -> None:
    text = "ROLE,sourcedid,extra\nstudent,s1,x\nteacher\n"
    district = District.from_bundle(write(tmp_path, users=text), today=TODAY)
    assert Oracle(district.tables).collections()["students"]["kept"] == 1
    assert Oracle(district.tables).collections()["teachers"]["setAside"] == 1


def test_a_folder_without_files_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(NotABundle):
        District.from_bundle(tmp_path, today=TODAY)


def test_days_go_on_over_a_bundle(tmp_path: Path) -> None:
    district = District.from_bundle(write(tmp_path, **FILES), today=TODAY)
    with SimulatedServer(district) as server:
        happened = server.advance_day()
        assert happened["joined"] == 1
        assert happened["renamed class"] == 1
        server.rollover()
    assert Oracle(district.tables).collections()["classes"]["kept"] > 0
