"""What must hold of the stored item for a write to happen: few enough that a fake can judge them too."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct, field

from rostersync.storage.attributes import Item, to_wire


class Absent(Struct, frozen=True):
    """The item has no such attribute; of ``pk``: there is no such item."""

    attribute: str = "pk"


class Equals(Struct, frozen=True):
    """The item's attribute has this value."""

    attribute: str
    value: str | int | bool


class Below(Struct, frozen=True):
    """The item's attribute is there and less than this; strings compare by their bytes."""

    attribute: str
    value: str | int


Condition: TypeAlias = Absent | Equals | Below


class Expression(Struct):
    """Names and values of DynamoDB expressions, under placeholders: any attribute name may be used."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)

    def name(self, attribute: str) -> str:
        """Return the placeholder of an attribute's name."""
        placeholder = f"#a{len(self.names)}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        """Return the placeholder of a value."""
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = to_wire(value)
        return placeholder

    def assignments(self, values: Mapping[str, Any]) -> str:
        """Return the text of an update that sets attributes, ``""`` for none."""
        pairs = ", ".join(f"{self.name(name)} = {self.value(value)}" for name, value in values.items())
        return f"SET {pairs}" if pairs else ""

    def any_of(self, conditions: Sequence[Condition]) -> str:
        """Return the text of a condition that holds when any of ``conditions`` does."""
        return " OR ".join(self._text(condition) for condition in conditions)

    def _text(self, condition: Condition) -> str:
        name = self.name(condition.attribute)
        match condition:
            case Absent():
                return f"attribute_not_exists({name})"
            case Equals():
                return f"{name} = {self.value(condition.value)}"
            case Below():
                return f"{name} < {self.value(condition.value)}"

    def parameters(self) -> dict[str, Any]:
        """Return names and values as parameters of a call, none that is empty: DynamoDB refuses those."""
        found: dict[str, Any] = {}
        if self.names:
            found["ExpressionAttributeNames"] = self.names
        if self.values:
            found["ExpressionAttributeValues"] = self.values
        return found


def any_holds(conditions: Sequence[Condition], item: Item | None) -> bool:
    """Judge as DynamoDB does; without conditions nothing is demanded."""
    return not conditions or any(_holds(condition, item or {}) for condition in conditions)


def _holds(condition: Condition, item: Mapping[str, Any]) -> bool:
    if isinstance(condition, Absent):
        return condition.attribute not in item
    stored = item.get(condition.attribute)
    # A bool is an int to Python and another type to DynamoDB.
    if type(stored) is not type(condition.value):
        return False
    if isinstance(condition, Equals):
        return bool(stored == condition.value)
    return bool(stored < condition.value)
