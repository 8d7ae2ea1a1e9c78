"""What a pull changes in what is stored."""

from collections.abc import Container, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from rostersync.roster.fingerprint import fingerprint

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Changes(Struct, Generic[R_co], frozen=True):
    """``put`` and ``removed`` (ids) by id. ``unchanged`` counts records that mean what is stored.

    ``differing`` are the ids of records that are stored and mean something else now.
    """

    put: tuple[R_co, ...]
    removed: tuple[str, ...]
    added: int
    changed: int
    unchanged: int
    differing: tuple[str, ...] = ()


def compare(
    stored: Mapping[str, str],
    pulled: Mapping[str, R],
    *,
    kept: Container[str] = frozenset[str](),
    rewrite: bool = False,
) -> Changes[R]:
    """Compare what was pulled with what is stored.

    ``stored`` maps an id to its fingerprint, ``pulled`` an id to its record, any value of the domain.
    ``kept`` are ids that are not absent though nothing was pulled for them: set aside, or on an undecided
    list (DESIGN §2, promise 5; RULES 4.5). ``rewrite`` puts unchanged records too, and counts them unchanged.
    """
    put: list[R] = []
    differing: list[str] = []
    added = unchanged = 0
    for identifier in sorted(pulled):
        record = pulled[identifier]
        before = stored.get(identifier)
        same = before is not None and before == fingerprint(record)
        if before is None:
            added += 1
        elif same:
            unchanged += 1
        else:
            differing.append(identifier)
        if rewrite or not same:
            put.append(record)
    removed = sorted(
        identifier for identifier in stored if identifier not in pulled and identifier not in kept
    )
    return Changes(tuple(put), tuple(removed), added, len(differing), unchanged, tuple(differing))
