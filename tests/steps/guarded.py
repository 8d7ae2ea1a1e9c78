"""What the guard's tests start from: a district of two schools in a few lines, and a simulated one."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from rostersync.roster.guard import GuardSettings
from rostersync.roster.records import Course, Org, Person, Record
from rostersync.steps.decide_held import DecideRequest, approve_held, discard_held
from rostersync.steps.requests import parse_request
from rostersync.steps.show_held import ShownList, show_held
from rostersync.steps.start_run import Started, StartRequest
from rostersync.storage.runs import RunRecord
from simulator.district import District
from simulator.oracle import Oracle
from tests.fakes import FakeBus
from tests.steps.district_server import serve_district
from tests.steps.driver import NOW, TENANT, connected, sync
from tests.steps.fake_server import FakeRosterServer
from tests.steps.published import Published, published
from tests.steps.rosters import YEAR, Roster, enrolled, section, serve, student, teacher

SCHOOLS: Final = ("hill", "dale")
CLASSES_A_SCHOOL: Final = 8
STUDENTS_A_CLASS: Final = 6
NIGHT: Final = timedelta(hours=24)


def two_schools() -> Roster:
    """Return a roster of two schools with eight classes each: a teacher and six students a class."""
    roster: Roster = {
        "orgs": [Org(sourced_id=one, name=one.title(), type="school") for one in SCHOOLS],
        "academicSessions": [YEAR],
        "courses": [Course(sourced_id="arts", title="Arts", school_year="year")],
        "classes": [],
        "teachers": [],
        "students": [],
        "enrollments": [],
    }
    for school in SCHOOLS:
        for number in range(CLASSES_A_SCHOOL):
            class_id, teacher_id = f"{school}-c{number}", f"{school}-t{number}"
            roster["classes"].append(section(class_id, f"Class {class_id}", school=school))
            roster["teachers"].append(teacher(teacher_id, orgs=(school,)))
            roster["enrollments"].append(enrolled(class_id, teacher_id, "teacher"))
            for seat in range(STUDENTS_A_CLASS):
                student_id = f"{school}-s{number}{seat}"
                roster["students"].append(student(student_id, orgs=(school,)))
                roster["enrollments"].append(enrolled(class_id, student_id))
    return roster


def without(roster: Roster, collection: str, gone: Callable[[Any], bool]) -> Roster:
    """Return a roster without some records of one collection."""
    return {**roster, collection: [row for row in roster[collection] if not gone(row)]}


def without_people(roster: Roster, ids: Iterable[str]) -> Roster:
    """Return a roster from which these people have gone, with their enrollments."""
    ids = set(ids)
    for people in ("teachers", "students"):
        roster = without(roster, people, lambda row: row.sourced_id in ids)
    return without(roster, "enrollments", lambda row: row.user_id in ids)


def without_classes(roster: Roster, ids: Iterable[str]) -> Roster:
    """Return a roster from which these classes have gone, with their enrollments."""
    ids = set(ids)
    roster = without(roster, "classes", lambda row: row.sourced_id in ids)
    return without(roster, "enrollments", lambda row: row.class_id in ids)


def changed(roster: Roster, collection: str, change: Callable[[Any], Record]) -> Roster:
    """Return a roster in which the records of one collection are others."""
    return {**roster, collection: [change(row) for row in roster[collection]]}


def students_of(school: str, count: int) -> list[str]:
    """Return the ids of the first students of a school."""
    seats = [(number, seat) for number in range(CLASSES_A_SCHOOL) for seat in range(STUDENTS_A_CLASS)]
    return [f"{school}-s{number}{seat}" for number, seat in seats[:count]]


def classes_of(school: str, count: int = CLASSES_A_SCHOOL) -> list[str]:
    """Return the ids of the first classes of a school."""
    return [f"{school}-c{number}" for number in range(count)]


class Guarded:
    """A tenant whose nights pass, and an admin who decides."""

    def __init__(self, guard: GuardSettings | None = None, **fields: Any) -> None:
        self.stores = connected(guard=guard or GuardSettings(), **fields)
        self.bus = FakeBus()
        self.clock = NOW - NIGHT
        self.nights = 0

    def night(self, roster: Roster, **how: Any) -> RunRecord:
        """Sync a roster, a day after the last time."""
        return self.sync(serve(roster), **how)

    def sync(self, server: FakeRosterServer, *, run_id: str = "", **how: Any) -> RunRecord:
        """Sync what a server has, a day after the last time."""
        self.nights += 1
        self.clock += NIGHT
        name = run_id or f"night-{self.nights}"
        return sync(self.stores, server, bus=self.bus, now=self.clock, run_id=name, **how)

    @property
    def published(self) -> Published:
        """What is published."""
        return published(self.stores.table)

    @property
    def undecided(self) -> str:
        """The run on whose list somebody has to decide."""
        return self.stores.integrations.require(TENANT).undecided(int(self.clock.timestamp() * 1000))

    def members(self) -> dict[tuple[str, str], frozenset[str]]:
        """Return who is in which group, by the owner's e-mail and class."""
        groups = self.published.groups
        return {key: frozenset(one.sourced_id for one in group[1]) for key, group in groups.items()}

    def shown(self, run_id: str) -> ShownList:
        """Return what is held, as who decides sees it."""
        return show_held(TENANT, run_id, self.stores, now=self.clock)

    def approve(self, run_id: str, roster: Roster | FakeRosterServer, **how: Any) -> RunRecord:
        """Approve a list; return the run that this starts."""

        def start(request: StartRequest) -> Started:
            name = f"approved-{self.nights}"
            self.stores.runs.start(
                RunRecord(
                    tenant_id=TENANT,
                    run_id=name,
                    mode=request.mode,
                    cause="portal",
                    actor=request.actor,
                    started_at=int((self.clock + NIGHT).timestamp() * 1000),
                    permits=request.permits,
                )
            )
            return Started(name, already=False)

        started = approve_held(self._request(run_id), self.stores, start, now=self.clock)
        server = roster if isinstance(roster, FakeRosterServer) else serve(roster)
        return self.sync(server, run_id=started.run_id, cause="portal", **how)

    def discard(self, run_id: str) -> None:
        """Discard a list."""
        discard_held(self._request(run_id), self.stores, self.bus, now=self.clock)

    def told(self) -> list[tuple[str, bool]]:
        """Take what Senso was told: on which runs' lists somebody has to decide, or has decided."""
        return [
            (detail["runId"], detail["needed"])
            for kind, detail in self.bus.take()
            if kind == "Attention Needed"
        ]

    def _request(self, run_id: str) -> DecideRequest:
        event = {"tenantId": TENANT, "runId": run_id, "actor": "admin-1"}
        return parse_request(DecideRequest, event)


class Town(Guarded):
    """The same over a simulated district."""

    def __init__(self, *, students: int = 120, seed: int = 1, **fields: Any) -> None:
        super().__init__(**fields)
        self.district = District.generate(students=students, seed=seed, today=NOW.date())

    def a_night(self, **how: Any) -> RunRecord:
        """Sync the district as it is, on its own date."""
        self.clock = max(self.clock, datetime.combine(self.district.today, time(2), UTC) - NIGHT)
        return self.sync(serve_district(self.district), **how)

    def right(self) -> dict[tuple[str, str], frozenset[str]]:
        """Return what the oracle says of the district as it is."""
        found = Oracle(self.district.tables).groups(self.district.today)
        return {key: group.members for key, group in found.items()}


def is_of(school: str) -> Callable[[Person], bool]:
    """Return whether somebody is of a school."""
    return lambda person: school in person.orgs
