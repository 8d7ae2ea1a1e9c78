"""The rows of a plain page: one in which nothing has to be mended, as in nearly all.

What ``values`` looks for in each value is asked here of the page as a whole, or of the decoder, which takes
two thirds of the time. A page or a row that leaves a doubt goes the way that all can go (``normalising``),
and both ways give the same.
"""

import re
from collections.abc import Callable
from typing import Annotated, Final, cast

from msgspec import Meta, field

from rostersync.oneroster.normalising import ACTIVE, ENROLLMENT_ROLES, GUARDIANS, HEADER_ROLE, is_header
from rostersync.oneroster.values import LONGEST_ID_BYTES, LONGEST_TEXT, date, flag, word
from rostersync.oneroster.wire import Reference, Role, Wired, WiredClass, WiredEnrollment, WiredUser
from rostersync.roster.records import Class, Enrollment, Person, Record

Short = Annotated[str, Meta(max_length=LONGEST_TEXT)]
# Of whatever characters, four bytes each, it is not too long.
Id = Annotated[str, Meta(max_length=LONGEST_ID_BYTES // 4)]

_DOUBTFUL_ROLES: Final = GUARDIANS | {HEADER_ROLE}

# Good ones are a slash, a quote, a backslash, and the number of a character, no control or surrogate.
_DOUBTFUL_ESCAPE: Final = re.compile(rb'\\(?![/"\\]|u(?!00[01789]|[dD][89a-fA-F]|202[89])[0-9a-fA-F]{4})')
_C1_CONTROL: Final = re.compile(rb"\xc2[\x80-\x9f]")
_LINE_SEPARATOR: Final = re.compile(rb"\xe2\x80[\xa8\xa9]")


def is_plain(body: bytes) -> bool:
    """Say that no string of a JSON text has a control character, a line separator or half a surrogate pair.

    Those below the space are in no JSON but as escapes. A text may be refused that has none of all these.
    """
    if b"\x7f" in body or (b"\\" in body and _DOUBTFUL_ESCAPE.search(body)):
        return False
    return body.isascii() or not (_C1_CONTROL.search(body) or _LINE_SEPARATOR.search(body))


class PlainReference(Reference, gc=False):
    """A reference by a text."""

    sourcedId: Id = ""  # noqa: N815 - OneRoster's name


class PlainRole(Role, gc=False):
    """A role of 1.2."""

    org: PlainReference | None = None


class PlainUser(WiredUser, rename="camel", gc=False):
    """A user."""

    sourced_id: Id = ""
    date_last_modified: Short | None = None
    username: Short | None = None
    identifier: Short | None = None
    email: Short | None = None
    given_name: Short | None = None
    family_name: Short | None = None
    orgs: list[PlainReference] | None = None
    roles: list[PlainRole] | None = None
    primary_org: PlainReference | None = None


class PlainClass(WiredClass, rename="camel", gc=False):
    """A class."""

    sourced_id: Id = ""
    date_last_modified: Short | None = None
    title: Short | None = None
    class_code: Short | None = None
    location: Short | None = None
    course: PlainReference | None = None
    school: PlainReference | None = None
    terms: list[PlainReference] | None = None
    periods: list[Short] | None = None


class PlainEnrollment(WiredEnrollment, rename="camel", gc=False):
    """An enrollment."""

    sourced_id: Id = ""
    date_last_modified: Short | None = None
    class_: PlainReference | None = field(default=None, name="class")
    user: PlainReference | None = None


PLAIN: Final[dict[str, type[Wired]]] = {
    "users": PlainUser,
    "classes": PlainClass,
    "enrollments": PlainEnrollment,
}
"""The shape of a plain record, of the resources that have one."""


def plain_record(collection: str, wired: Wired) -> Record | None:
    """Return the record that a row of a plain shape holds; None for a row that needs a closer look."""
    build = _BUILDERS.get(wired.__class__)
    if build is None:
        return None
    sourced_id = cast("str", wired.sourced_id)
    if not sourced_id or sourced_id.isspace() or is_header(sourced_id):
        return None
    return build(collection, wired, sourced_id)


def _person(collection: str, wired: PlainUser, sourced_id: str) -> Person | None:
    role, orgs = word(wired.role), _ids(wired.orgs)
    if wired.roles:
        if role or len(wired.roles) > 1:
            return None
        one = wired.roles[0]
        role = word(one.role)
        if not orgs:
            primary, held_at = _id(wired.primary_org), _id(one.org)
            orgs = (primary,) if primary == held_at else tuple(filter(None, (primary, held_at)))
    if role in _DOUBTFUL_ROLES or not any(orgs):
        return None
    return Person(
        sourced_id=sourced_id,
        active=word(wired.status) in ACTIVE,
        modified=(wired.date_last_modified or "").strip(),
        enabled=flag(wired.enabled_user, absent=True),
        role=role,
        username=(wired.username or "").strip(),
        identifier=(wired.identifier or "").strip(),
        email=(wired.email or "").strip(),
        given_name=(wired.given_name or "").strip(),
        family_name=(wired.family_name or "").strip(),
        orgs=orgs,
        collections=(collection,),
    )


def _class(_: str, wired: PlainClass, sourced_id: str) -> Class:
    return Class(
        sourced_id=sourced_id,
        active=word(wired.status) in ACTIVE,
        modified=(wired.date_last_modified or "").strip(),
        title=(wired.title or "").strip(),
        class_type=word(wired.class_type),
        class_code=(wired.class_code or "").strip(),
        location=(wired.location or "").strip(),
        course=_id(wired.course),
        school=_id(wired.school),
        terms=_ids(wired.terms),
        periods=tuple(filter(None, map(str.strip, wired.periods))) if wired.periods else (),
    )


def _enrollment(_: str, wired: PlainEnrollment, sourced_id: str) -> Enrollment | None:
    class_id, user_id, role = _id(wired.class_), _id(wired.user), word(wired.role)
    begin, end = date(wired.begin_date), date(wired.end_date)
    if not class_id or not user_id or role not in ENROLLMENT_ROLES or begin is None or end is None:
        return None
    return Enrollment(
        sourced_id=sourced_id,
        active=word(wired.status) in ACTIVE,
        modified=(wired.date_last_modified or "").strip(),
        class_id=class_id,
        user_id=user_id,
        role=role,
        primary=flag(wired.primary, absent=False),
        begin_date=begin,
        end_date=end,
    )


def _id(reference: PlainReference | None) -> str:
    found = "" if reference is None else reference.sourcedId
    return "" if found.isspace() else found


def _ids(references: list[PlainReference] | None) -> tuple[str, ...]:
    if references and len(references) == 1:
        found = _id(references[0])
        return (found,) if found else ()
    return tuple(dict.fromkeys(filter(None, map(_id, references or ()))))


_BUILDERS: Final[dict[type[Wired], Callable[..., Record | None]]] = {
    PlainUser: _person,
    PlainClass: _class,
    PlainEnrollment: _enrollment,
}
