"""Senso's events: take in what is said of users, tie them to owners, send those owners' groups."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from rostersync.at_once import at_once
from rostersync.clock import milliseconds
from rostersync.errors import InvalidInput
from rostersync.roster.emails import normalise_email
from rostersync.senso.bus import Bus
from rostersync.senso.contracts import (
    SENSO_SENDS,
    SENSOS,
    SensosEvent,
    UserAdded,
    UserChanged,
    UserRefused,
    UserRemoved,
    UsersListed,
    read_event,
)
from rostersync.senso.delivering import Delivering
from rostersync.senso.linking import Linking
from rostersync.storage.stores import Stores
from rostersync.storage.users import KnownUser

FUTURE: Final = timedelta(minutes=15)
"""What two clocks may differ by: an event from later would silence all until then."""

LONGEST_EMAIL_BYTES: Final = 800
"""In UTF-8: an e-mail stands in a sort key of 1,024 bytes, beside a user's id."""


class _Message(msgspec.Struct):
    """What EventBridge puts into the queue; the rest of it is not looked at."""

    source: str
    detail_type: str = msgspec.field(name="detail-type")
    detail: msgspec.Raw = msgspec.field()


def read_message(body: str) -> SensosEvent:
    """Return the event in a message's body; raises ``InvalidInput``, which shows nothing of it."""
    try:
        message = msgspec.json.decode(body, type=_Message)
    except msgspec.MsgspecError:
        raise InvalidInput("the message is not an event as EventBridge writes them") from None
    if message.source != SENSOS or message.detail_type not in SENSO_SENDS:
        raise InvalidInput("the event's source or detail type is none that link_users takes")
    return read_event(SENSO_SENDS[message.detail_type], bytes(message.detail))


def link_users(event: SensosEvent, stores: Stores, bus: Bus, *, now: datetime) -> None:
    """Take in one event. It may come twice, late or in any order: the time it tells of decides.

    An event of a tenant that is not connected is dropped: connecting asks for all users. Raises
    ``EventBusUnavailable`` and ``StorageUnavailable``; the same event again then finishes what was begun.
    Raises ``InvalidInput`` for an event from the future, and for a list that would remove most users.
    """
    integration = stores.integrations.get(event.tenant_id)
    if integration is None or integration.status == "disconnecting":
        return
    now_ms = milliseconds(now)
    if _time_of(event) > now + FUTURE:
        raise InvalidInput(
            "at, asOf: lies more than a quarter of an hour ahead; set the clock of whoever wrote it"
        )
    linking = Linking(stores, event.tenant_id, integration.settings.email_domains, now_ms)
    concerned: set[str]
    match event:
        case UsersListed():
            concerned = _take_in_page(event, linking)
        case UserRefused():
            answers = event.answers
            stores.wanted.note_refused(event.tenant_id, answers.owner_id, answers.request_id, event.reason)
            concerned = set()
        case UserAdded() | UserChanged() | UserRemoved():
            concerned = _take_in(_known_user(event), linking)
    if isinstance(event, UserAdded) and event.answers is not None:
        stores.wanted.note_created(
            event.tenant_id, event.answers.owner_id, event.answers.request_id, event.user_id
        )
    settled = linking.settle_each(concerned)
    delivering = Delivering(stores, bus, event.tenant_id)
    # Removed, and known from later: the user came back, and Senso has dropped the groups in between.
    again = set() if not isinstance(event, UserRemoved) else _linked_still(event.user_id, linking)
    delivering.deliver(
        [
            *at_once(delivering.read_to_send_again, sorted(again)),
            *at_once(delivering.read, sorted(settled - again)),
        ]
    )


def _take_in_page(event: UsersListed, linking: Linking) -> set[str]:
    """Record a page's users; with the last page of the list, also remove who is on none of them."""
    as_of = milliseconds(event.as_of)
    known = [
        KnownUser(user_id=one.user_id, email=_comparable(one.email), changed_at=as_of) for one in event.users
    ]
    concerned = set().union(*at_once(lambda user: _take_in(user, linking), known))
    users = linking.stores.users
    if users.page_has_come(event.tenant_id, event.request_id, as_of, event.page, event.pages):
        removed = users.remove_unlisted(event.tenant_id, as_of)
        concerned.update(*at_once(lambda user_id: linking.owners_around([user_id]), removed))
    return concerned


def _take_in(user: KnownUser, linking: Linking) -> set[str]:
    """Record a user; return the owners whom that concerns, when it was recorded before too."""
    before = linking.stores.users.record(linking.tenant_id, user)
    emails = {user.email, before.email if before is not None else ""}
    return linking.owners_around([user.user_id], emails)


def _linked_still(user_id: str, linking: Linking) -> set[str]:
    """Return the owner of a user who is said to be gone and is linked all the same."""
    owner_id = linking.stores.links.of_user(linking.tenant_id, user_id).owner_id
    return {owner_id} - {""}


def _time_of(event: SensosEvent) -> datetime:
    return event.as_of if isinstance(event, UsersListed) else event.at


def _known_user(event: UserAdded | UserChanged | UserRemoved) -> KnownUser:
    at = milliseconds(event.at)
    if isinstance(event, UserRemoved):
        return KnownUser(user_id=event.user_id, changed_at=at, removed=True)
    return KnownUser(user_id=event.user_id, email=_comparable(event.email), changed_at=at)


def _comparable(email: str) -> str:
    """Return an e-mail as it is compared, "" for what is none; the domain rewrite comes later (RULES 2.1)."""
    found = normalise_email(email, {})
    return found if len(found.encode()) <= LONGEST_EMAIL_BYTES else ""
