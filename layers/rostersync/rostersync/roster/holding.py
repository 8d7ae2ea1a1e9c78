"""What is held, and how it stays: the stored records from which it follows stand in for the pulled ones."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from rostersync.roster.classes import enrolled_on
from rostersync.roster.emails import normalise_email
from rostersync.roster.guard import (
    CLASSES,
    EVERYWHERE,
    GROUPS,
    MEMBERSHIPS,
    OWNERS,
    STUDENTS,
    TEACHERS,
    Counts,
    GuardSettings,
    Trip,
    judge_collections,
    judge_district,
    judge_schools,
)
from rostersync.roster.losses import ClassLoss, LostGroup, LostPerson, LostRecord, is_student, is_teacher
from rostersync.roster.records import PEOPLE_COLLECTIONS, Class, Enrollment, IsoDate, Person
from rostersync.roster.settings import RosterSettings

LARGEST_GROUPS: Final = 20
"""Groups that are named to who decides."""


class Losses(Struct, frozen=True, kw_only=True):
    """What a run would take away, one by one."""

    people: Sequence[LostPerson] = ()
    records: Sequence[LostRecord] = ()
    classes: Sequence[ClassLoss] = ()
    groups: Sequence[LostGroup] = ()

    def without(self, permitted: "HeldList") -> "Losses":
        """Return what is lost without leave; of groups only that is on the list."""
        staying, approved = permitted.staying, {one.sourced_id for one in permitted.people}
        classes = {class_id for class_id, _ in permitted.classes}
        return Losses(
            people=[one for one in self.people if one.sourced_id not in approved],
            records=[
                one
                for one in self.records
                if one.sourced_id not in staying.records.get(one.collection, frozenset())
            ],
            classes=[
                replace(
                    one,
                    rows=tuple(
                        row for row in one.rows if row[0] not in staying.rows.get(one.class_id, frozenset())
                    ),
                    people=tuple(person for person in one.people if person not in staying.people),
                    moved=tuple(person for person in one.moved if person not in staying.people),
                )
                for one in self.classes
                if one.class_id not in classes
            ],
            groups=self.groups,
        )


class Staying(Struct, frozen=True, kw_only=True):
    """Ids of what stays as it is stored, so that what is held is there still.

    ``moved`` are those of ``people`` whose e-mail stays too; ``records`` orgs, sessions and courses by
    collection; ``rows`` enrollments by class.
    """

    people: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()
    records: dict[str, frozenset[str]] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()
    rows: dict[str, frozenset[str]] = field(default_factory=dict)

    def joined_with(self, later: "Staying") -> "Staying":
        """Return what stays for either."""
        return Staying(
            people=self.people | later.people,
            moved=self.moved | later.moved,
            records=_united(self.records, later.records),
            classes=self.classes | later.classes,
            rows=_united(self.rows, later.rows),
        )


class HeldList(Struct, frozen=True, kw_only=True):
    """What would go, and what stays so that it does not. ``classes`` are (class, school)."""

    people: tuple[LostPerson, ...] = ()
    classes: tuple[tuple[str, str], ...] = ()
    groups: tuple[LostGroup, ...] = ()
    staying: Staying = field(default_factory=Staying)

    def joined_with(self, later: "HeldList") -> "HeldList":
        """Return a list of both; of one thing on both the later entry counts."""
        people = {one.sourced_id: one for one in (*self.people, *later.people)}
        groups = {one.group_id: one for one in self.groups}
        for one in later.groups:
            before = groups.get(one.group_id)
            groups[one.group_id] = one if before is None else _both(before, one)
        return HeldList(
            people=tuple(people[one] for one in sorted(people)),
            classes=tuple(sorted({*self.classes, *later.classes})),
            groups=tuple(groups[one] for one in sorted(groups)),
            staying=self.staying.joined_with(later.staying),
        )

    def without_what_went(self, went: Iterable[LostGroup]) -> "HeldList":
        """Return the list without groups and members that go for a reason of their own, whatever is held."""
        lost = {one.group_id: one for one in went}
        groups = [_less(group, lost.get(group.group_id)) for group in self.groups]
        return replace(self, groups=tuple(one for one in groups if one.gone or one.members))

    @property
    def students_still_seen(self) -> int:
        """How many students teachers still see who are no longer theirs."""
        return len({member for group in self.groups for member in group.members})

    def largest(self) -> tuple[LostGroup, ...]:
        """Return the groups that lose most members, those first that lose more."""
        return tuple(sorted(self.groups, key=lambda one: (-len(one.members), one.group_id))[:LARGEST_GROUPS])

    def shares(self, counts: Counts) -> dict[str, dict[str, tuple[int, int]]]:
        """Return by school, ``EVERYWHERE`` for all, and kind how many would go of how many there are."""
        lost: Counter[tuple[str, str]] = Counter()
        for person in self.people:
            for kind, counts_as in ((TEACHERS, person.teacher), (STUDENTS, person.student)):
                for school in {EVERYWHERE, *person.schools} if counts_as else ():
                    lost[school, kind] += 1
        for _, school in self.classes:
            for one in {EVERYWHERE, school}:
                lost[one, CLASSES] += 1
        owners: dict[str, set[str]] = {}
        for group in self.groups:
            if group.gone and group.owner_lost:
                owners.setdefault(group.owner_id, {EVERYWHERE}).add(group.school)
            for one in {EVERYWHERE, group.school}:
                lost[one, GROUPS] += group.gone
                lost[one, MEMBERSHIPS] += len(group.members)
        lost.update((school, OWNERS) for schools in owners.values() for school in schools)
        found: dict[str, dict[str, tuple[int, int]]] = {}
        for (school, kind), count in sorted(lost.items()):
            share = counts.kinds.get(kind, {}).get(school)
            if count:
                found.setdefault(school, {})[kind] = (count, max(count, share.of if share else 0))
        return found


def _both(before: LostGroup, later: LostGroup) -> LostGroup:
    members = tuple(sorted({*before.members, *later.members}))
    return replace(later, gone=before.gone or later.gone, members=members, of=max(before.of, later.of))


def _less(group: LostGroup, went: LostGroup | None) -> LostGroup:
    """Return of a group on the list what is still there."""
    if went is None:
        return group
    gone = set(went.members)
    members = tuple(one for one in group.members if one not in gone)
    return replace(group, gone=group.gone and not went.gone, members=() if went.gone else members)


def _united(
    some: Mapping[str, frozenset[str]], others: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    return {
        key: some.get(key, frozenset()) | others.get(key, frozenset())
        for key in sorted(some.keys() | others.keys())
    }


def judge(
    counts: Counts, settings: GuardSettings, losses: Callable[[], Losses]
) -> tuple[tuple[Trip, ...], HeldList]:
    """Return everything that is too much (RULES 4.2), and what is held because of it.

    The district is judged by what remains when what is too much within a school is held: half a school that
    vanishes holds nobody elsewhere. ``losses`` are asked for only when there is something to hold.
    """
    schools = judge_schools(counts, settings)
    rest = _rest(counts, losses(), hold(schools, losses())) if schools else counts
    trips = (*schools, *judge_district(rest, settings), *judge_collections(counts, settings))
    return trips, hold(trips, losses()) if trips else HeldList()


def _rest(counts: Counts, losses: Losses, held: HeldList) -> Counts:
    """Return what would be lost still, counted."""
    counted = {one.class_id for one in losses.classes if one.counted}
    rest = Counts()
    rest.add(counts)
    for person in held.people:
        if person.teacher:
            rest.count(TEACHERS, person.schools, lost=-1)
        if person.student:
            rest.count(STUDENTS, person.schools, lost=-1)
    for class_id, school in held.classes:
        if class_id in counted:
            rest.count(CLASSES, (school,), lost=-1)
    owners: dict[str, set[str]] = {}
    for group in held.groups:
        rest.count(GROUPS, (group.school,), lost=-group.gone)
        rest.count(MEMBERSHIPS, (group.school,), lost=-len(group.members))
        if group.gone and group.owner_lost:
            owners.setdefault(group.owner_id, set()).add(group.school)
    for schools in owners.values():
        rest.count(OWNERS, schools, lost=-1)
    return rest


def hold(trips: Iterable[Trip], losses: Losses) -> HeldList:
    """Return what is held when these trips were found: their losses, and what hangs on them (RULES 4.3)."""
    tripped = {(trip.kind, trip.school) for trip in trips}

    def is_held(kind: str, school: str) -> bool:
        return (kind, EVERYWHERE) in tripped or (kind, school) in tripped

    def among(kinds: tuple[str, ...], schools: Iterable[str]) -> bool:
        return any(is_held(kind, school) for kind in kinds for school in (*schools, ""))

    people = [
        one
        for one in losses.people
        if (one.teacher and among((TEACHERS,), one.schools))
        or (one.student and among((STUDENTS,), one.schools))
        or any(is_held(collection, EVERYWHERE) for collection in one.unlisted)
    ]
    held_people = {one.sourced_id for one in people}
    standing, moved = set(held_people), set[str]()
    records: dict[str, set[str]] = {}
    for record in losses.records:
        if is_held(record.collection, EVERYWHERE):
            records.setdefault(record.collection, set()).add(record.sourced_id)
    classes: list[tuple[str, str]] = []
    standing_classes: set[str] = set()
    rows: dict[str, frozenset[str]] = {}
    whole: set[str] = set()
    hanging: set[str] = set()
    for loss in losses.classes:
        derived = among((GROUPS, MEMBERSHIPS, OWNERS), (loss.school,))
        enrollments = is_held("enrollments", EVERYWHERE)
        if derived or enrollments or (loss.gone and among((CLASSES,), (loss.school,))):
            whole.add(loss.class_id)
            if loss.gone:
                classes.append((loss.class_id, loss.school))
            if loss.record:
                standing_classes.add(loss.class_id)
            records.setdefault("academicSessions", set()).update(loss.sessions)
            records.setdefault("courses", set()).update(loss.courses)
        if derived:
            standing.update(loss.people)
            moved.update(loss.moved)
        kept = frozenset(row for row, person in loss.rows if loss.class_id in whole or person in held_people)
        if kept:
            rows[loss.class_id] = kept
        if not held_people.isdisjoint(loss.people):
            hanging.add(loss.class_id)
    groups = []
    for group in losses.groups:
        if group.class_id in whole:
            groups.append(group)
        elif group.class_id in hanging:
            theirs = tuple(one for one in group.members if group.gone or one in held_people)
            groups.append(replace(group, members=theirs))
    return HeldList(
        people=tuple(people),
        classes=tuple(sorted(classes)),
        groups=tuple(groups),
        staying=Staying(
            people=frozenset(standing),
            moved=frozenset(moved),
            records={collection: frozenset(ids) for collection, ids in sorted(records.items()) if ids},
            classes=frozenset(standing_classes),
            rows=rows,
        ),
    )


# -- How it stays ----------------------------------------------------------------------------------------


def person_stands(
    stored: Person, pulled: Person | None, settings: RosterSettings, *, with_email: bool
) -> bool:
    """Say whether somebody who stays is less now than stored, so that the stored record stands.

    ``with_email``: another e-mail is less too.
    """
    if is_teacher(stored) and not is_teacher(pulled):
        return True
    if is_student(stored) and not is_student(pulled):
        return True
    if pulled is None or not {*stored.collections} & {*PEOPLE_COLLECTIONS} <= {*pulled.collections}:
        return True
    return with_email and normalise_email(stored.email, settings.email_domains) != normalise_email(
        pulled.email, settings.email_domains
    )


def class_stands(stored: Class, pulled: Class | None) -> bool:
    """Say whether the stored record of a class that stays stands: the pulled one takes something away."""
    if not stored.active:
        return False
    return (
        pulled is None
        or not pulled.active
        or (pulled.terms, pulled.course, pulled.school, pulled.class_type)
        != (stored.terms, stored.course, stored.school, stored.class_type)
    )


def row_stands(stored: Enrollment, pulled: Enrollment | None, today: IsoDate) -> bool:
    """Say whether the stored enrollment that stays stands: the pulled one counts no more, or for another."""
    if pulled is None or not pulled.active:
        return True
    same = (pulled.user_id, pulled.role, pulled.class_id) == (stored.user_id, stored.role, stored.class_id)
    return not same or (enrolled_on(stored, today) and not enrolled_on(pulled, today))
