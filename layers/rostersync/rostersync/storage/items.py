"""The roster's and the groups' items: how each thing of the domain is kept, and read back.

A record is JSON in ``data``, its many enrollments or members apart from it, compressed. ``fp`` is the
fingerprint of what the item means and ``kind`` says what it is. ``expires`` is in seconds since 1970:
DynamoDB deletes such an item some time later, so readers ask ``has_expired``.

An item depends on the meaning of its record only. ``modified`` is not kept: a roster that was changed day
by day holds the same items as one that was written at once.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from rostersync.decoders import decoder
from rostersync.roster.classes import ClassRoster, Member
from rostersync.roster.fingerprint import fingerprint
from rostersync.roster.groups import Group, OwnersClass
from rostersync.roster.owners import FormerOwner, Owner
from rostersync.roster.records import AcademicSession, Class, Course, Enrollment, Org, Person
from rostersync.storage import keys
from rostersync.storage.attributes import Item, Key

R = TypeVar("R", Org, AcademicSession, Course, Person)

MAX_COMPRESSED_BYTES: Final = 380_000
"""Enrollments or members of one item; the rest of DynamoDB's 400 KB is the record's."""

DAY: Final = 86_400
GONE_SECONDS: Final = 30 * DAY
TOMBSTONE_SECONDS: Final = 90 * DAY
FORMER_SECONDS: Final = 400 * DAY

_KINDS: Final[dict[type, str]] = {
    Org: "org",
    AcademicSession: "academicSession",
    Course: "course",
    Person: "person",
}
_JSON: Final = msgspec.json.Encoder(order="sorted")


class _EnrollmentRow(Struct, array_like=True, frozen=True, gc=False):
    sourced_id: str
    user_id: str
    role: str
    active: bool = True
    primary: bool = False
    begin_date: str = ""
    end_date: str = ""


class _MemberRow(Struct, array_like=True, frozen=True, gc=False):
    sourced_id: str
    login: str
    email: str
    given_name: str
    family_name: str


class GonePerson(Struct, frozen=True, kw_only=True):
    """What is kept of a removed person for 30 days. ``gone_at`` in ms since 1970."""

    sourced_id: str
    email: str
    given_name: str
    family_name: str
    gone_at: int


class _ClassList(Struct, frozen=True):
    classes: tuple[OwnersClass, ...]


class _EmailsOwner(Struct, frozen=True):
    owner_id: str


def has_expired(item: Item, now_ms: int) -> bool:
    """Say whether an item is as good as deleted, at a time in ms since 1970."""
    return bool(item.get("expires", 0)) and int(item["expires"]) * 1000 <= now_ms


# -- The roster ------------------------------------------------------------------------------------------


def record_item(tenant_id: str, record: Org | AcademicSession | Course | Person) -> Item:
    """Return the item of a record. A person read from ``/users/{id}`` is marked ``user_read``."""
    kind = type(record)
    item = _item(keys.record(tenant_id, kind, record.sourced_id), _KINDS[kind], record)
    item["data"] = _text(replace(record, modified=""))
    if isinstance(record, Person) and "users" in record.collections:
        item["user_read"] = True
    return item


def record_of(item: Item, kind: type[R]) -> R:
    """Return the record of an item, without ``modified``."""
    return decoder(kind).decode(item["data"])


def is_user_read(item: Item) -> bool:
    """Say whether a person's item came from ``/users/{id}``."""
    return "user_read" in item


def class_item(tenant_id: str, roster: ClassRoster) -> Item:
    """Return the item of a class and its enrollments, which are all its own.

    Enrollments that do not fit are not kept: the item is marked ``too_large``, its ``fp`` still covers them.
    """
    record = roster.record
    item = _item(keys.record(tenant_id, Class, record.sourced_id), "class", roster)
    item["data"] = _text(replace(record, modified=""))
    rows = [
        _EnrollmentRow(
            row.sourced_id,
            row.user_id,
            row.role,
            row.active,
            row.primary,
            row.begin_date,
            row.end_date,
        )
        for row in roster.enrollments
    ]
    enrollments = _compressed(rows)
    if len(enrollments) > MAX_COMPRESSED_BYTES:
        item["too_large"] = True
    else:
        item["enrollments"] = enrollments
    return item


def class_roster_of(item: Item) -> ClassRoster:
    """Return the class of an item; one that is too large comes without enrollments."""
    record = decoder(Class).decode(item["data"])
    if is_too_large(item):
        return ClassRoster(record)
    rows = decoder(list[_EnrollmentRow]).decode(zlib.decompress(item["enrollments"]))
    return ClassRoster(
        record,
        tuple(
            Enrollment(
                sourced_id=row.sourced_id,
                active=row.active,
                class_id=record.sourced_id,
                user_id=row.user_id,
                role=row.role,
                primary=row.primary,
                begin_date=row.begin_date,
                end_date=row.end_date,
            )
            for row in rows
        ),
    )


def is_too_large(item: Item) -> bool:
    """Say whether a class's item lacks its enrollments because they did not fit."""
    return "too_large" in item


def gone_item(tenant_id: str, person: Person, now_ms: int) -> Item:
    """Return the item that remembers a removed person's name and e-mail for 30 days."""
    gone = GonePerson(
        sourced_id=person.sourced_id,
        email=person.email,
        given_name=person.given_name,
        family_name=person.family_name,
        gone_at=now_ms,
    )
    item = _item(keys.gone(tenant_id, person.sourced_id), "gone", gone)
    return {**item, "data": _text(gone), "expires": now_ms // 1000 + GONE_SECONDS}


def gone_of(item: Item) -> GonePerson:
    """Return the removed person of an item."""
    return decoder(GonePerson).decode(item["data"])


# -- Owners ----------------------------------------------------------------------------------------------


def owner_item(tenant_id: str, owner: Owner) -> Item:
    """Return the item of an owner."""
    return {**_item(keys.owner(tenant_id, owner.owner_id), "owner", owner), "data": _text(owner)}


def owner_of(item: Item) -> Owner:
    """Return the owner of an item."""
    return decoder(Owner).decode(item["data"])


def former_owner_item(tenant_id: str, former: FormerOwner, now_ms: int) -> Item:
    """Return the item of an owner who ended now; it expires after 400 days."""
    item = _item(keys.former_owner(tenant_id, former.owner_id), "formerOwner", former)
    return {**item, "data": _text(former), "expires": now_ms // 1000 + FORMER_SECONDS}


def former_owner_of(item: Item) -> FormerOwner:
    """Return the former owner of an item; ask ``has_expired`` first."""
    return decoder(FormerOwner).decode(item["data"])


def email_item(tenant_id: str, email: str, owner_id: str) -> Item:
    """Return the item that says whose a normalised e-mail is.

    What Senso says of the e-mail's user is another item, so that each has one writer (DESIGN §4).
    """
    owner = _EmailsOwner(owner_id)
    return {**_item(keys.email(tenant_id, email), "email", owner), "owner_id": owner_id}


def owner_id_of(item: Item) -> str:
    """Return the owner's id of an e-mail's item."""
    return str(item["owner_id"])


# -- Groups ----------------------------------------------------------------------------------------------


def group_item(tenant_id: str, group: Group) -> Item:
    """Return the item of a group whose ``members_fit``; a removed one expires after 90 days."""
    key = keys.group(tenant_id, group.owner_id, group.group_id)
    members = _compressed_members(group.members)
    item = {
        **_item(key, "group", group),
        "data": _text(replace(group, members=())),
        "members": members,
        "version": group.version,
        "removed": group.removed,
    }
    if group.removed:
        item["expires"] = group.removed_at // 1000 + TOMBSTONE_SECONDS
    return item


def members_fit(members: Sequence[Member]) -> bool:
    """Say whether a group's members fit an item; 5,000 of usual length take about half of it."""
    longest = sum(
        len(one.sourced_id)
        + len(one.login)
        + len(one.email)
        + len(one.given_name)
        + len(one.family_name)
        + 20
        for one in members
    )
    # No character takes more than 6 bytes of JSON, so most need not be compressed to know.
    return longest * 6 <= MAX_COMPRESSED_BYTES or len(_compressed_members(members)) <= MAX_COMPRESSED_BYTES


def _compressed_members(members: Iterable[Member]) -> bytes:
    rows = [
        _MemberRow(one.sourced_id, one.login, one.email, one.given_name, one.family_name) for one in members
    ]
    return _compressed(rows)


def group_of(item: Item) -> Group:
    """Return the group of an item."""
    group = decoder(Group).decode(item["data"])
    rows = decoder(list[_MemberRow]).decode(zlib.decompress(item["members"]))
    if not rows:
        return group
    members = tuple(
        Member(row.sourced_id, row.login, row.email, row.given_name, row.family_name) for row in rows
    )
    return replace(group, members=members)


def class_list_item(tenant_id: str, owner_id: str, classes: Iterable[OwnersClass]) -> Item:
    """Return the item of the classes that an owner is enrolled on, with reasons."""
    listed = _ClassList(tuple(classes))
    item = _item(keys.class_list(tenant_id, owner_id), "classList", listed)
    return {**item, "classes": _compressed(listed.classes)}


def class_list_of(item: Item) -> tuple[OwnersClass, ...]:
    """Return the classes of an owner's class list."""
    return decoder(tuple[OwnersClass, ...]).decode(zlib.decompress(item["classes"]))


def _item(key: Key, kind: str, meaning: Any) -> Item:
    return {"pk": key[0], "sk": key[1], "kind": kind, "fp": fingerprint(meaning)}


def _text(thing: Any) -> str:
    return _JSON.encode(thing).decode()


def _compressed(rows: Any) -> bytes:
    return zlib.compress(_JSON.encode(rows))
