"""Items as DynamoDB sends them over the wire. boto3's own serialiser does it too, at a tenth of the speed."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Item: TypeAlias = dict[str, Any]
"""An item: ``pk``, ``sk`` and attributes that are str, int, bool, bytes or list[str]."""

Key: TypeAlias = tuple[str, str]
"""``pk`` and ``sk``."""

MAX_ITEM_BYTES: Final = 400 * 1024
"""DynamoDB's limit on an item, names of attributes included."""


def to_wire(value: Any) -> dict[str, Any]:
    """Return a value as DynamoDB's typed attribute; raises ``TypeError`` for a type items do not hold."""
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case list() if all(isinstance(one, str) for one in value):
            return {"L": [{"S": one} for one in value]}
        case _:
            raise TypeError(f"an item holds str, int, bool, bytes and list[str], not {type(value).__name__}")


def from_wire(attribute: Mapping[str, Any]) -> Any:
    """Return the value of a typed attribute; numbers come back as int, binary as bytes."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value)
        case "B":
            return bytes(value)
        case "L":
            return [one["S"] for one in value]
        case _:
            raise TypeError(
                f"an item holds an attribute of DynamoDB's type {kind}, which nothing here writes"
            )


def item_to_wire(item: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return an item as DynamoDB takes it."""
    return {name: to_wire(value) for name, value in item.items()}


def item_from_wire(wire: Mapping[str, Mapping[str, Any]]) -> Item:
    """Return an item as DynamoDB sent it."""
    return {name: from_wire(attribute) for name, attribute in wire.items()}


def key_to_wire(key: Key) -> dict[str, dict[str, Any]]:
    """Return a key as DynamoDB takes it."""
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def size_of(item: Mapping[str, Any]) -> int:
    """Return how many bytes an item counts for in DynamoDB's limits; numbers by their longest form."""
    return sum(len(name.encode()) + _size_of_value(value) for name, value in item.items())


def _size_of_value(value: Any) -> int:
    match value:
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case bool():
            return 1
        case list():
            return 3 + sum(1 + len(one.encode()) for one in value)
        case _:
            return 21
