"""One malformed record, read field by field: the slow way, taken only where msgspec refuses the whole."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import msgspec

from rostersync.oneroster.wire import WIRED, Many, One, Reference, Role, Roles, Text, Texts, Wired


def read_loosely(document: bytes) -> Any:
    """Decode JSON as it should not be: raw control characters, bad UTF-8, numbers of any length.

    Raises ``ValueError`` or ``RecursionError`` where even that fails.
    """
    text = document.decode("utf-8-sig", "replace")
    # Integers stay text: Python refuses to convert the longest ones, and ids are what they are for.
    return json.loads(text, strict=False, parse_int=str, parse_constant=lambda _: None)


def soften(resource: str, record: dict[str, Any]) -> Wired:
    """Return the shape of a record; a field of a kind that it cannot be is taken as absent."""
    return WIRED[resource](**{name: soft(record.get(key)) for name, key, soft in _softeners(resource)})


def _text(value: Any) -> Text:
    if isinstance(value, list):
        return _text(value[0]) if len(value) == 1 and not isinstance(value[0], list) else None
    return value if isinstance(value, (str, int, float)) else None


def _one(value: Any) -> One:
    if isinstance(value, list):
        return _one(value[0]) if value and not isinstance(value[0], list) else None
    return Reference(_text(value.get("sourcedId"))) if isinstance(value, dict) else _text(value)


def _many(value: Any) -> Many:
    return [_one(entry) for entry in value] if isinstance(value, list) else _one(value)


def _texts(value: Any) -> Texts:
    return [_text(entry) for entry in value] if isinstance(value, list) else _text(value)


def _role(value: Any) -> Role | Text:
    if not isinstance(value, dict):
        return _text(value)
    return Role(_text(value.get("role")), _text(value.get("roleType")), _one(value.get("org")))


def _roles(value: Any) -> Roles:
    return [_role(entry) for entry in value] if isinstance(value, list) else _role(value)


_BY_TYPE: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (Text, _text),
    (One, _one),
    (Many, _many),
    (Texts, _texts),
    (Roles, _roles),
)


@cache
def _softeners(resource: str) -> tuple[tuple[str, str, Callable[[Any], Any]], ...]:
    softeners = dict(_BY_TYPE)
    return tuple(
        (field.name, field.encode_name, softeners[field.type])
        for field in msgspec.structs.fields(WIRED[resource])
    )
