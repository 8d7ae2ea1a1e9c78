"""From a record as it came to a record as the domain knows it, or to the reason why it is set aside."""

from collections.abc import Callable, Iterator
from typing import Final, cast

from rostersync.oneroster.values import (
    LONGEST_ID,
    LONGEST_ID_BYTES,
    clean,
    date,
    flag,
    identifier,
    is_usable,
    reference,
    references,
    text,
    texts,
    word,
)
from rostersync.oneroster.wire import (
    RESOURCES,
    Role,
    Roles,
    Text,
    Wired,
    WiredClass,
    WiredCourse,
    WiredEnrollment,
    WiredOrg,
    WiredSession,
    WiredUser,
)
from rostersync.roster.records import (
    AcademicSession,
    Class,
    Course,
    Enrollment,
    Org,
    Person,
    Record,
    SetAside,
)

GUARDIAN: Final = "guardian"
HEADER_ROW: Final = "header row"
NOT_A_RECORD: Final = "not a record"
NO_ID: Final = "no sourcedId"
ID_TOO_LONG: Final = "sourcedId too long"
ID_NOT_USABLE: Final = "sourcedId not usable"
UNREADABLE_DATE: Final = "unreadable date"
NO_CLASS: Final = "no class"
NO_USER: Final = "no user"
OTHER_ROLE: Final = "role not used"

SET_ASIDE_REASONS: Final = (
    GUARDIAN,
    HEADER_ROW,
    NOT_A_RECORD,
    NO_ID,
    ID_TOO_LONG,
    ID_NOT_USABLE,
    UNREADABLE_DATE,
    NO_CLASS,
    NO_USER,
    OTHER_ROLE,
)
"""Every reason that a row can be set aside with. They are stored and shown."""

GUARDIANS: Final = frozenset({"guardian", "parent", "relative"})
"""Roles of which nothing is kept (RULES 1.3)."""

ENROLLMENT_ROLES: Final = frozenset({"teacher", "student", "aide", "proctor", "administrator"})

_HEADER_ID: Final = "sourcedid"
HEADER_ROLE: Final = "role"
ACTIVE: Final = frozenset({"", "active"})

Found = Record | SetAside


def normalise(collection: str, wired: Wired, version: str) -> Found:
    """Return the record that a row holds, or why it is set aside.

    ``version`` decides which of 1.1's ``role`` and 1.2's ``roles`` counts where a user carries both.
    """
    sourced_id = identifier(wired.sourced_id)
    roles = _roles_of(wired, version)
    if is_header(sourced_id) or HEADER_ROLE in roles:
        return set_aside(collection, sourced_id, "role" if HEADER_ROLE in roles else "sourcedId", HEADER_ROW)
    if roles and GUARDIANS.issuperset(roles):
        return set_aside(collection, sourced_id, "role", GUARDIAN)
    if not sourced_id:
        return set_aside(collection, "", "sourcedId", NO_ID)
    if len(sourced_id) > LONGEST_ID or (
        not sourced_id.isascii() and len(sourced_id.encode(errors="replace")) > LONGEST_ID_BYTES
    ):
        return set_aside(collection, sourced_id, "sourcedId", ID_TOO_LONG)
    if not (sourced_id.isprintable() or is_usable(sourced_id)):
        return set_aside(collection, sourced_id, "sourcedId", ID_NOT_USABLE)
    # Missing is active; anything else that is not "active", tobedeleted first of all, is not (RULES 1.1).
    active = word(wired.status) in ACTIVE
    build = _BUILDERS[RESOURCES[collection]]
    return build(collection, wired, sourced_id, active, text(wired.date_last_modified), roles)


def is_header(sourced_id: str) -> bool:
    """Say whether an id is the title of its column, in a row that came out of a CSV file as a record."""
    return len(sourced_id) == len(_HEADER_ID) and sourced_id.lower() == _HEADER_ID


def set_aside(collection: str, sourced_id: str, field: str, reason: str) -> SetAside:
    """Return the note of a row that was not taken; of its values only the id, made fit to be shown."""
    shown = sourced_id if sourced_id.isprintable() else clean(sourced_id)
    return SetAside(collection=collection, sourced_id=shown[:LONGEST_ID], field=field, reason=reason)


def _roles_of(wired: Wired, version: str) -> tuple[str, ...]:
    """Return the roles a row carries, in lower case, the one that counts first."""
    if isinstance(wired, WiredEnrollment):
        own = word(wired.role)
        return (own,) if own else ()
    if isinstance(wired, WiredUser):
        own, listed = word(wired.role), wired.roles
        if listed is None:
            return (own,) if own else ()
        several = [role for role in _listed_roles(listed) if role]
        ordered = [*several, own] if version == "1.2" else [own, *several]
        return tuple(role for role in ordered if role)
    return ()


def _listed_roles(listed: Roles) -> Iterator[str]:
    entries = listed if isinstance(listed, list) else [cast("Role | Text", listed)]
    roles = [entry if isinstance(entry, Role) else Role(role=entry) for entry in entries]
    # sorted() is stable: the primary role comes first, the others stay as they are.
    for role in sorted(roles, key=lambda role: text(role.roleType).lower() != "primary"):
        yield text(role.role).lower()


def _org(collection: str, wired: WiredOrg, sourced_id: str, active: bool, modified: str, _: object) -> Found:
    del collection
    return Org(
        sourced_id=sourced_id,
        active=active,
        modified=modified,
        name=text(wired.name),
        type=text(wired.type).lower(),
        identifier=text(wired.identifier),
        parent=reference(wired.parent),
    )


def _session(
    collection: str, wired: WiredSession, sourced_id: str, active: bool, modified: str, _: object
) -> Found:
    start, end = date(wired.start_date), date(wired.end_date)
    if start is None or end is None:
        return set_aside(collection, sourced_id, "startDate" if start is None else "endDate", UNREADABLE_DATE)
    return AcademicSession(
        sourced_id=sourced_id,
        active=active,
        modified=modified,
        title=text(wired.title),
        type=text(wired.type),
        start_date=start,
        end_date=end,
        school_year=text(wired.school_year),
        parent=reference(wired.parent),
    )


def _course(
    collection: str, wired: WiredCourse, sourced_id: str, active: bool, modified: str, _: object
) -> Found:
    del collection
    return Course(
        sourced_id=sourced_id,
        active=active,
        modified=modified,
        title=text(wired.title),
        course_code=text(wired.course_code),
        school_year=reference(wired.school_year),
        org=reference(wired.org),
    )


def _class(
    collection: str, wired: WiredClass, sourced_id: str, active: bool, modified: str, _: object
) -> Found:
    del collection
    return Class(
        sourced_id=sourced_id,
        active=active,
        modified=modified,
        title=text(wired.title),
        class_type=text(wired.class_type).lower(),
        class_code=text(wired.class_code),
        location=text(wired.location),
        course=reference(wired.course),
        school=reference(wired.school),
        terms=references(wired.terms),
        periods=texts(wired.periods),
    )


def _person(
    collection: str, wired: WiredUser, sourced_id: str, active: bool, modified: str, roles: tuple[str, ...]
) -> Found:
    return Person(
        sourced_id=sourced_id,
        active=active,
        modified=modified,
        enabled=flag(wired.enabled_user, absent=True),
        role=next((role for role in roles if role not in GUARDIANS), ""),
        username=text(wired.username),
        identifier=text(wired.identifier),
        email=text(wired.email),
        given_name=text(wired.given_name),
        family_name=text(wired.family_name),
        orgs=references(wired.orgs) or _orgs_by_role(wired),
        collections=(collection,),
    )


def _orgs_by_role(wired: WiredUser) -> tuple[str, ...]:
    """Return the orgs of a user of 1.2: the primary one, then those that the roles are held at."""
    listed = wired.roles if isinstance(wired.roles, list) else [wired.roles]
    found = [
        reference(wired.primary_org),
        *(reference(role.org) for role in listed if isinstance(role, Role)),
    ]
    return tuple(dict.fromkeys(filter(None, found)))


def _enrollment(
    collection: str,
    wired: WiredEnrollment,
    sourced_id: str,
    active: bool,
    modified: str,
    roles: tuple[str, ...],
) -> Found:
    class_id = reference(wired.class_)
    if not class_id:
        return set_aside(collection, sourced_id, "class", NO_CLASS)
    user_id = reference(wired.user)
    if not user_id:
        return set_aside(collection, sourced_id, "user", NO_USER)
    role = roles[0] if roles else ""
    if role not in ENROLLMENT_ROLES:
        return set_aside(collection, sourced_id, "role", OTHER_ROLE)
    begin, end = date(wired.begin_date), date(wired.end_date)
    if begin is None or end is None:
        return set_aside(collection, sourced_id, "beginDate" if begin is None else "endDate", UNREADABLE_DATE)
    return Enrollment(
        sourced_id=sourced_id,
        active=active,
        modified=modified,
        class_id=class_id,
        user_id=user_id,
        role=role,
        primary=flag(wired.primary, absent=False),
        begin_date=begin,
        end_date=end,
    )


_BUILDERS: Final[dict[str, Callable[..., Found]]] = {
    "orgs": _org,
    "academicSessions": _session,
    "courses": _course,
    "classes": _class,
    "users": _person,
    "enrollments": _enrollment,
}
