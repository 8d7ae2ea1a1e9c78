"""Of rows with one id, the one that counts (RULES 1.1)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from rostersync.roster.fingerprint import canonical
from rostersync.roster.records import Person, Record

R = TypeVar("R", bound=Record)

_WHERE_FOUND: Final = frozenset({"collections"})


def newest(a: R, b: R) -> R:
    """Return the row last modified, else the one greatest in canonical form.

    Of a person the collections of both are kept: a teacher who is also listed as student is both. The
    result is the same for (a, b) and (b, a), and for many rows in whatever order they are brought together.
    """
    chosen = a if _precedence(a) >= _precedence(b) else b
    if isinstance(a, Person) and isinstance(b, Person) and a.collections != b.collections:
        united: Any = tuple(sorted({*a.collections, *b.collections}))
        return replace(chosen, collections=united)
    return chosen


def merge(rows: Iterable[R]) -> dict[str, R]:
    """Return the row that counts for each sourcedId."""
    merged: dict[str, R] = {}
    for row in rows:
        known = merged.get(row.sourced_id)
        merged[row.sourced_id] = row if known is None else newest(known, row)
    return merged


def _precedence(row: Record) -> tuple[tuple[int, float], bytes, str]:
    return _instant(row.modified), canonical(row, without=_WHERE_FOUND), row.modified


def _instant(modified: str) -> tuple[int, float]:
    """Order texts by the instant they name; a text that names none is older, and an absent one oldest.

    Without a zone it is UTC, as OneRoster's dates are.
    """
    if not modified:
        return 0, 0.0
    try:
        moment = datetime.fromisoformat(modified.strip())
        return 2, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 1, 0.0
