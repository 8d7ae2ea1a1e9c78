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

_UNKNOWN: Final = re.compile(r"Object contains unknown field `([^`]*)")
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_PLACED: Final = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)


def shaped(pattern: str) -> Meta:
    """Return that a text has a pattern, to its very end: to Python ``$`` comes before a last line end too."""
    return Meta(pattern=pattern.removesuffix("$") + r"\Z")


TenantId = Annotated[str, shaped(TENANT_ID_PATTERN)]


def convert(value: Any, kind: type[T]) -> T:
    """Return ``value`` as its type; raises ``msgspec.ValidationError``, whose words may quote it.

    A number may come as a text or as 1.0: environments have texts only, and JSONata one kind of number.
    """
    return msgspec.convert(value, kind, strict=False)


def mistake(error: msgspec.ValidationError) -> tuple[str, str]:
    """Return where a value is not as it should be, "" for the whole, and what is wrong, quoting nothing."""
    text = str(error)
    if unknown := _UNKNOWN.match(text):
        # Where it stands is not read: behind a name that somebody made up there may be anything.
        return (
            unknown[1] if FIELD.fullmatch(unknown[1]) else "an unknown field"
        ), "not a field of this input"
    if missing := _MISSING.fullmatch(text):
        return ".".join(filter(None, (missing[2], missing[1]))), "missing"
    placed = _PLACED.fullmatch(text)
    words, place = placed.groups() if placed else (text, "")
    return place, "none of the expected values" if words.startswith("Invalid enum value") else words


def refusal(error: msgspec.ValidationError) -> InvalidInput:
    """Return what msgspec found as an error of ours."""
    place, words = mistake(error)
    return InvalidInput(f"the input is not valid ({place or 'input'}: {words})")
