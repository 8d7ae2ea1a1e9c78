"""What is due, as events that fit the bus."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from rostersync.roster.classes import Member
from rostersync.roster.due import Due, Link
from rostersync.roster.groups import Group
from rostersync.senso.bus import MAX_EVENT_BYTES, OutgoingEvent

DETAIL_TYPE: Final = "Groups Changed"

GROUPS_BYTES: Final = MAX_EVENT_BYTES - 2_000
"""What the groups of one event may take: the rest is for ids, names of fields and the event's own."""

PART_BYTES: Final = GROUPS_BYTES - 8_000
"""What the members of one part may take: a group's name and ids are beside them."""

_ENCODE: Final = msgspec.json.Encoder().encode


class Delivery(Struct, frozen=True):
    """One event, and what has been told once it and the others of its owner are accepted.

    ``groups`` are those of which it carries a part or all, ``removed`` those it removes; ids.
    """

    event: OutgoingEvent
    groups: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class _Entry(Struct):
    """A group, a part of one or a removal, as JSON."""

    group_id: str
    text: bytes
    removed: bool = False


def pack_deliveries(tenant_id: str, link: Link, due: Due) -> list[Delivery]:
    """Return the events of what is due; how a group is cut into parts depends on that group alone."""
    entries = [
        *(entry for group in due.groups for entry in _entries(group)),
        *(_removal(group_id, version) for group_id, version in due.removed),
    ]
    deliveries = [_delivery(tenant_id, link, batch) for batch in _filled(entries)]
    if due.only_link:
        deliveries.append(_delivery(tenant_id, link, []))
    return deliveries


def _filled(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    batch: list[_Entry] = []
    size = 0
    for entry in entries:
        if batch and size + len(entry.text) + 1 > GROUPS_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += len(entry.text) + 1
    if batch:
        yield batch


def _delivery(tenant_id: str, link: Link, entries: list[_Entry]) -> Delivery:
    event = OutgoingEvent.of(
        DETAIL_TYPE,
        {
            "tenantId": tenant_id,
            "ownerId": link.owner_id,
            "link": {"id": link.link_id, "userId": link.user_id or None},
            "groups": [msgspec.Raw(entry.text) for entry in entries],
        },
    )
    return Delivery(
        event,
        tuple(entry.group_id for entry in entries if not entry.removed),
        tuple(entry.group_id for entry in entries if entry.removed),
    )


def _entries(group: Group) -> list[_Entry]:
    """Return a group as one entry, or as several whose members together are its own."""
    parts = list(_parts(group.members))
    return [
        _Entry(
            group.group_id,
            _ENCODE(
                {
                    "groupId": group.group_id,
                    "version": group.version,
                    "removed": False,
                    "name": group.name,
                    "nameVersion": group.name_version,
                    "part": number,
                    "parts": len(parts),
                    "members": [msgspec.Raw(member) for member in members],
                }
            ),
        )
        for number, members in enumerate(parts, start=1)
    ]


def _parts(members: Iterable[Member]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size = 0
    for member in members:
        text = _ENCODE(
            {
                "sourcedId": member.sourced_id,
                "login": member.login,
                "email": member.email,
                "givenName": member.given_name,
                "familyName": member.family_name,
            }
        )
        if part and size + len(text) + 1 > PART_BYTES:
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text) + 1
    yield part


def _removal(group_id: str, version: int) -> _Entry:
    return _Entry(group_id, _ENCODE({"groupId": group_id, "version": version, "removed": True}), removed=True)
