"""A stand-in for Senso: its users, its answers on the bus, and the groups that its teachers see.

It behaves as docs/integration-with-senso.md asks of a consumer. No I/O: whoever holds it carries the events.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from local.received_groups import Heard, ReceivedGroup, ReceivedOwner, ShownGroup

Event: TypeAlias = tuple[str, dict[str, Any]]
"""Detail type and detail."""

_MILLISECOND = timedelta(milliseconds=1)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _User:
    email: str
    changed_at: datetime


@dataclass(slots=True)
class _Tenant:
    """What Senso has of one tenant. ``users`` by id, ``answers`` by request id, ``refusals`` by e-mail.

    ``attention`` says by reason and run whether an admin has to look at it.
    """

    users: dict[str, _User] = field(default_factory=dict)
    owners: defaultdict[str, ReceivedOwner] = field(default_factory=lambda: defaultdict(ReceivedOwner))
    answers: dict[str, Event] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    attention: dict[tuple[str, str], bool] = field(default_factory=dict)
    last_change: datetime = _LONG_AGO
    users_made: int = 0


class Senso:
    """Senso, with any number of tenants; user ids of two tenants are alike, so that mixing them shows.

    ``silent``: it does not answer ``User Wanted``. ``received`` counts events by detail type.
    """

    def __init__(self, now: Callable[[], datetime], *, page_size: int = 500) -> None:
        self.silent = False
        self.received: Counter[str] = Counter()
        self._now = now
        self._page_size = page_size
        self._tenants: defaultdict[str, _Tenant] = defaultdict(_Tenant)
        self._heard = Heard()

    @property
    def changed_nothing(self) -> int:
        """How many ``Groups Changed`` said something new that was what had been said before.

        One that comes late or again does not count. One does whose group changed and changed back while
        nothing could be delivered: the sync goes by versions.
        """
        return self._heard.changed_nothing

    @property
    def contradictions(self) -> int:
        """How often one version of a group, or one link, was told in two ways."""
        return self._heard.contradictions

    def receive(self, detail_type: str, detail: Mapping[str, Any]) -> list[Event]:
        """Take in one event of the sync; return what Senso answers, in order."""
        self.received[detail_type] += 1
        tenant_id = detail["tenantId"]
        match detail_type:
            case "Groups Changed":
                self._heard.note(detail)
                tenant, link = self._tenants[tenant_id], detail["link"]
                owner = tenant.owners[detail["ownerId"]]
                owner.take_in(link["id"], link["userId"], detail["groups"], tenant.users)
                return []
            case "Users Requested":
                return self._listing(tenant_id, detail["requestId"])
            case "Attention Needed":
                # What is decided stays so, in whatever order the two come.
                wants, what = self._tenants[tenant_id].attention, (detail["reason"], detail["runId"])
                wants[what] = detail["needed"] and wants.get(what, True)
                return []
            case "User Wanted":
                return [] if self.silent else [self._answer(tenant_id, detail)]
        raise ValueError(f"{detail_type!r} is no event that Senso takes")

    # -- What happens at Senso: each returns the event to be put on the bus ------------------------------

    def add_user(
        self, tenant_id: str, email: str, at: datetime | None = None, user_id: str | None = None
    ) -> tuple[str, Event]:
        """Add a user; with the id of one who was removed, that one comes back, without groups."""
        tenant = self._tenants[tenant_id]
        if user_id is None:
            tenant.users_made += 1
            user_id = f"user-{tenant.users_made}"
        if user_id in tenant.users:
            raise ValueError(f"{tenant_id} has a user {user_id}")
        tenant.users[user_id] = _User(email, self._tick(tenant_id, at))
        return user_id, self._added(tenant_id, user_id)

    def change_email(self, tenant_id: str, user_id: str, email: str, at: datetime | None = None) -> Event:
        """Give a user another e-mail."""
        changed_at = self._tick(tenant_id, at)
        self._tenants[tenant_id].users[user_id] = _User(email, changed_at)
        return _event(
            "User Changed", tenant_id, {"userId": user_id, "email": email, "at": _written(changed_at)}
        )

    def remove_user(self, tenant_id: str, user_id: str, at: datetime | None = None) -> Event:
        """Remove a user, and the groups with the user."""
        tenant = self._tenants[tenant_id]
        del tenant.users[user_id]
        for owner in tenant.owners.values():
            if owner.user_id == user_id:
                owner.forget()
        return _event(
            "User Removed", tenant_id, {"userId": user_id, "at": _written(self._tick(tenant_id, at))}
        )

    # -- What people at Senso do -----------------------------------------------------------------------

    def refuse(self, tenant_id: str, email: str, reason: str) -> None:
        """From now on refuse to make a user with this e-mail."""
        self._tenants[tenant_id].refusals[_compared(email)] = reason

    def add_by_hand(self, tenant_id: str, user_id: str, group_id: str, student: str) -> None:
        """Let a teacher add a student to a group; raises ``KeyError`` when the teacher does not see it."""
        self._groups(tenant_id, user_id)[group_id].by_hand.add(student)

    def rename_by_hand(self, tenant_id: str, user_id: str, group_id: str, name: str) -> None:
        """Let a teacher rename a group; raises ``KeyError`` when the teacher does not see it."""
        self._groups(tenant_id, user_id)[group_id].own_name = name

    # -- Questions -------------------------------------------------------------------------------------

    def users(self, tenant_id: str) -> dict[str, str]:
        """Return user id -> e-mail."""
        return {user_id: user.email for user_id, user in self._tenants[tenant_id].users.items()}

    def groups_of(self, tenant_id: str, user_id: str) -> dict[str, ShownGroup]:
        """Return what a user sees, by group id."""
        return {key: group.shown for key, group in self._groups(tenant_id, user_id).items()}

    def groups_by_email(self, tenant_id: str) -> dict[str, dict[str, ShownGroup]]:
        """Return what each user sees who has groups, by e-mail, trimmed and casefolded."""
        found: dict[str, dict[str, ShownGroup]] = {}
        for user_id, email in self.users(tenant_id).items():
            if groups := self.groups_of(tenant_id, user_id):
                found.setdefault(_compared(email), {}).update(groups)
        return found

    def owners_of(self, tenant_id: str, user_id: str) -> set[str]:
        """Return the owners whose link names a user: one at the most, once every event has come."""
        owners = self._tenants[tenant_id].owners
        return {owner_id for owner_id, owner in owners.items() if owner.user_id == user_id}

    def link_of(self, tenant_id: str, owner_id: str) -> tuple[int, str | None]:
        """Return an owner's greatest link id, 0 for none, and the user whom that link names."""
        owner = self._tenants[tenant_id].owners.get(owner_id, ReceivedOwner())
        return owner.link_id, owner.user_id

    # -- Within ----------------------------------------------------------------------------------------

    def _groups(self, tenant_id: str, user_id: str) -> dict[str, ReceivedGroup]:
        tenant = self._tenants[tenant_id]
        if user_id not in tenant.users:
            return {}
        owners = [owner for owner in tenant.owners.values() if owner.user_id == user_id]
        return {group_id: group for owner in owners for group_id, group in owner.there().items()}

    def _listing(self, tenant_id: str, request_id: str) -> list[Event]:
        """Return the pages of a list as of one time; a tenant without users has one, which is empty."""
        users = [
            {"userId": user_id, "email": email} for user_id, email in sorted(self.users(tenant_id).items())
        ]
        as_of = _written(self._tick(tenant_id))
        size = self._page_size
        pages = [users[first : first + size] for first in range(0, len(users), size)] or [[]]
        return [
            _event(
                "Users Listed",
                tenant_id,
                {"requestId": request_id, "page": number, "pages": len(pages), "asOf": as_of, "users": page},
            )
            for number, page in enumerate(pages, start=1)
        ]

    def _answer(self, tenant_id: str, wanted: Mapping[str, Any]) -> Event:
        """Return the answer to a request, to the same request always the same."""
        answers = self._tenants[tenant_id].answers
        request_id = wanted["requestId"]
        if request_id not in answers:
            detail_type, detail = self._decide(tenant_id, wanted["email"])
            to = {"requestId": request_id, "ownerId": wanted["ownerId"]}
            answers[request_id] = (detail_type, {**detail, "answers": to})
        return answers[request_id]

    def _decide(self, tenant_id: str, email: str) -> Event:
        tenant = self._tenants[tenant_id]
        compared = _compared(email)
        if compared in tenant.refusals:
            at = _written(self._tick(tenant_id))
            return _event("User Refused", tenant_id, {"reason": tenant.refusals[compared], "at": at})
        for user_id, known in sorted(self.users(tenant_id).items()):
            if _compared(known) == compared:
                return self._added(tenant_id, user_id)
        return self.add_user(tenant_id, email)[1]

    def _added(self, tenant_id: str, user_id: str) -> Event:
        # Of a user who was there already it tells the time of the last change, not of the answer.
        user = self._tenants[tenant_id].users[user_id]
        return _event(
            "User Added",
            tenant_id,
            {"userId": user_id, "email": user.email, "at": _written(user.changed_at)},
        )

    def _tick(self, tenant_id: str, at: datetime | None = None) -> datetime:
        """Return the time of a change, in whole ms: ``at``, or now, but later than any other's so far."""
        tenant = self._tenants[tenant_id]
        time = _in_ms(at) if at is not None else max(_in_ms(self._now()), tenant.last_change + _MILLISECOND)
        tenant.last_change = max(tenant.last_change, time)
        return time


def _event(detail_type: str, tenant_id: str, detail: dict[str, Any]) -> Event:
    return detail_type, {"schemaVersion": 1, "tenantId": tenant_id, **detail}


def _compared(email: str) -> str:
    return email.strip().casefold()


def _in_ms(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(microsecond=time.microsecond // 1000 * 1000)


def _written(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
