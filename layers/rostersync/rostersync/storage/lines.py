"""Records as JSON lines: what a section of a staged pack holds."""

from collections.abc import Container, Iterable
from typing import Any, Final, TypeVar

import msgspec

from rostersync.decoders import decoder

R = TypeVar("R")

_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def encode_lines(records: Iterable[Any]) -> bytes:
    """Return a line of JSON for each record, any value of the domain; sets come sorted."""
    return _ENCODER.encode_lines(records)


def decode_lines(data: bytes, kind: type[R]) -> list[R]:
    """Return the records of one type; none of an empty section."""
    return decoder(kind).decode_lines(data)


def decode_chosen(data: bytes, keys: Iterable[str], wanted: Container[str], kind: type[R]) -> dict[str, R]:
    """Return, by their keys, the records whose key is wanted; ``keys`` are those of the lines, in order.

    Where few are wanted of many: a line that is not is never decoded.
    """
    decode = decoder(kind).decode
    # JSON writes a line end as two characters: what ends a line here ends a record.
    return {key: decode(line) for key, line in zip(keys, data.split(b"\n"), strict=False) if key in wanted}
