"""Who owns groups: teachers behind their e-mails (RULES §2)."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Final, TypeVar

from msgspec import Struct, field

from rostersync.roster.emails import normalise_email
from rostersync.roster.identity import keyed_hash, owner_id
from rostersync.roster.settings import RosterSettings

RECORDS_REMEMBERED: Final = 1_000
"""Records kept with an owner: an e-mail on more of them is a placeholder, and an item has a size."""

SHARED_EMAIL: Final = "shared e-mail"
NO_EMAIL: Final = "no e-mail"
STUDENT_EMAIL: Final = "e-mail of a student"
EMAIL_CHANGED: Final = "e-mail changed"


class Teacher(Struct, frozen=True):
    """One active, enabled teacher record (RULES 1.1). ``email`` as the roster has it."""

    sourced_id: str
    email: str
    family_name: str
    given_name: str = ""


class Owner(Struct, frozen=True):
    """A teacher as groups know them. ``email`` is normalised; ``first_seen`` in ms since 1970.

    ``records`` are the teacher records that it was last seen with, as sorted (sourcedId, family name);
    ``given_name`` is that of the first one with a family name, and goes with it.
    """

    owner_id: str
    email: str
    first_seen: int
    records: tuple[tuple[str, str], ...] = ()
    given_name: str = ""

    @property
    def family_name(self) -> str:
        """The first family name of the records."""
        return next((name for _, name in self.records if name), "")

    @property
    def shares_email(self) -> bool:
        """Whether people of different family names have the e-mail (RULES 2.1)."""
        return len({_comparable(name) for _, name in self.records} - {""}) > 1


class FormerOwner(Struct, frozen=True):
    """An owner without a record of its own, kept so that who returns is the same owner (DESIGN §5).

    It names nobody: ``email_hash`` and the second of each ``records`` pair, (sourcedId, family hash), are
    hashes with the tenant's key; the hash of an absent name is "".
    """

    owner_id: str
    email_hash: str
    first_seen: int
    records: tuple[tuple[str, str], ...] = ()


class Finding(Struct, frozen=True):
    """Something an admin should see, without personal data. ``owner_id`` is "" when there is no owner."""

    kind: str
    owner_id: str
    teacher_ids: tuple[str, ...]


class Assignment(Struct, frozen=True):
    """Which owner each teacher record has today.

    ``owners`` are all of today's, by owner id, to be compared with the stored ones; ``ended`` those that have
    no record any more; ``returned`` the ids of former owners that are owners now. ``owner_of`` has no entry
    for a teacher without owner.
    """

    owner_of: Mapping[str, str]
    owners: tuple[Owner, ...]
    ended: tuple[FormerOwner, ...]
    returned: tuple[str, ...]
    findings: tuple[Finding, ...]


_AnyOwner = TypeVar("_AnyOwner", Owner, FormerOwner)


class _Today(Struct):
    """The teacher records that can have an owner, where they are, and which owners have been placed."""

    email_of: dict[str, str]
    family_of: dict[str, str]
    given_of: dict[str, str]
    records_at: dict[str, list[str]]
    holders: dict[str, Owner] = field(default_factory=dict)
    placed: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)

    def emails_of(self, owner: Owner | FormerOwner) -> set[str]:
        """Return where an owner's records are; those without an eligible e-mail hold nobody back."""
        return {self.email_of[record] for record, _ in owner.records if record in self.email_of}

    def give(self, email: str, owner: Owner | FormerOwner, *, moved: bool = False) -> None:
        """Give the e-mail to an owner without one, if records carry it and nobody has it."""
        if email not in self.records_at or email in self.holders or owner.owner_id in self.placed:
            return
        records = tuple(
            (record, self.family_of[record]) for record in self.records_at[email][:RECORDS_REMEMBERED]
        )
        named = next((record for record, name in records if name), records[0][0])
        given = self.given_of[named]
        self.holders[email] = Owner(owner.owner_id, email, owner.first_seen, records, given)
        self.placed.add(owner.owner_id)
        if moved:
            self.moved.add(owner.owner_id)

    def free(self) -> list[str]:
        """Return the e-mails that no owner has yet."""
        return sorted(self.records_at.keys() - self.holders.keys())


def assign_owners(
    tenant_id: str,
    teachers: Iterable[Teacher],
    owners: Iterable[Owner],
    former: Iterable[FormerOwner],
    student_emails: Container[str],
    *,
    settings: RosterSettings,
    now_ms: int,
    key: bytes,
) -> Assignment:
    """Give each teacher record with an eligible e-mail its owner (RULES 2.1 to 2.3).

    ``teachers`` are active and enabled; ``student_emails`` are normalised, of active students; ``key`` is the
    tenant's, for the hashes of former owners. Each e-mail that a record carries gets one owner:

    1. the owner that has the e-mail, if one of its own records is still there, or if none of its records is
       anywhere: a teacher whose sourcedId changed stays the same owner;
    2. an owner all of whose records came here from another e-mail, unless their family names changed too; of
       several the first seen;
    3. the owner that has the e-mail, though its own records are elsewhere;
    4. a former owner that had it; else one all of whose records came here with their family names;
    5. a new owner.

    Whoever gets no e-mail ends. An owner in 2 leaves its e-mail whether it gets the new one or not, so a
    chain of moves, or two that swap, needs no order. The order of the inputs does not matter, and the result
    fed back in gives itself.
    """
    # Sorted, so that even an id that stands twice gives one answer.
    records = sorted(
        set(teachers),
        key=lambda teacher: (teacher.sourced_id, teacher.email, teacher.family_name, teacher.given_name),
    )
    known = {owner.owner_id: owner for owner in _by_age(owners)}
    returning = _by_age(former)
    # One that is stored as both, left by a run that died while publishing, is an owner.
    away = [owner for owner in returning if owner.owner_id not in known]
    emails = {
        teacher.sourced_id: normalise_email(teacher.email, settings.email_domains) for teacher in records
    }
    today = _today(records, emails, student_emails)

    _keep_or_move(known.values(), today)
    _bring_back(away, today, key)
    taken = {*known, *(owner.owner_id for owner in away)}
    for email in today.free():
        identifier = owner_id(tenant_id, email, taken, key)
        taken.add(identifier)
        today.give(email, Owner(identifier, email, now_ms))

    current = {owner.owner_id: owner for owner in today.holders.values()}
    return Assignment(
        owner_of={record: today.holders[email].owner_id for record, email in sorted(today.email_of.items())},
        owners=tuple(current[identifier] for identifier in sorted(current)),
        ended=tuple(_former(known[identifier], key) for identifier in sorted(known.keys() - current.keys())),
        returned=tuple(sorted({owner.owner_id for owner in returning} & current.keys())),
        findings=_findings(current, today, emails),
    )


def _today(records: list[Teacher], emails: Mapping[str, str], student_emails: Container[str]) -> _Today:
    # RULES 2.2: an e-mail that a student carries is never an owner's.
    email_of = {record: email for record, email in emails.items() if email and email not in student_emails}
    records_at: defaultdict[str, list[str]] = defaultdict(list)
    for record, email in sorted(email_of.items()):
        records_at[email].append(record)
    family_of = {teacher.sourced_id: teacher.family_name.strip() for teacher in records}
    given_of = {teacher.sourced_id: teacher.given_name.strip() for teacher in records}
    return _Today(email_of, family_of, given_of, dict(records_at))


def _keep_or_move(owners: Iterable[Owner], today: _Today) -> None:
    """Place the owners of last time, eldest first within each step of ``assign_owners``."""
    staying: list[Owner] = []
    dormant: list[Owner] = []
    left: list[Owner] = []
    moving: list[tuple[Owner, str]] = []
    for owner in owners:
        found = today.emails_of(owner)
        if owner.email in found:
            staying.append(owner)
        elif not found:
            dormant.append(owner)
        else:
            left.append(owner)
            names = [(record, _comparable(name)) for record, name in owner.records]
            if len(found) == 1 and _keeps_a_name(names, today, _comparable):
                moving.append((owner, found.pop()))
    for owner in (*staying, *dormant):
        today.give(owner.email, owner)
    for owner, email in moving:
        today.give(email, owner, moved=True)
    for owner in left:
        today.give(owner.email, owner)


def _bring_back(away: list[FormerOwner], today: _Today, key: bytes) -> None:
    had: defaultdict[str, list[FormerOwner]] = defaultdict(list)
    for owner in away:
        had[owner.email_hash].append(owner)
    for email in today.free() if away else ():
        for owner in had.get(keyed_hash(key, email), ()):
            today.give(email, owner)
    for owner in away:
        found = today.emails_of(owner)
        if len(found) == 1 and _keeps_a_name(owner.records, today, lambda name: _name_hash(name, key)):
            today.give(found.pop(), owner, moved=True)


def _keeps_a_name(then: Iterable[tuple[str, str]], today: _Today, form: Callable[[str], str]) -> bool:
    """Say whether any record has the family name that it had. An absent name contradicts none."""
    for record, name in then:
        if record in today.email_of:
            name_now = form(today.family_of[record])
            if not name or not name_now or name == name_now:
                return True
    return False


def _former(owner: Owner, key: bytes) -> FormerOwner:
    records = tuple((record, _name_hash(name, key)) for record, name in owner.records)
    return FormerOwner(owner.owner_id, keyed_hash(key, owner.email), owner.first_seen, records)


def _name_hash(name: str, key: bytes) -> str:
    comparable = _comparable(name)
    return keyed_hash(key, comparable) if comparable else ""


def _comparable(name: str) -> str:
    return name.strip().casefold()


def _by_age(owners: Iterable[_AnyOwner]) -> list[_AnyOwner]:
    return sorted(owners, key=lambda owner: (owner.first_seen, owner.owner_id))


def _findings(current: Mapping[str, Owner], today: _Today, emails: Mapping[str, str]) -> tuple[Finding, ...]:
    findings = [Finding(NO_EMAIL, "", (record,)) for record, email in emails.items() if not email]
    on_students: defaultdict[str, list[str]] = defaultdict(list)
    for record, email in sorted(emails.items()):
        if email and record not in today.email_of:
            on_students[email].append(record)
    findings.extend(Finding(STUDENT_EMAIL, "", tuple(records)) for records in on_students.values())
    for identifier, owner in current.items():
        records = tuple(record for record, _ in owner.records)
        if owner.shares_email:
            findings.append(Finding(SHARED_EMAIL, identifier, records))
        if identifier in today.moved:
            findings.append(Finding(EMAIL_CHANGED, identifier, records))
    return tuple(sorted(findings, key=lambda found: (found.kind, found.owner_id, found.teacher_ids)))
