"""The one DynamoDB table: items by key, conditional writes, batches."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from rostersync.errors import StorageConflict
from rostersync.storage.attributes import Item, Key, item_from_wire, item_to_wire, key_to_wire
from rostersync.storage.conditions import Absent, Below, Condition, Equals, Expression
from rostersync.storage.retrying import Retrying, code_of
from rostersync.storage.transactions import LOST_RACE, TransactWrite, reasons_of, transaction_to_wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["Absent", "Below", "Equals", "Item", "Key", "Table"]

INDEX: Final = "by_due"
"""The sparse, keys-only index over ``due_list`` and ``due_at`` (DESIGN §5)."""

BATCH: Final = 25
"""DynamoDB's limit. 25 items of at most 400 KB stay under its other one, 16 MB a batch."""

IN_FLIGHT: Final = 2
"""Batches made ready for each writer: what bounds the memory of a large write."""


class Table:
    """Every read is consistent but ``index``; every call raises ``StorageUnavailable`` when AWS stays busy.

    ``writers``: batches in flight at once, no more than the client has connections. ``sleep`` takes seconds.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        *,
        writers: int = 8,
        attempts: int = 10,
        sleep: Callable[[float], None] = time.sleep,
        jitter: random.Random | None = None,
    ) -> None:
        self._client = client
        self._name = name
        self._writers = writers
        self._retrying = Retrying("DynamoDB", attempts=attempts, sleep=sleep, jitter=jitter)

    def get(self, key: Key) -> Item | None:
        """Return the item under a key."""
        answer = self._retrying.call(
            self._client.get_item, TableName=self._name, Key=key_to_wire(key), ConsistentRead=True
        )
        return item_from_wire(answer["Item"]) if "Item" in answer else None

    def query(self, pk: str, prefix: str = "") -> Iterator[Item]:
        """Yield a partition's items whose ``sk`` begins with ``prefix``, in the order of ``sk``."""
        expression = Expression()
        condition = f"{expression.name('pk')} = {expression.value(pk)}"
        if prefix:
            condition += f" AND begins_with({expression.name('sk')}, {expression.value(prefix)})"
        for item in self._pages(
            {"KeyConditionExpression": condition, "ConsistentRead": True, **expression.parameters()}
        ):
            yield item_from_wire(item)

    def index(self, partition: str, *, up_to: str | None = None) -> Iterator[Key]:
        """Yield the keys of items with this ``due_list``, earliest ``due_at`` first, ``up_to`` included.

        The index follows the table within moments, not at once: read the item before acting on it.
        """
        expression = Expression()
        condition = f"{expression.name('due_list')} = {expression.value(partition)}"
        if up_to is not None:
            condition += f" AND {expression.name('due_at')} <= {expression.value(up_to)}"
        for item in self._pages(
            {"IndexName": INDEX, "KeyConditionExpression": condition, **expression.parameters()}
        ):
            yield item["pk"]["S"], item["sk"]["S"]

    def put(self, item: Item, *, when: Sequence[Condition] = ()) -> None:
        """Write a whole item; raises ``StorageConflict`` when none of the conditions ``when`` holds."""
        expression = Expression()
        parameters = _when(expression.any_of(when))
        self._conditional(
            self._client.put_item,
            {"Item": item_to_wire(item), **parameters, **expression.parameters()},
            (item["pk"], item["sk"]),
        )

    def update(
        self,
        key: Key,
        set: Mapping[str, Any],  # noqa: A002 - DynamoDB's own word
        *,
        remove: Iterable[str] = (),
        when: Sequence[Condition] = (),
        create: bool = False,
    ) -> None:
        """Set and remove attributes of an item, which is created only if ``create``.

        Raises ``StorageConflict`` when there is no item to change, or none of the conditions holds.
        """
        expression = Expression()
        changes = [expression.assignments(set)] if set else []
        if removed := [expression.name(name) for name in remove]:
            changes.append(f"REMOVE {', '.join(removed)}")
        demands = [] if create else [f"attribute_exists({expression.name('pk')})"]
        if when:
            demands.append(f"({expression.any_of(when)})")
        parameters = {
            "UpdateExpression": " ".join(changes),
            **_when(" AND ".join(demands)),
            **expression.parameters(),
        }
        self._conditional(self._client.update_item, {"Key": key_to_wire(key), **parameters}, key)

    def add(self, key: Key, amounts: Mapping[str, int], set: Mapping[str, Any]) -> Item:  # noqa: A002 - as above
        """Add to an item's numbers, 0 where there is none, and set other attributes; return them all.

        Called again it adds again: for counts of what was done, as often as it was.
        """
        expression = Expression()
        added = ", ".join(f"{expression.name(one)} {expression.value(by)}" for one, by in amounts.items())
        answer = self._retrying.call(
            self._client.update_item,
            TableName=self._name,
            Key=key_to_wire(key),
            UpdateExpression=f"{expression.assignments(set)} ADD {added}",
            ReturnValues="ALL_NEW",
            **expression.parameters(),
        )
        return item_from_wire(answer["Attributes"])

    def delete(self, key: Key, *, when: Sequence[Condition] = ()) -> None:
        """Delete an item, if it is there; raises ``StorageConflict`` when none of the conditions holds."""
        expression = Expression()
        parameters = _when(expression.any_of(when))
        self._conditional(
            self._client.delete_item,
            {"Key": key_to_wire(key), **parameters, **expression.parameters()},
            key,
        )

    def write(self, puts: Iterable[Item], deletes: Iterable[Key]) -> None:
        """Put and delete items by value, in any order; a key that comes twice counts as it comes last.

        Deletes come after puts. Raises ``StorageUnavailable`` in the middle: what was written stays written,
        and the same call again finishes it.
        """
        requests: dict[Key, dict[str, Any]] = {}
        for item in puts:
            requests[item["pk"], item["sk"]] = {"PutRequest": {"Item": item}}
        for key in deletes:
            requests[key] = {"DeleteRequest": {"Key": key_to_wire(key)}}
        batches = _batches(requests.values())
        if len(requests) <= BATCH:
            for batch in batches:
                self._write_batch(batch)
            return
        with ThreadPoolExecutor(self._writers) as pool:
            pending: set[Future[None]] = set()
            try:
                for batch in batches:
                    if len(pending) >= self._writers * IN_FLIGHT:
                        done, pending = wait(pending, return_when=FIRST_COMPLETED)
                        for future in done:
                            future.result()
                    pending.add(pool.submit(self._write_batch, batch))
                for future in pending:
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def transact(self, writes: Sequence[TransactWrite]) -> None:
        """Do all of up to 100 writes or none; raises ``StorageConflict`` when a condition does not hold."""
        try:
            self._retrying.call(self._transact, writes)
        except ClientError as error:
            if not reasons_of(error) & LOST_RACE:
                raise
        else:
            return
        raise _conflict(writes[0].key[0])

    def _transact(self, writes: Sequence[TransactWrite]) -> None:
        try:
            self._client.transact_write_items(TransactItems=transaction_to_wire(self._name, writes))  # type: ignore[arg-type]  # made item by item
        except ClientError as error:
            reasons = reasons_of(error)
            if not reasons or reasons & LOST_RACE:
                raise
            # Throttled inside: the same call may succeed, and it is these codes that say so.
            code = min(reasons).replace("ThrottlingError", "ThrottlingException")
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "TransactWriteItems") from None

    def _write_batch(self, batch: list[Any]) -> None:
        attempt = 0
        while True:
            answer = self._retrying.call(self._client.batch_write_item, RequestItems={self._name: batch})
            sent, batch = len(batch), list(answer["UnprocessedItems"].get(self._name, ()))
            if not batch:
                return
            # A busy table takes a part of each batch: attempts in a row that wrote nothing make us give up.
            attempt = attempt + 1 if len(batch) == sent else 1
            self._retrying.pause(attempt, f"{len(batch)} items left unprocessed")

    def _pages(self, query: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            answer = self._retrying.call(self._client.query, TableName=self._name, **query, **start)
            yield from answer["Items"]
            if not answer.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _conditional(self, operation: Callable[..., object], arguments: Mapping[str, Any], key: Key) -> None:
        try:
            self._retrying.call(operation, TableName=self._name, **arguments)
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
        else:
            return
        raise _conflict(key[0])


def _conflict(pk: str) -> StorageConflict:
    # The partition names the tenant; a sort key may hold an e-mail address.
    return StorageConflict(f"an item in {pk} is not, or no more, what the write was based on")


def _when(condition: str) -> dict[str, str]:
    return {"ConditionExpression": condition} if condition else {}


def _batches(requests: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield batches in wire form, made only when they are wanted."""
    remaining = iter(requests)
    while batch := list(islice(remaining, BATCH)):
        yield [
            {"PutRequest": {"Item": item_to_wire(request["PutRequest"]["Item"])}}
            if "PutRequest" in request
            else request
            for request in batch
        ]
