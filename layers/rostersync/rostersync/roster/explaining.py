"""Why is (not) my class there? The words, and what is said of people and owners (RULES §6).

An answer holds names and e-mails of children: it is for an admin's screen, and its ``repr`` shows none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, field

from rostersync.roster import reasons
from rostersync.roster.classes import MAX_MEMBERS, login_of
from rostersync.roster.discreet import Discreet
from rostersync.roster.due import Due
from rostersync.roster.emails import normalise_email
from rostersync.roster.groups import Group, OwnersClass
from rostersync.roster.owners import NO_EMAIL, SHARED_EMAIL, STUDENT_EMAIL
from rostersync.roster.records import IsoDate, Person
from rostersync.roster.settings import RosterSettings

NOT_SHARED: Final = "not shared by ClassLink"
REMOVED: Final = "removed from ClassLink"
DISABLED: Final = "disabled"
NOT_A_TEACHER: Final = "not among the teachers"
NOT_A_STUDENT: Final = "not among the students"
OTHER_ROLE: Final = "enrolled in another role"
ENROLLMENT_NOT_BEGUN: Final = "enrollment not begun"
ENROLLMENT_ENDED: Final = "enrollment ended"
NOT_TAKEN_IN: Final = "not taken in yet"
NO_CLASS: Final = "on no class as teacher"
NO_GROUP: Final = "no class yields a group"
NOT_LINKED: Final = "user not linked"
UNRECOGNISED: Final = "cannot be recognised"
USER_LOST: Final = "user went to another teacher"
REMOVAL_HELD: Final = "removal held"

BY_HAND: Final = "by hand"
BY_EMAIL: Final = "e-mail"
BY_EARLIER_LINK: Final = "earlier link"

DELIVERED: Final = "delivered"
DUE: Final = "due"

TEXTS: Final[Mapping[str, str]] = {
    NOT_SHARED: "ClassLink does not share it",
    REMOVED: "ClassLink shares it no more; a sync found it gone on {on}",
    reasons.INACTIVE: "ClassLink says that it is not active",
    DISABLED: "ClassLink says that the account is disabled",
    NOT_A_TEACHER: "ClassLink does not list the person as a teacher",
    NOT_A_STUDENT: "ClassLink does not list the person as a student",
    NO_EMAIL: "has no e-mail in ClassLink",
    STUDENT_EMAIL: "an active student has the e-mail",
    OTHER_ROLE: "is enrolled neither as teacher nor as student",
    ENROLLMENT_NOT_BEGUN: "enrollment begins on {on}",
    ENROLLMENT_ENDED: "enrollment ended on {on}",
    NOT_TAKEN_IN: "the next sync takes it in",
    reasons.TERM_NOT_BEGUN: "term begins on {on}",
    reasons.TERM_OVER: "term ended on {on}",
    reasons.HOMEROOM: "the settings leave homerooms out",
    reasons.SCHOOL_LEFT_OUT: "the settings leave its school out",
    reasons.NO_MEMBERS: "no students",
    reasons.TOO_LARGE: f"more than {MAX_MEMBERS:,} students, or more than can be kept of it",
    reasons.NO_TEACHER: "no teacher today",
    reasons.NO_OWNER: "no teacher who can have groups",
    reasons.TEACHER_NOT_ENROLLED_NOW: "the teacher's enrollment has ended or is still to come",
    NO_CLASS: "is enrolled on no class as teacher",
    NO_GROUP: "none of the classes yields a group",
    NOT_LINKED: "has no user in Senso yet",
    UNRECOGNISED: "no login by which Senso could know the student",
    SHARED_EMAIL: "teachers of different family names share the e-mail",
    REMOVAL_HELD: "ClassLink has it no more, or less of it; it stays until somebody decides on what is held",
    USER_LOST: "the Senso user that was the teacher's is another teacher's now",
}
"""What each reason means to a person. ``reasons`` are for programs and stay; these may be said better."""

_FIRST: Final = (STUDENT_EMAIL, NOT_TAKEN_IN, reasons.INACTIVE, DISABLED, NO_EMAIL, NOT_A_TEACHER, REMOVED)
"""Of several people with one e-mail, whose reason answers for all."""


class Why(Struct, frozen=True):
    """A reason, "" for none; in words, with its date and, behind it, how many people for which reason.

    It names nobody.
    """

    reason: str = ""
    text: str = ""
    on: IsoDate = ""
    counts: Mapping[str, int] = field(default_factory=dict)


class Explanation(Why, frozen=True):
    """``reason`` is "" for an owner whose groups Senso has or is about to get.

    ``without_groups`` counts the owner's classes that yield no group, by reason.
    """

    without_groups: Mapping[str, int] = field(default_factory=dict)


class Who(Discreet, frozen=True, kw_only=True):
    """Somebody of the roster. ``why``: what keeps who it is from what was asked. ``login`` of students."""

    sourced_id: str
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    login: str = ""
    active: bool = False
    enabled: bool = False
    collections: tuple[str, ...] = ()
    why: Why = field(default_factory=Why)


def because(reason: str, on: IsoDate = "", people: Iterable[Who] = ()) -> Why:
    """Return a reason in words; ``people`` are those behind it, who each have one of their own."""
    counts = Counter(one.why.reason for one in people if one.why.reason)
    behind = ", ".join(f"{number} {one}" for one, number in sorted(counts.items()))
    text = TEXTS.get(reason, reason).format(on=on)
    return Why(reason, f"{text} ({behind})" if behind else text, on, dict(counts))


def explain_owner(classes: Iterable[OwnersClass], *, is_owner: bool, linked: bool) -> Explanation:
    """Return the first thing that keeps an owner from having groups, and what keeps single classes.

    ``is_owner``: the roster has a teacher with this e-mail today. ``classes`` as last published.
    """
    classes = tuple(classes)
    without = dict(Counter(one.reason for one in classes if one.reason))
    if not is_owner:
        return _explanation(NOT_SHARED)
    if not classes:
        return _explanation(NO_CLASS)
    if all(one.reason for one in classes):
        return _explanation(NO_GROUP, without)
    return _explanation("" if linked else NOT_LINKED, without)


def explain_nobody(
    people: Iterable[Person], removed: Iterable[Who], settings: RosterSettings
) -> tuple[Explanation, tuple[Who, ...]]:
    """Return why nobody owns an e-mail, and who goes by it with the reason of each.

    ``people`` go by it now; ``removed`` did, and each has its reason.
    """
    people = tuple(people)
    of_student = any(
        one.active and "students" in one.collections and normalise_email(one.email, settings.email_domains)
        for one in people
    )
    whos = [
        *(
            who_is(one.sourced_id, one, settings, why_owns_nothing(one, settings, of_student=of_student))
            for one in people
        ),
        *removed,
    ]
    whos.sort(key=lambda one: (_FIRST.index(one.why.reason), one.sourced_id))
    first = because(STUDENT_EMAIL) if of_student else whos[0].why if whos else because(NOT_SHARED)
    return Explanation(first.reason, first.text, first.on), tuple(whos)


def why_owns_nothing(person: Person | None, settings: RosterSettings, *, of_student: bool = True) -> Why:
    """Return why somebody without an owner has none (RULES §2).

    ``of_student``: an active student has the e-mail; where nothing else keeps them, it can only be that.
    """
    if why := _why_out(person):
        return because(why)
    if person is None or {"teachers", "users"}.isdisjoint(person.collections):
        return because(NOT_A_TEACHER)
    if not normalise_email(person.email, settings.email_domains):
        return because(NO_EMAIL)
    return because(STUDENT_EMAIL if of_student else NOT_TAKEN_IN)


def why_no_student(person: Person | None) -> Why:
    """Return why somebody can be no member of any group (RULES 1.3); reason "" for who can."""
    why = _why_out(person)
    if not why and person is not None and "students" not in person.collections:
        why = NOT_A_STUDENT
    return because(why)


def goes_by(person: Person, email: str, settings: RosterSettings) -> bool:
    """Say whether somebody is meant by an e-mail: by their own, or a teacher without one by the user name."""
    theirs = normalise_email(person.email, settings.email_domains)
    if theirs:
        return theirs == normalise_email(email, settings.email_domains)
    typed = email.strip().lower()
    names = {person.email.strip().lower(), person.username.strip().lower()} - {""}
    if {"teachers", "users"}.isdisjoint(person.collections):
        return False
    return not names.isdisjoint({typed, typed.rpartition("@")[0]})


def who_is(sourced_id: str, person: Person | None, settings: RosterSettings, why: Why) -> Who:
    """Return somebody as an answer shows them; of a person who is not in the roster only the id is known."""
    if person is None:
        return Who(sourced_id=sourced_id, why=why)
    return Who(
        sourced_id=sourced_id,
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
        login=login_of(person, settings) if "students" in person.collections else "",
        active=person.active,
        enabled=person.enabled,
        collections=person.collections,
        why=why,
    )


def how_linked(email: str, user_email: str, settings: RosterSettings, *, by_hand: bool) -> str:
    """Return by what an owner with this e-mail and a user with that one are tied (RULES 2.4)."""
    if by_hand:
        return BY_HAND
    compared = normalise_email(user_email, settings.email_domains)
    return BY_EMAIL if compared and compared == email else BY_EARLIER_LINK


def how_delivered(group: Group, due: Due, *, linked: bool) -> str:
    """Return ``DELIVERED`` for a group that the owner's user has as it is now, ``DUE``, or ``NOT_LINKED``."""
    if not linked:
        return NOT_LINKED
    return DUE if any(one.group_id == group.group_id for one in due.groups) else DELIVERED


def _why_out(person: Person | None) -> str:
    if person is None:
        return NOT_SHARED
    if not person.active:
        return reasons.INACTIVE
    return "" if person.enabled else DISABLED


def _explanation(reason: str, without: Mapping[str, int] | None = None) -> Explanation:
    return Explanation(reason, because(reason).text, without_groups=without or {})
