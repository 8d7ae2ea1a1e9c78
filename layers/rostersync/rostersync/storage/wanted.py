"""Users that Senso was asked to make for owners, and what it answered."""

from typing import Any, Final

from msgspec import Struct

from rostersync.errors import StorageConflict
from rostersync.storage import keys
from rostersync.storage.attributes import Item
from rostersync.storage.conditions import Absent, Equals
from rostersync.storage.table import Table

REQUESTED: Final = "requested"
NO_ANSWER: Final = "no answer"
CREATED: Final = "created"
CREATED_ELSEWHERE: Final = "created, not linked"
"""Of a teacher who waits all the same: the user has another e-mail, or has gone since."""

REFUSED: Final = "refused"


class WantedUser(Struct, frozen=True, kw_only=True):
    """One request. ``asked_at`` is when the bus last took it, in ms since 1970, 0: not yet; ``asked`` counts.

    ``automatic``: by the tenant's setting, not by an admin. ``user_id`` is set when it was answered by a
    user, ``refused`` holds Senso's reason.
    """

    owner_id: str
    request_id: str
    role: str
    site: str
    automatic: bool = False
    asked_at: int = 0
    asked: int = 0
    user_id: str = ""
    refused: str = ""

    @property
    def state(self) -> str:
        """One of ``requested``, ``created``, ``refused`` and ``no answer``, the last once it was repeated."""
        if self.user_id:
            return CREATED
        if self.refused:
            return REFUSED
        return NO_ANSWER if self.asked > 1 else REQUESTED

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return not self.user_id and not self.refused


class WantedUsers:
    """One request an owner, the last one."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, tenant_id: str, owner_id: str) -> WantedUser | None:
        """Return the last request for an owner."""
        item = self._table.get(keys.wanted(tenant_id, owner_id))
        return None if item is None else wanted_of(item)

    def put(self, tenant_id: str, wanted: WantedUser) -> None:
        """Write a request over whatever there was."""
        self._table.put(_item(tenant_id, wanted))

    def put_first(self, tenant_id: str, wanted: WantedUser) -> WantedUser:
        """Write a request unless there is one; return the one there is."""
        try:
            self._table.put(_item(tenant_id, wanted), when=[Absent()])
        except StorageConflict:
            return self.get(tenant_id, wanted.owner_id) or wanted
        return wanted

    def note_asked(self, tenant_id: str, wanted: WantedUser, at: int) -> None:
        """Note that the bus took the request, unless another has been made meanwhile."""
        self._update(tenant_id, wanted, {"asked_at": at, "asked": wanted.asked + 1})

    def note_created(self, tenant_id: str, owner_id: str, request_id: str, user_id: str) -> None:
        """Note that a request was answered by a user."""
        self._answer(tenant_id, owner_id, request_id, {"user_id": user_id, "refused": ""})

    def note_refused(self, tenant_id: str, owner_id: str, request_id: str, reason: str) -> None:
        """Note that a request was refused, unless a user has answered it."""
        found = self.get(tenant_id, owner_id)
        if found is not None and not found.user_id:
            self._answer(tenant_id, owner_id, request_id, {"refused": reason})

    def _answer(self, tenant_id: str, owner_id: str, request_id: str, changes: dict[str, Any]) -> None:
        wanted = WantedUser(owner_id=owner_id, request_id=request_id, role="", site="")
        self._update(tenant_id, wanted, changes)

    def _update(self, tenant_id: str, wanted: WantedUser, changes: dict[str, Any]) -> None:
        key = keys.wanted(tenant_id, wanted.owner_id)
        try:
            self._table.update(key, changes, when=[Equals("request_id", wanted.request_id)])
        except StorageConflict:
            # Answered too late: another request stands in its place, or none.
            return


def wanted_of(item: Item) -> WantedUser:
    """Return the request of an item."""
    return WantedUser(
        owner_id=keys.owner_of(item["sk"]),
        request_id=item["request_id"],
        role=item["role"],
        site=item["site"],
        automatic=item["automatic"],
        asked_at=item["asked_at"],
        asked=item["asked"],
        user_id=item["user_id"],
        refused=item["refused"],
    )


def _item(tenant_id: str, wanted: WantedUser) -> Item:
    pk, sk = keys.wanted(tenant_id, wanted.owner_id)
    return {
        "pk": pk,
        "sk": sk,
        "kind": "wanted",
        "request_id": wanted.request_id,
        "role": wanted.role,
        "site": wanted.site,
        "automatic": wanted.automatic,
        "asked_at": wanted.asked_at,
        "asked": wanted.asked,
        "user_id": wanted.user_id,
        "refused": wanted.refused,
    }
