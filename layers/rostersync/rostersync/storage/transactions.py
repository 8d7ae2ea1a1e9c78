"""Writes that happen together or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from botocore.exceptions import ClientError
from msgspec import Struct

from rostersync.storage.attributes import Item, Key, item_to_wire, key_to_wire
from rostersync.storage.conditions import Condition, Expression

LOST_RACE: Final = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
"""DynamoDB's reasons for refusing a transaction that was made from what is not, or no more, so."""


class Put(Struct, frozen=True):
    """Write a whole item, when any of the conditions holds."""

    item: Item
    when: Sequence[Condition] = ()

    @property
    def key(self) -> Key:
        """Where the item lies."""
        return self.item["pk"], self.item["sk"]


class Delete(Struct, frozen=True):
    """Delete an item, if it is there, when any of the conditions holds."""

    key: Key
    when: Sequence[Condition] = ()


class Check(Struct, frozen=True):
    """Write nothing here, and nothing elsewhere unless any of the conditions holds."""

    key: Key
    when: Sequence[Condition]


TransactWrite: TypeAlias = Put | Delete | Check
"""One write of a transaction, or what it hangs on; a key stands in one of them at most."""


def transaction_to_wire(table_name: str, writes: Sequence[TransactWrite]) -> list[dict[str, Any]]:
    """Return the writes as ``TransactWriteItems`` takes them."""
    return [_to_wire(table_name, write) for write in writes]


def reasons_of(error: ClientError) -> frozenset[str]:
    """Return why a transaction was cancelled, none when it was not."""
    reasons: Sequence[Mapping[str, Any]] = error.response.get("CancellationReasons", ())
    return frozenset(reason.get("Code", "None") for reason in reasons) - {"None"}


def _to_wire(table_name: str, write: TransactWrite) -> dict[str, Any]:
    expression = Expression()
    condition = expression.any_of(write.when)
    parameters: dict[str, Any] = {"TableName": table_name}
    if condition:
        parameters["ConditionExpression"] = condition
    parameters |= expression.parameters()
    match write:
        case Put():
            return {"Put": {"Item": item_to_wire(write.item), **parameters}}
        case Delete():
            return {"Delete": {"Key": key_to_wire(write.key), **parameters}}
        case Check():
            return {"ConditionCheck": {"Key": key_to_wire(write.key), **parameters}}
