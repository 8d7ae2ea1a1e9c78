"""Checks what functions are given: names the field that is wrong and never shows a value."""

import re
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from rostersync.errors import InvalidInput

T = TypeVar("T")

TENANT_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$"
"""Fits an execution name beside the night's hour, an S3 key and a log line."""

FIELD: Final = re.compile(r"[A-Za-z0-9_]{1,40}")
"""What looks like a field's name; another name may be the value of somebody's."""

_UNKNOWN: Final = "Object contains unknown field"
_UNKNOWN_NAMED: Final = re.compile(rf"{_UNKNOWN} `({FIELD.pattern})`(?: - at `\$[^`]*`)?")
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_PLACED: Final = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)


def shaped(pattern: str) -> Meta:
    """Return that a text has a pattern, to its very end: to Python ``$`` comes before a last line end too."""
    return Meta(pattern=pattern.removesuffix("$") + r"\Z")


TenantId = Annotated[str, shaped(TENANT_ID_PATTERN)]


def convert(value: Any, kind: type[T], *, from_texts: bool = False) -> T:
    """Return ``value`` as its type; raises ``msgspec.ValidationError``, whose words may quote it.

    Integers may come as 1.0, for JSONata has one kind of number; ``from_texts``: all there is are texts, as
    in an environment.
    """
    try:
        found = msgspec.convert(value if from_texts else _all_whole(value), kind, strict=not from_texts)
        # Half of a surrogate pair can be in a text of JSON, and in nothing that is stored or sent.
        msgspec.json.encode(found)
    except msgspec.ValidationError:
        raise
    except ValueError:
        raise msgspec.ValidationError("a text is not Unicode, or a time out of range") from None
    return found


def whole(value: Any) -> Any:
    """Return 5.0 as 5, anything else as it is: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _all_whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _all_whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_all_whole(one) for one in value]
    return whole(value)


def mistake(error: msgspec.ValidationError) -> tuple[str, str]:
    """Return where a value is not as it should be, "" for the whole, and what is wrong, quoting nothing."""
    text = str(error)
    if text.startswith(_UNKNOWN):
        # Where it stands is not read: behind a name that somebody made up there may be anything.
        named = _UNKNOWN_NAMED.fullmatch(text)
        return named[1] if named else "an unknown field", "not a field of this input"
    if missing := _MISSING.fullmatch(text):
        return ".".join(filter(None, (missing[2], missing[1]))), "missing"
    placed = _PLACED.fullmatch(text)
    words, place = placed.groups() if placed else (text, "")
    return place, "none of the expected values" if words.startswith("Invalid enum value") else words


def refusal(error: msgspec.ValidationError) -> InvalidInput:
    """Return what msgspec found as an error of ours."""
    place, words = mistake(error)
    return InvalidInput(f"the input is not valid ({place or 'input'}: {words})")
