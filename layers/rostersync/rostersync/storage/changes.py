"""Changes of the table on their way through staging, from the step that found them to Publish.

A change is ``{"put": item}`` or ``{"delete": [pk, sk]}``, as MessagePack: bytes stay bytes.
"""

from collections.abc import Iterable

import msgspec

from rostersync.storage.attributes import Item, Key


class _Change(msgspec.Struct, omit_defaults=True):
    put: Item | None = None
    delete: Key | None = None


class ChangedItems:
    """Items to put and keys to delete; of two changes of one key the later one counts."""

    def __init__(self) -> None:
        self._changes: dict[Key, Item | None] = {}

    def put(self, item: Item) -> None:
        """Note an item to be written."""
        self._changes[item["pk"], item["sk"]] = item

    def delete(self, key: Key) -> None:
        """Note an item to be deleted."""
        self._changes[key] = None

    def __len__(self) -> int:
        """Return how many items change."""
        return len(self._changes)

    def encode(self) -> bytes:
        """Return the changes as they are staged, in the order of their keys."""
        changes = sorted(self._changes.items(), key=lambda change: change[0])
        return encode_changes(
            (item for _, item in changes if item is not None),
            (key for key, item in changes if item is None),
        )


def encode_changes(puts: Iterable[Item], deletes: Iterable[Key]) -> bytes:
    """Return changes as they are staged."""
    changes = [_Change(put=item) for item in puts]
    changes += [_Change(delete=key) for key in deletes]
    return msgspec.msgpack.encode(changes)


def decode_changes(data: bytes) -> tuple[list[Item], list[Key]]:
    """Return the items to put and the keys to delete; none of an empty section."""
    changes = msgspec.msgpack.decode(data, type=list[_Change]) if data else []
    puts = [change.put for change in changes if change.put is not None]
    return puts, [change.delete for change in changes if change.delete is not None]
