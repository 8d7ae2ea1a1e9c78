"""The table in memory."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rostersync.errors import StorageConflict
from rostersync.storage.attributes import MAX_ITEM_BYTES, Item, Key, item_from_wire, item_to_wire, size_of
from rostersync.storage.conditions import Absent, Condition, any_holds
from rostersync.storage.table import Table
from rostersync.storage.transactions import Check, Put, TransactWrite
from tests.fakes.failing import Failing


class FakeTable(Failing, Table):
    """Items by key. ``len``, ``in`` and ``items`` show what it holds."""

    def __init__(self) -> None:
        Failing.__init__(self)
        self._partitions: dict[str, dict[str, Item]] = {}
        self._one_at_a_time = threading.RLock()

    def __len__(self) -> int:
        return sum(len(partition) for partition in self._partitions.values())

    def __contains__(self, key: Key) -> bool:
        return key[1] in self._partitions.get(key[0], {})

    @property
    def items(self) -> dict[Key, Item]:
        """A copy of everything it holds, by key in order."""
        return {
            (pk, sk): _copy(partition[sk])
            for pk, partition in sorted(self._partitions.items())
            for sk in sorted(partition)
        }

    def get(self, key: Key) -> Item | None:
        self.note_call()
        found = self._stored(key)
        return None if found is None else _copy(found)

    def query(self, pk: str, prefix: str = "") -> Iterator[Item]:
        self.note_call()
        partition = self._partitions.get(pk, {})
        return iter([_copy(partition[sk]) for sk in sorted(partition) if sk.startswith(prefix)])

    def index(self, partition: str, *, up_to: str | None = None) -> Iterator[Key]:
        self.note_call()
        listed = [
            (item["due_at"], key)
            for key, item in self.items.items()
            if item.get("due_list") == partition and "due_at" in item
        ]
        return iter([key for due_at, key in sorted(listed) if up_to is None or due_at <= up_to])

    def put(self, item: Item, *, when: Sequence[Condition] = ()) -> None:
        self.note_call()
        with self._one_at_a_time:
            self._demand(any_holds(when, self._stored((item["pk"], item["sk"]))), item["pk"])
            self._put(item)

    def update(
        self,
        key: Key,
        set: Mapping[str, Any],  # noqa: A002 - as the table's
        *,
        remove: Iterable[str] = (),
        when: Sequence[Condition] = (),
        create: bool = False,
    ) -> None:
        self.note_call()
        with self._one_at_a_time:
            stored = self._stored(key)
            self._demand(create or not any_holds([Absent()], stored), key[0])
            self._demand(any_holds(when, stored), key[0])
            removed = frozenset(remove)
            kept = {name: value for name, value in (stored or {}).items() if name not in removed}
            self._put({**kept, **set, "pk": key[0], "sk": key[1]})

    def add(self, key: Key, amounts: Mapping[str, int], set: Mapping[str, Any]) -> Item:  # noqa: A002 - as the table's
        self.note_call()
        with self._one_at_a_time:
            stored = self._stored(key) or {}
            sums = {name: stored.get(name, 0) + by for name, by in amounts.items()}
            item = {**stored, **set, **sums, "pk": key[0], "sk": key[1]}
            self._put(item)
            return _copy(item)

    def delete(self, key: Key, *, when: Sequence[Condition] = ()) -> None:
        self.note_call()
        with self._one_at_a_time:
            self._demand(any_holds(when, self._stored(key)), key[0])
            self._delete(key)

    def write(self, puts: Iterable[Item], deletes: Iterable[Key]) -> None:
        self.note_call()
        changes: dict[Key, Item | None] = {(item["pk"], item["sk"]): item for item in puts}
        changes.update(dict.fromkeys(deletes))
        for key, item in changes.items():
            if item is None:
                self._delete(key)
            else:
                self._put(item)

    def transact(self, writes: Sequence[TransactWrite]) -> None:
        self.note_call()
        keys = [write.key for write in writes]
        assert len(set(keys)) == len(keys) <= 100, "DynamoDB refuses a key that stands twice"
        with self._one_at_a_time:
            for write in writes:
                self._demand(any_holds(write.when, self._stored(write.key)), write.key[0])
            changes = [write for write in writes if not isinstance(write, Check)]
            for _ in changes:
                self.note_write()
            for write in changes:
                if isinstance(write, Put):
                    self._place(write.item)
                else:
                    self._remove(write.key)

    def _stored(self, key: Key) -> Item | None:
        return self._partitions.get(key[0], {}).get(key[1])

    def _demand(self, holds: bool, pk: str) -> None:
        if not holds:
            raise StorageConflict(f"an item in {pk} is not, or no more, what the write was based on")

    def _put(self, item: Item) -> None:
        self.note_write()
        self._place(item)

    def _delete(self, key: Key) -> None:
        self.note_write()
        self._remove(key)

    def _place(self, item: Item) -> None:
        _refuse_what_dynamodb_refuses(item)
        self._partitions.setdefault(item["pk"], {})[item["sk"]] = _copy(item)

    def _remove(self, key: Key) -> None:
        self._partitions.get(key[0], {}).pop(key[1], None)


def _copy(item: Item) -> Item:
    return item_from_wire(item_to_wire(item))


def _refuse_what_dynamodb_refuses(item: Item) -> None:
    if size_of(item) > MAX_ITEM_BYTES:
        raise ValueError("an item has 400 KB at most")
    if not item["pk"] or not item["sk"] or len(item["sk"].encode()) > 1024 or len(item["pk"].encode()) > 2048:
        raise ValueError("a partition key has 1 to 2,048 bytes, a sort key 1 to 1,024")
    if any(item.get(name) == "" for name in ("due_list", "due_at")):
        raise ValueError("an attribute of an index's key is absent or has a value")
