"""What a run would take away, and what would have to stay for it to be there still (RULES §4)."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from rostersync.roster import reasons
from rostersync.roster.classes import ClassOutcome, ClassRoster, Draft, enrolled_on, login_of
from rostersync.roster.emails import normalise_email
from rostersync.roster.groups import Group
from rostersync.roster.guard import GROUPS, MEMBERSHIPS, OWNERS, STUDENTS, TEACHERS, Counts
from rostersync.roster.records import PEOPLE_COLLECTIONS, Enrollment, IsoDate, Person
from rostersync.roster.settings import RosterSettings
from rostersync.roster.terms import Calendar, why_not_current

BY_ITSELF = frozenset({reasons.INACTIVE, reasons.TERM_OVER, reasons.HOMEROOM, reasons.SCHOOL_LEFT_OUT})
"""A class that yields nothing for one of these is no loss: date or settings have taken it (RULES 4.1)."""

_OF_THE_RECORD = frozenset({*BY_ITSELF, reasons.TERM_NOT_BEGUN})


class LostPerson(Struct, frozen=True):
    """Somebody who was a teacher, a student or both, and is no more; ``unlisted``: in these collections."""

    sourced_id: str
    teacher: bool
    student: bool
    schools: tuple[str, ...]
    unlisted: tuple[str, ...] = ()


class LostRecord(Struct, frozen=True):
    """An org, an academic session or a course that was active and is no more."""

    collection: str
    sourced_id: str


class ClassLoss(Struct, frozen=True):
    """What a class lost, and what would have to stay as it is stored for it to be as it was.

    ``gone``: its record is absent or inactive, and ``counted`` as lost unless it was over by itself;
    ``record``: it has to stay as it is stored. ``rows`` are (enrollment, person), ``people`` those behind
    lost groups and members, ``moved`` teachers among them who are there, and no more the owner that they
    were; sessions and courses are what gives the class its dates.
    """

    class_id: str
    school: str
    gone: bool
    record: bool
    counted: bool
    rows: tuple[tuple[str, str], ...] = ()
    people: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    courses: tuple[str, ...] = ()


class Baseline(Struct, frozen=True):
    """Whether today's date, settings and rules yield an owner's group of a class from what is stored.

    ``may_go``: the class yields no group for anybody now, and what somebody has approved is why. ``leaving``
    are those of ``members`` whose enrollment somebody has approved to go.
    """

    owner_id: str
    class_id: str
    yields: bool
    members: tuple[str, ...] = ()
    may_go: bool = False
    leaving: tuple[str, ...] = ()


class LostGroup(Struct, frozen=True):
    """A group that goes, ``gone``, or loses some of its members; ``of`` is how many it had.

    ``owner_lost``: its owner is left with no group.
    """

    group_id: str
    owner_id: str
    class_id: str
    name: str
    school: str
    gone: bool
    members: tuple[str, ...]
    of: int
    owner_lost: bool = False


class Permitted(Struct, frozen=True, kw_only=True):
    """What somebody has approved and is not there: people, owners by their people; groups with members by id.

    What hangs on one of them may go with it, though it came only while that was held.
    """

    people: Collection[str] = ()
    owners: Collection[str] = ()
    groups: Mapping[str, LostGroup] = field(default_factory=dict)

    def may_go(self, group: Group, base: Baseline | None) -> bool:
        """Say whether a group may go, as it is on the list or hangs on what is."""
        approved = self.groups.get(group.group_id)
        return (
            (base is not None and base.may_go)
            or (approved is not None and approved.gone)
            or group.owner_id in self.owners
        )

    def without_leave(self, group: Group, missing: Collection[str], base: Baseline | None) -> set[str]:
        """Return which of the members that a group loses nobody has approved."""
        if self.may_go(group, base):
            return set()
        approved = self.groups.get(group.group_id)
        permitted = {*(approved.members if approved else ()), *(base.leaving if base else ())}
        return {one for one in missing if one not in self.people} - permitted


def is_teacher(person: Person | None) -> bool:
    """Say whether somebody counts as a teacher."""
    return (
        person is not None
        and person.active
        and person.enabled
        and not {"teachers", "users"}.isdisjoint(person.collections)
    )


def is_student(person: Person | None) -> bool:
    """Say whether somebody counts as a student."""
    return person is not None and person.active and person.enabled and "students" in person.collections


def count_person(
    counts: Counts,
    before: Person | None,
    now: Person | None,
    settings: RosterSettings,
    permitted: Collection[str],
) -> LostPerson | None:
    """Count somebody who was in the roster, is in it, or both; return who is lost.

    ``permitted`` are the ids whose loss somebody has approved.
    """
    approved = before is not None and before.sourced_id in permitted
    lost = []
    for kind, holds in ((TEACHERS, is_teacher), (STUDENTS, is_student)):
        had = before is not None and holds(before)
        lost.append(had and not holds(now))
        if had and before is not None:
            counts.count(kind, before.orgs, lost=lost[-1] and not approved, of=1)
    unlisted = []
    for collection in PEOPLE_COLLECTIONS:
        had = before is not None and before.active and collection in before.collections
        has = now is not None and now.active and collection in now.collections
        stored = before is not None and collection in before.collections
        listed = now is not None and collection in now.collections
        counts.count_records(
            collection,
            lost=had and not has and not approved,
            of=had,
            new=listed and not stored,
            now=listed,
        )
        if had and not has:
            unlisted.append(collection)
    if before is None:
        return None
    if now is not None:
        counts.people += 1
        counts.others += before is not now and _identity(before, settings) != _identity(now, settings)
    if not (any(lost) or unlisted):
        return None
    return LostPerson(before.sourced_id, lost[0], lost[1], before.orgs, tuple(unlisted))


def _identity(person: Person, settings: RosterSettings) -> tuple[str, str, str, str]:
    email = normalise_email(person.email, settings.email_domains)
    return email, login_of(person, settings), person.given_name, person.family_name


class Side(Struct, frozen=True, kw_only=True):
    """A class and its surroundings, as stored or as they are now; ``roster`` None: it is not there."""

    roster: ClassRoster | None
    outcome: ClassOutcome | None
    people: Mapping[str, Person]
    owner_of: Mapping[str, str]
    calendar: Calendar


def class_loss(before: Side, now: Side, settings: RosterSettings, today: IsoDate) -> ClassLoss | None:
    """Return what a stored class loses, None for nothing."""
    if before.roster is None or before.outcome is None or not before.roster.record.active:
        return None
    record = before.roster.record
    gone = now.roster is None or not now.roster.record.active
    rows = tuple(row for row in before.roster.enrollments if row.active)
    if now.roster is not None and not gone:
        rows = lost_rows(rows, now.roster.enrollments, today)
    drafts = _yielded(before.outcome)
    teachers, members = _behind_losses(drafts, _yielded(now.outcome), before)
    people = teachers | members
    why_not = now.outcome.reason if now.outcome else ""
    record_stays = gone or (bool(drafts) and why_not in _OF_THE_RECORD)
    dateless = bool(drafts) and bool(why_not_current(record, now.calendar, settings, today))
    if not (record_stays or rows or people or dateless):
        return None
    course = before.calendar.courses.get(record.course)
    sessions = {*record.terms, *((course.school_year,) if course else ())} & before.calendar.sessions.keys()
    return ClassLoss(
        class_id=record.sourced_id,
        school=record.school,
        gone=gone,
        record=record_stays,
        counted=gone and before.outcome.reason not in BY_ITSELF,
        rows=tuple((row.sourced_id, row.user_id) for row in rows),
        people=tuple(sorted(people)),
        moved=tuple(
            sorted(
                one
                for one in teachers
                if is_teacher(now.people.get(one)) and now.owner_of.get(one) != before.owner_of.get(one)
            )
        ),
        sessions=tuple(sorted(sessions)) if dateless else (),
        courses=(course.sourced_id,) if dateless and course else (),
    )


def lost_rows(
    before: Iterable[Enrollment], now: Iterable[Enrollment], today: IsoDate
) -> tuple[Enrollment, ...]:
    """Return stored enrollments that are not over and that nothing of the same person and role replaces."""
    there = {(row.user_id, row.role) for row in now if enrolled_on(row, today)}
    coming = {(row.user_id, row.role) for row in now if row.active and row.begin_date > today}
    return tuple(
        row
        for row in before
        if row.active
        and not (row.end_date and row.end_date <= today)
        and (row.user_id, row.role) not in there
        and not (row.begin_date > today and (row.user_id, row.role) in coming)
    )


def _yielded(outcome: ClassOutcome | None) -> dict[str, Draft]:
    return {draft.owner_id: draft for draft in outcome.drafts if not draft.reason} if outcome else {}


def _behind_losses(
    drafts: Mapping[str, Draft], drafts_now: Mapping[str, Draft], before: Side
) -> tuple[set[str], set[str]]:
    """Return the teachers whose groups go, and the members who are lost from any."""
    teachers: set[str] = set()
    members: set[str] = set()
    enrollments = before.roster.enrollments if before.roster else ()
    for owner_id, draft in drafts.items():
        draft_now = drafts_now.get(owner_id)
        members |= set(_ids(draft)) - set(_ids(draft_now))
        if draft_now is None:
            teachers |= {row.user_id for row in enrollments if before.owner_of.get(row.user_id) == owner_id}
    return teachers, members


def baselines(
    before: ClassOutcome | None, now: ClassOutcome | None, *, approved: bool, leaving: Collection[str]
) -> tuple[Baseline, ...]:
    """Return what the stored class yields, for each owner for whom it now yields something else.

    ``before`` is None for a class that is not stored. ``approved``: what takes its groups away, ``leaving``
    the students whose enrollments may go.
    """
    drafts, drafts_now = _yielded(before), _yielded(now)
    found = []
    for owner_id in sorted(drafts.keys() | drafts_now.keys()):
        draft, draft_now = drafts.get(owner_id), drafts_now.get(owner_id)
        members = _ids(draft)
        if draft is None or draft_now is None or members != _ids(draft_now):
            class_id = (draft or draft_now).class_id  # type: ignore[union-attr]  # one of the two is there
            found.append(
                Baseline(
                    owner_id,
                    class_id,
                    yields=draft is not None,
                    members=members,
                    may_go=approved and not drafts_now,
                    leaving=tuple(one for one in members if one in leaving),
                )
            )
    return tuple(found)


def _ids(draft: Draft | None) -> tuple[str, ...]:
    return tuple(member.sourced_id for member in draft.members) if draft else ()


def count_groups(
    counts: Counts,
    stored: Iterable[Group],
    current: Sequence[Group],
    baseline: Mapping[str, Baseline],
    permitted: "Permitted",
) -> list[LostGroup]:
    """Count one owner's groups; return those that go or lose members without anybody's leave.

    ``stored`` as published, ``baseline`` by class for classes of which something else is yielded now than
    from what is stored.
    """
    now = {group.group_id: group for group in current}
    lost: list[LostGroup] = []
    had = lost_without_leave = 0
    schools: set[str] = set()
    known: dict[str, set[str]] = {}
    for group in stored:
        if group.removed:
            continue
        after, base = now.get(group.group_id), baseline.get(group.class_id)
        known[group.group_id] = {member.sourced_id for member in group.members}
        if not (base.yields if base else after is not None):
            # The date, the settings or our rules take it: so they would without this pull.
            continue
        had += 1
        schools.add(group.school)
        members_now = {member.sourced_id for member in after.members} if after else set()
        # Without a baseline the class yields what it yielded as stored: who is missing was only in the group.
        members = known[group.group_id] & (set(base.members) if base else members_now)
        missing = members - members_now
        unapproved = permitted.without_leave(group, missing, base)
        # Who may go takes the group along when nobody else was in it.
        may_go = permitted.may_go(group, base) or bool(missing and not unapproved)
        gone_without_leave = after is None and not may_go
        counts.count(GROUPS, (group.school,), lost=gone_without_leave, of=1)
        counts.count(MEMBERSHIPS, (group.school,), lost=len(unapproved), of=len(members))
        lost_without_leave += gone_without_leave
        if gone_without_leave or unapproved:
            lost.append(
                LostGroup(
                    group_id=group.group_id,
                    owner_id=group.owner_id,
                    class_id=group.class_id,
                    name=group.name,
                    school=group.school,
                    gone=gone_without_leave,
                    members=tuple(sorted(unapproved)),
                    of=len(members),
                )
            )
    for group in current:
        base = baseline.get(group.class_id)
        if base:
            before = known.get(group.group_id, set()) | set(base.members)
            gained = {member.sourced_id for member in group.members} - before
            counts.count(MEMBERSHIPS, (group.school,), gained=len(gained))
    owner_lost = bool(lost_without_leave and not now)
    if had:
        counts.count(OWNERS, schools, lost=owner_lost, of=1)
    return [replace(one, owner_lost=owner_lost) for one in lost]
