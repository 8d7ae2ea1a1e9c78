"""Who is whose: links between owners and users, and matches made by hand."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from rostersync.roster.due import Link
from rostersync.roster.identity import SHARDS
from rostersync.storage import keys
from rostersync.storage.attributes import Item, Key
from rostersync.storage.conditions import Absent, Condition, Equals
from rostersync.storage.items import DAY
from rostersync.storage.table import Table
from rostersync.storage.transactions import Check, Delete, Put, TransactWrite

UNLINKED_SECONDS: Final = 400 * DAY
"""How long it is remembered that an owner had a link: as long as a former owner is (DESIGN §5)."""


class LinkedOwner(Struct, frozen=True):
    """The owner a user is linked to, "" for none, and the one before, who may have yet to hear of it."""

    owner_id: str = ""
    before: str = ""


class Links:
    """Links and matches, each one item at the owner and one at the user, written together."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of_owner(self, tenant_id: str, owner_id: str) -> Link | None:
        """Return an owner's link, one to no user too; None when there never was one."""
        item = self._table.get(keys.link(tenant_id, owner_id))
        return None if item is None else link_of(item)

    def of_user(self, tenant_id: str, user_id: str) -> LinkedOwner:
        """Return whom a user is linked to."""
        item = self._table.get(keys.linked(tenant_id, user_id))
        return LinkedOwner() if item is None else LinkedOwner(item["owner_id"], item["before"])

    def tie(
        self,
        tenant_id: str,
        link: Link | None,
        owner_id: str,
        user_id: str,
        *,
        now_ms: int,
        by_hand: bool = False,
        lost: bool = False,
        provided: Sequence[Check] = (),
    ) -> str:
        """Link an owner to a user, or with "" to none; return the owner who loses the user by it, or "".

        ``link`` is the owner's as it was read; ``provided`` is what else must still be as it was. The link's
        id is the larger of the last one + 1 and now, so it grows even when the last one has been forgotten.
        Raises ``StorageConflict`` when any of it is no more so; then nothing has changed.
        """
        linked = self.of_user(tenant_id, user_id) if user_id else LinkedOwner()
        loser = linked.owner_id if linked.owner_id != owner_id else ""
        writes: list[TransactWrite] = [
            Put(
                _link_item(tenant_id, _next(link, owner_id, user_id, now_ms, by_hand=by_hand, lost=lost)),
                _unchanged(link),
            ),
            *provided,
        ]
        if user_id:
            writes.append(
                Put(
                    _linked_item(tenant_id, user_id, LinkedOwner(owner_id, loser or linked.before)),
                    [Equals("owner_id", linked.owner_id), *([] if linked.owner_id else [Absent()])],
                )
            )
        if link is not None and link.user_id:
            # Whoever held the user keeps its name there: it has yet to be told that the link is over.
            freed = _linked_item(tenant_id, link.user_id, LinkedOwner("", owner_id))
            writes.append(Put(freed, [Equals("owner_id", owner_id)]))
        if loser:
            theirs = self.of_owner(tenant_id, loser)
            writes.append(
                Put(_link_item(tenant_id, _next(theirs, loser, "", now_ms, lost=True)), _unchanged(theirs))
            )
        self._table.transact(writes)
        return loser

    def end(self, tenant_id: str, link: Link, *, now_ms: int) -> Link:
        """Link an owner to nobody, for good; return that link, or the owner's if it is one to nobody.

        The user's side stays as it is: only for a tenant whose links all end, and are deleted then.
        """
        if not link.user_id:
            return link
        ended = _next(link, link.owner_id, "", now_ms)
        self._table.put(_link_item(tenant_id, ended), when=_unchanged(link))
        return ended

    def note_by_hand(self, tenant_id: str, link: Link, by_hand: bool) -> None:
        """Note that a link is one by hand, or is no more; raises ``StorageConflict`` when it is another."""
        self._table.update(keys.link(tenant_id, link.owner_id), {"by_hand": by_hand}, when=_unchanged(link))

    # -- By hand ---------------------------------------------------------------------------------------

    def matched_user(self, tenant_id: str, owner_id: str) -> str:
        """Return the id of the user an owner was matched to by hand, or ""."""
        item = self._table.get(keys.match(tenant_id, owner_id))
        return "" if item is None else str(item["user_id"])

    def matched_owner(self, tenant_id: str, user_id: str) -> str:
        """Return the id of the owner a user was matched to by hand, or ""."""
        item = self._table.get(keys.matched(tenant_id, user_id))
        return "" if item is None else str(item["owner_id"])

    def all_matched(self, tenant_id: str) -> set[str]:
        """Return the ids of all users who were matched to somebody by hand."""
        return {
            item["sk"].removeprefix(keys.MATCHED_PREFIX)
            for shard in range(SHARDS)
            for item in self._table.query(keys.users_partition(tenant_id, shard), keys.MATCHED_PREFIX)
        }

    def match(self, tenant_id: str, owner_id: str, user_id: str) -> None:
        """Match an owner to a user by hand, or with "" to none, in place of what either was matched to.

        Raises ``StorageConflict`` when somebody else does so at the same time.
        """
        old_user = self.matched_user(tenant_id, owner_id)
        old_owner = self.matched_owner(tenant_id, user_id) if user_id else ""
        if (old_user, old_owner) == (user_id, owner_id if user_id else ""):
            return
        writes: list[TransactWrite] = []
        if user_id:
            writes.append(
                Put(
                    _match_item(keys.match(tenant_id, owner_id), "user_id", user_id),
                    _was("user_id", old_user),
                )
            )
            matched = _match_item(keys.matched(tenant_id, user_id), "owner_id", owner_id)
            writes.append(Put(matched, _was("owner_id", old_owner)))
        else:
            writes.append(Delete(keys.match(tenant_id, owner_id), _was("user_id", old_user)))
        if old_user and old_user != user_id:
            writes.append(Delete(keys.matched(tenant_id, old_user), _was("owner_id", owner_id)))
        if old_owner and old_owner != owner_id:
            writes.append(Delete(keys.match(tenant_id, old_owner), _was("user_id", user_id)))
        self._table.transact(writes)


def link_of(item: Item) -> Link:
    """Return the link of an item."""
    return Link(keys.owner_of(item["sk"]), item["link_id"], item["user_id"], item["by_hand"], item["lost"])


def _next(
    link: Link | None,
    owner_id: str,
    user_id: str,
    now_ms: int,
    *,
    by_hand: bool = False,
    lost: bool = False,
) -> Link:
    link_id = now_ms if link is None else max(link.link_id + 1, now_ms)
    return Link(owner_id, link_id, user_id, by_hand, lost)


def _unchanged(link: Link | None) -> list[Condition]:
    return [Absent()] if link is None else [Equals("link_id", link.link_id)]


def _was(attribute: str, value: str) -> list[Condition]:
    return [Equals(attribute, value)] if value else [Absent()]


def _link_item(tenant_id: str, link: Link) -> Item:
    pk, sk = keys.link(tenant_id, link.owner_id)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "kind": "link",
        "link_id": link.link_id,
        "user_id": link.user_id,
        "by_hand": link.by_hand,
        "lost": link.lost,
    }
    if not link.user_id:
        item["expires"] = link.link_id // 1000 + UNLINKED_SECONDS
    return item


def _linked_item(tenant_id: str, user_id: str, linked: LinkedOwner) -> Item:
    pk, sk = keys.linked(tenant_id, user_id)
    return {"pk": pk, "sk": sk, "kind": "linked", "owner_id": linked.owner_id, "before": linked.before}


def _match_item(key: Key, attribute: str, value: str) -> Item:
    return {"pk": key[0], "sk": key[1], "kind": "match", attribute: value}
