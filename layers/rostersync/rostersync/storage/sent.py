"""What was sent of each owner's groups, and under which link."""

import zlib
from collections.abc import Callable
from typing import Final

import msgspec

from rostersync.errors import StorageConflict
from rostersync.roster.due import NOTHING_SENT, Sent, Told
from rostersync.storage import keys
from rostersync.storage.attributes import Item
from rostersync.storage.conditions import Absent, Equals
from rostersync.storage.table import Table

_GROUPS: Final = msgspec.json.Decoder(dict[str, Told])
_TRIES: Final = 8


class SentGroups:
    """One item an owner, beside its groups: one write tells of all that was accepted at once."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, tenant_id: str, owner_id: str) -> Sent:
        """Return what was sent."""
        item = self._table.get(keys.sent(tenant_id, owner_id))
        return NOTHING_SENT if item is None else sent_of(item)

    def change(self, tenant_id: str, owner_id: str, sent: Sent, change: Callable[[Sent], Sent]) -> Sent:
        """Write ``change`` of what was sent, ``sent`` as last read, and return it.

        When another has written meanwhile, it is changed from there.
        """
        for _ in range(_TRIES):
            changed = change(sent)
            if (changed.link_id, changed.groups) == (sent.link_id, sent.groups):
                return sent
            expected = Equals("revision", sent.revision) if sent.revision else Absent()
            try:
                self._table.put(_item(tenant_id, owner_id, changed), when=[expected])
            except StorageConflict:
                sent = self.get(tenant_id, owner_id)
                continue
            return Sent(changed.link_id, changed.groups, sent.revision + 1)
        raise StorageConflict(f"what was sent of an owner of {tenant_id} changed again and again; try again")


def sent_of(item: Item) -> Sent:
    """Return what was sent, from its item."""
    groups = _GROUPS.decode(zlib.decompress(item["groups"]))
    return Sent(item["link_id"], groups, item["revision"])


def _item(tenant_id: str, owner_id: str, sent: Sent) -> Item:
    pk, sk = keys.sent(tenant_id, owner_id)
    return {
        "pk": pk,
        "sk": sk,
        "kind": "sent",
        "link_id": sent.link_id,
        "groups": zlib.compress(msgspec.json.encode(sent.groups, order="sorted")),
        "revision": sent.revision + 1,
    }
