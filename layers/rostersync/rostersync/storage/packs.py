"""The format of a staged pack: named sections in one object, each compressed, each readable by itself.

``RSP1``, the length of the index as 4 bytes, the index as JSON (name to offset, length and CRC-32 of the
compressed bytes), then the sections as gzip members in the order of their names. Offsets count from the end
of the index. The same sections give the same bytes.
"""

import gzip
import zlib
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from rostersync.decoders import decoder
from rostersync.errors import StagedObjectDamaged

MAGIC: Final = b"RSP1"
PREAMBLE: Final = len(MAGIC) + 4

# Enrollments as JSON lines: level 1 packs 290 MB/s to a seventh, level 6 125 MB/s to an eighth.
_LEVEL: Final = 1


class Section(Struct, array_like=True, frozen=True):
    """Where a section lies: bytes after the index, compressed length, CRC-32 of the compressed bytes."""

    offset: int
    length: int
    checksum: int


class Index(Struct, frozen=True):
    """What a pack holds. ``begin`` is the byte at which the first section starts."""

    begin: int
    sections: Mapping[str, Section]


def pack(sections: Mapping[str, bytes]) -> bytes:
    """Return a pack of the sections."""
    index: dict[str, Section] = {}
    members: list[bytes] = []
    offset = 0
    for name in sorted(sections):
        member = gzip.compress(sections[name], _LEVEL, mtime=0) if sections[name] else b""
        index[name] = Section(offset, len(member), zlib.crc32(member))
        members.append(member)
        offset += len(member)
    header = msgspec.json.encode(index)
    return b"".join((MAGIC, len(header).to_bytes(4, "big"), header, *members))


def index_end(head: bytes) -> int:
    """Return at which byte the index ends, from the first ``PREAMBLE`` bytes of a pack."""
    if len(head) < PREAMBLE or head[: len(MAGIC)] != MAGIC:
        raise StagedObjectDamaged("a staged object is not a pack; run the sync again")
    return PREAMBLE + int.from_bytes(head[len(MAGIC) : PREAMBLE], "big")


def parse_index(head: bytes) -> Index:
    """Return the index of a pack, from at least its first ``index_end`` bytes."""
    end = index_end(head)
    try:
        return Index(end, decoder(dict[str, Section]).decode(head[PREAMBLE:end]))
    except msgspec.MsgspecError:
        raise StagedObjectDamaged("a staged pack's index cannot be read; run the sync again") from None


def unpack_section(section: Section, member: bytes) -> bytes:
    """Return a section's bytes from its compressed ones; raises ``StagedObjectDamaged``."""
    if len(member) != section.length or zlib.crc32(member) != section.checksum:
        raise StagedObjectDamaged("a section of a staged pack is damaged; run the sync again")
    return gzip.decompress(member)
