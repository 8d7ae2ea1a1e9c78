"""Short hashes of what a record means. Equal fingerprint: nothing to write and nothing to send (DESIGN §1).

A record's `modified` is not part of what it means. Fingerprints are stored, so a change of the canonical
form rewrites every item once.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, Final

from msgspec import Struct

_NOT_MEANING: Final = frozenset({"modified"})


def canonical(record: Any, *, without: frozenset[str] = frozenset()) -> bytes:
    """Return the record, any value of the domain, as JSON bytes that depend on its meaning only.

    Its fields as an array, in order of their names, without ``modified`` and the fields named in ``without``;
    sets sorted; values within values are written in the same way. Two types may read the same.
    """
    kind: type[Struct] = type(record)
    return _encode(_reader(kind, without)(record)).encode()


def fingerprint(record: Any, *, without: frozenset[str] = frozenset()) -> str:
    """Return 16 hex digits that are equal for two values of one type that mean the same.

    Fields named in ``without`` mean nothing.
    """
    return hashlib.blake2b(canonical(record, without=without), digest_size=8).hexdigest()


@cache
def _reader(kind: type[Struct], without: frozenset[str]) -> Callable[[Any], Any]:
    # Of one name attrgetter returns the value itself, of several a tuple.
    return attrgetter(*sorted(set(kind.__struct_fields__) - _NOT_MEANING - without))


def _plain(value: Any) -> Any:
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    kind: type[Struct] = type(value)
    return _reader(kind, frozenset())(value)


# ASCII escapes: the bytes are the same whatever the text holds, half surrogate pairs included.
_encode: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain
).encode
