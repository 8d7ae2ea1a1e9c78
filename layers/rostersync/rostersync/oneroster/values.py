"""Single values of a record, normalised: one kind of absence, one kind of boolean, one kind of date."""

import unicodedata
from calendar import monthrange
from functools import lru_cache
from typing import Final, cast

from rostersync.oneroster.wire import Many, One, Reference, Text, Texts

LONGEST_TEXT: Final = 1_000
"""Characters kept of a text: a name or a title that is longer is a mistake, and an item has a size."""

LONGEST_ID: Final = 255
"""Characters of a sourcedId that can be kept: OneRoster's own limit."""

LONGEST_ID_BYTES: Final = 1_000
"""And its bytes in UTF-8: it stands in a sort key of the table, which has 1,024."""

_FALSE: Final = frozenset({"false", "0", "no"})
_TRUE: Final = frozenset({"true", "1", "yes"})


def text(value: Text) -> str:
    """Return a scalar as trimmed text without control characters, capped; ``""`` when absent."""
    if isinstance(value, str):
        # isprintable() runs in C and holds for nearly every value; what it refuses is looked at closely.
        if value.isprintable() and len(value) <= LONGEST_TEXT:
            return value.strip()
        return clean(value)
    return "" if value is None else _number(value)


def clean(value: str) -> str:
    """Return text without control characters and broken surrogates, white space instead of line ends."""
    kept = "".join(map(_character, value[: LONGEST_TEXT * 2]))
    return kept.strip()[:LONGEST_TEXT].rstrip()


def flag(value: Text, *, absent: bool) -> bool:
    """Return a boolean that may come as a string or a number; what cannot be read counts as absent."""
    if value is True or value is False:
        return value
    found = word(value)
    if found in _TRUE:
        return True
    return False if found in _FALSE else absent


# typed: 1 and True are equal, and are not the same here.
@lru_cache(maxsize=8_192, typed=True)
def date(value: Text) -> str | None:
    """Return ``YYYY-MM-DD``, a time behind it cut off; ``""`` when absent, None when it cannot be read.

    Read by its places, and kept: a roster has few distinct dates and millions of rows that carry them.
    """
    given = text(value)
    if not given:
        return ""
    year, month, day = given[:4], given[5:7], given[8:10]
    well_formed = (
        len(given) >= 10
        and given[4] == "-" == given[7]
        and given.isascii()
        and (year + month + day).isdigit()
        and (len(given) == 10 or given[10] in "T ")
    )
    if not well_formed or not (year >= "0001" and "01" <= month <= "12"):
        return None
    return given[:10] if 1 <= int(day) <= monthrange(int(year), int(month))[1] else None


def identifier(value: Text) -> str:
    """Return a sourcedId exactly as it is, a number as its digits; ``""`` when absent or only white space."""
    if isinstance(value, str):
        return "" if value.isspace() else value
    return "" if value is None else _number(value)


@lru_cache(maxsize=1_024, typed=True)
def word(value: Text) -> str:
    """Return a text in lower case, for values of which a roster has a few: a status, a role, a type."""
    return text(value).lower()


def is_usable(sourced_id: str) -> bool:
    """Say whether a sourcedId can be kept: it has no control character and no half of a surrogate pair."""
    if sourced_id.isprintable():
        return True
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in sourced_id)


def reference(value: One) -> str:
    """Return the sourcedId that a reference names; ``""`` when it names none that could exist."""
    found = value.sourcedId if isinstance(value, Reference) else value
    if not isinstance(found, str) or found.isspace():
        found = identifier(found)
    return found if len(found) <= LONGEST_ID and (found.isprintable() or is_usable(found)) else ""


def references(value: Many) -> tuple[str, ...]:
    """Return the sourcedIds of a list of references, or of one where a list belongs, each once."""
    # msgspec makes every Sequence a list.
    several = value if isinstance(value, list) else [cast("One", value)]
    if len(several) == 1:
        found = reference(several[0])
        return (found,) if found else ()
    return tuple(dict.fromkeys(filter(None, map(reference, several))))


def texts(value: Texts) -> tuple[str, ...]:
    """Return a list of texts, or one where a list belongs, without empty ones."""
    several = value if isinstance(value, list) else [cast("Text", value)]
    return tuple(filter(None, map(text, several)))


def _number(value: int | float | bool | str) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _character(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Zl", "Zp"} or character in "\t\n\r\v\f":
        return " "
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cc" else character
