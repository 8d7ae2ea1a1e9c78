"""What classes need of the other steps: people, owners, terms and courses, now and as they were stored."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct

from rostersync.roster.records import AcademicSession, Course, Person
from rostersync.roster.terms import Calendar
from rostersync.steps.assign_owners import OWNERS, OWNERS_BEFORE
from rostersync.steps.keeping import BEFORE, Before, before_of
from rostersync.steps.reconcile_people import COURSES, DIRECTORY, DIRECTORY_IDS, SESSIONS
from rostersync.steps.staged_pull import ALL_SHARDS, StagedPull
from rostersync.storage import staged
from rostersync.storage.lines import decode_chosen, decode_lines

R = TypeVar("R", Person, AcademicSession, Course)


class Surroundings(Struct, frozen=True):
    """People by id, the owner of each enrolled teacher, terms and courses."""

    people: Mapping[str, Person]
    owner_of: Mapping[str, str]
    calendar: Calendar


class Neighbours:
    """What the other steps left that classes need: of the directory only who is enrolled here.

    ``now`` and ``before``, as stored; ``touched`` are people, sessions and courses that are others now.
    """

    def __init__(self, staged_pull: StagedPull, enrolled: set[str]) -> None:
        sections = staged_pull.section
        people: dict[str, Person] = {}
        sessions: dict[str, AcademicSession] = {}
        courses: dict[str, Course] = {}
        were: list[Before] = []
        for shard in ALL_SHARDS:
            key = staged.people(*staged_pull.look, shard)
            ids = msgspec.json.decode(sections(key, DIRECTORY_IDS), type=list[str])
            people.update(decode_chosen(sections(key, DIRECTORY), ids, enrolled, Person))
            sessions.update(
                (one.sourced_id, one) for one in decode_lines(sections(key, SESSIONS), AcademicSession)
            )
            courses.update((one.sourced_id, one) for one in decode_lines(sections(key, COURSES), Course))
            were.append(before_of(sections(key, BEFORE)))
        owners = staged.owners(*staged_pull.look)
        owner_of = _owner_of(sections(owners, OWNERS), enrolled)
        before_section = sections(owners, OWNERS_BEFORE)
        self.now = Surroundings(people, owner_of, Calendar(sessions, courses))
        self.before = Surroundings(
            _as_stored(people, "people", ((one.people, one) for one in were)),
            _owner_of(before_section, enrolled) if before_section else owner_of,
            Calendar(
                _as_stored(sessions, "academicSessions", ((one.sessions, one) for one in were)),
                _as_stored(courses, "courses", ((one.courses, one) for one in were)),
            ),
        )
        self.touched = {
            *_others(people, self.before.people),
            *(one for one in enrolled if owner_of.get(one) != self.before.owner_of.get(one)),
        }
        self.touched_calendar = {
            *_others(sessions, self.before.calendar.sessions),
            *_others(courses, self.before.calendar.courses),
        }


def _owner_of(section: bytes, enrolled: set[str]) -> dict[str, str]:
    found = msgspec.json.decode(section, type=dict[str, str])
    return {teacher: owner for teacher, owner in found.items() if teacher in enrolled}


def _as_stored(
    now: Mapping[str, R], collection: str, were: Iterable[tuple[Iterable[R], Before]]
) -> Mapping[str, R]:
    """Return records as they were stored: those of now, without the added ones, where they are not others."""
    others: dict[str, R] = {}
    added: set[str] = set()
    for records, before in were:
        others.update((record.sourced_id, record) for record in records)
        added |= before.added_to(collection)
    if not (others or added):
        return now
    return {**{one: record for one, record in now.items() if one not in added}, **others}


def _others(now: Mapping[str, object], before: Mapping[str, object]) -> set[str]:
    if now is before:
        return set()
    return {one for one in now.keys() | before.keys() if now.get(one) != before.get(one)}
