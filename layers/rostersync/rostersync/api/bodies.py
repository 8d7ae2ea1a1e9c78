"""A request's body, before anybody reads it: JSON that means one thing, and not too much of it."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from rostersync.errors import InvalidInput, TooLarge, UnsupportedMediaType

LONGEST_BODY: Final = 64 * 1024
"""Bytes."""

DEEPEST: Final = 32
"""Levels of a body; ours have five. Python's own limit depends on who is calling."""

_JSON: Final = "application/json"


def check_body(event: Mapping[str, Any]) -> None:
    """Raise ``TooLarge``, ``UnsupportedMediaType`` or ``InvalidInput`` for a body that no route may get.

    What a parser lets pass and readers take differently is refused too: a name that stands twice, NaN, half
    of a surrogate pair, numbers of thousands of digits.
    """
    body = _bytes_of(event)
    if len(body) > LONGEST_BODY:
        raise TooLarge(f"a request has {LONGEST_BODY // 1024} KB at most")
    if not body:
        return
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    if headers.get("content-type", _JSON).partition(";")[0].strip().lower() != _JSON:
        raise UnsupportedMediaType(f"send the body as {_JSON}")
    try:
        _walk(json.loads(body, parse_constant=_refuse, object_pairs_hook=_object), DEEPEST)
    except (ValueError, RecursionError):
        raise InvalidInput("missing or not as it should be: the body") from None


def _bytes_of(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        raise InvalidInput("missing or not as it should be: the body") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _walk(value: Any, levels: int) -> None:
    """Raise ``ValueError`` for what is nested deeper, and for a text that is no Unicode."""
    if levels == 0:
        raise ValueError
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, dict):
        for name, one in value.items():
            name.encode()
            _walk(one, levels - 1)
    elif isinstance(value, list):
        for one in value:
            _walk(one, levels - 1)
