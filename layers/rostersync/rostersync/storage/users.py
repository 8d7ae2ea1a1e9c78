"""What Senso said of its users, whether or not an owner waits for them."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from rostersync.errors import InvalidInput, StorageConflict
from rostersync.roster.identity import SHARDS
from rostersync.roster.linking import User
from rostersync.storage import keys
from rostersync.storage.attributes import Item
from rostersync.storage.conditions import Absent, Below, Equals
from rostersync.storage.items import DAY
from rostersync.storage.table import Table
from rostersync.storage.transactions import Check, Delete, Put

REMOVED_SECONDS: Final = 90 * DAY
LISTING_SECONDS: Final = 14 * DAY

FEW: Final = 5
"""So many users may be missing from a list whatever their share."""

_TRIES: Final = 8


class KnownUser(Struct, frozen=True, kw_only=True):
    """A user as of ``changed_at``, Senso's own time in ms since 1970. A removed one has no e-mail."""

    user_id: str
    email: str = ""
    changed_at: int
    removed: bool = False

    @property
    def order(self) -> tuple[int, bool, str]:
        """By which two reports of one user are told apart: the later counts, of two at once a removal."""
        return self.changed_at, self.removed, self.email

    @property
    def user(self) -> User:
        """The user as links know it."""
        return User(self.user_id, self.email)


class Users:
    """User items, and for each e-mail the ids of who was said to have it. Times in ms since 1970."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, tenant_id: str, user_id: str) -> KnownUser | None:
        """Return a user, a removed one too."""
        item = self._table.get(keys.user(tenant_id, user_id))
        return None if item is None else _user_of(item)

    def record(self, tenant_id: str, user: KnownUser) -> KnownUser | None:
        """Write what was said of a user, unless something later is known; return what was known before.

        The e-mail's entry is written first: whoever finds the user by e-mail reads the user too. The entry of
        the old one goes together with the change: nobody would ever delete what a call that died had left.
        """
        for _ in range(_TRIES):
            before = self.get(tenant_id, user.user_id)
            if before is not None and before.order >= user.order:
                return before
            if user.email:
                pk, sk = keys.email_user(tenant_id, user.email, user.user_id)
                self._table.put({"pk": pk, "sk": sk, "kind": "emailUser"})
            expected = [Absent()] if before is None else [Equals("revision", _revision(before))]
            item = _user_item(tenant_id, user)
            try:
                if before is None or before.email in {"", user.email}:
                    self._table.put(item, when=expected)
                else:
                    old = keys.email_user(tenant_id, before.email, user.user_id)
                    self._table.transact([Put(item, expected), Delete(old)])
            except StorageConflict:
                # Another event of the same user at the same moment; the later of the two stays.
                continue
            return before
        raise StorageConflict(f"a user of tenant {tenant_id} changed again and again; try again later")

    def with_emails(self, tenant_id: str, emails: Iterable[str]) -> list[KnownUser]:
        """Return the users who have one of these e-mails now, as Senso has it."""
        found = []
        for email in emails:
            prefix = keys.email_users_prefix(email)
            for entry in self._table.query(keys.email_user(tenant_id, email, "")[0], prefix):
                user_id = entry["sk"].removeprefix(prefix)
                # An e-mail may hold a "#"; a user id holds none.
                user = None if "#" in user_id else self.get(tenant_id, user_id)
                if user is not None and user.email == email and not user.removed:
                    found.append(user)
        return found

    def still(self, tenant_id: str, user: KnownUser) -> Check:
        """Return what a transaction hangs on that was decided by this user as it is."""
        return Check(keys.user(tenant_id, user.user_id), [Equals("revision", _revision(user))])

    def all(self, tenant_id: str) -> Iterator[KnownUser]:
        """Yield every user, removed ones too."""
        for shard in range(SHARDS):
            for item in self._table.query(keys.users_partition(tenant_id, shard), keys.USER_PREFIX):
                yield _user_of(item)

    # -- Lists of users --------------------------------------------------------------------------------

    def page_has_come(self, tenant_id: str, request_id: str, as_of: int, page: int, pages: int) -> bool:
        """Note that a page of a list was taken in; return whether now all of them were."""
        pk, sk = keys.listing(tenant_id, request_id, as_of)
        for _ in range(_TRIES):
            item = self._table.get((pk, sk))
            # A list whose parts do not agree on how many they are is never complete.
            come = {page} if item is None else {*map(int, item["come"]), page}
            total = max(pages, 0 if item is None else int(item["pages"]))
            revision = 0 if item is None else int(item["revision"])
            listing: Item = {
                "pk": pk,
                "sk": sk,
                "kind": "listing",
                "come": [str(one) for one in sorted(come)],
                "pages": total,
                "revision": revision + 1,
                "expires": as_of // 1000 + LISTING_SECONDS,
            }
            try:
                self._table.put(listing, when=[Absent()] if item is None else [Equals("revision", revision)])
            except StorageConflict:
                continue
            return come >= set(range(1, total + 1))
        raise StorageConflict(f"pages of a list of tenant {tenant_id} came all at once; try again later")

    def remove_unlisted(self, tenant_id: str, as_of: int) -> list[str]:
        """Take as removed who is known from before ``as_of`` only, once a whole list as of then is in.

        Whoever is on it is known from then, or later. Returns the ids of those removed, by an earlier call
        of the same list too, so that a call that died is finished by the next. Raises ``InvalidInput`` when
        more than half of the users would go, and more than five: a mistake of whoever made the list would
        take the groups from a whole district. Users who are gone are told of one by one as well.
        """
        known = list(self.all(tenant_id))
        unlisted = [user for user in known if user.changed_at < as_of and not user.removed]
        gone = [user.user_id for user in known if user.removed and user.changed_at == as_of]
        present = sum(not user.removed for user in known) + len(gone)
        missing = len(unlisted) + len(gone)
        if missing > max(FEW, present // 2):
            raise InvalidInput(
                f"users: {missing} of {present} users are missing from the list; nobody was removed. "
                "Tell us of each who is gone, or send a list that has those who are not"
            )
        for user in unlisted:
            self.record(tenant_id, KnownUser(user_id=user.user_id, changed_at=as_of, removed=True))
        self._note_complete(tenant_id, as_of)
        return [*gone, *(user.user_id for user in unlisted)]

    def complete_as_of(self, tenant_id: str) -> int:
        """Return the time of the last whole list, 0 when there never was one."""
        item = self._table.get(keys.listed(tenant_id))
        return 0 if item is None else int(item["as_of"])

    def _note_complete(self, tenant_id: str, as_of: int) -> None:
        pk, sk = keys.listed(tenant_id)
        try:
            self._table.put(
                {"pk": pk, "sk": sk, "kind": "listed", "as_of": as_of}, when=[Absent(), Below("as_of", as_of)]
            )
        except StorageConflict:
            # A later list is known.
            return


def _user_item(tenant_id: str, user: KnownUser) -> Item:
    pk, sk = keys.user(tenant_id, user.user_id)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "kind": "user",
        "email": user.email,
        "changed_at": user.changed_at,
        "removed": user.removed,
        "revision": _revision(user),
    }
    if user.removed:
        item["expires"] = user.changed_at // 1000 + REMOVED_SECONDS
    return item


def _user_of(item: Item) -> KnownUser:
    return KnownUser(
        user_id=item["sk"].removeprefix(keys.USER_PREFIX),
        email=item["email"],
        changed_at=item["changed_at"],
        removed=item["removed"],
    )


def _revision(user: KnownUser) -> str:
    """Return what is equal for two items that say the same."""
    return f"{user.changed_at} {user.removed} {user.email}"
