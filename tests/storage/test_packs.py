"""The format of staged packs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.errors import StagedObjectDamaged
from rostersync.storage.packs import index_end, pack, parse_index, unpack_section

sections = st.dictionaries(st.text(max_size=20), st.binary(max_size=200), max_size=8)


def unpack(data: bytes) -> dict[str, bytes]:
    index = parse_index(data)
    found = {}
    for name, section in index.sections.items():
        start = index.begin + section.offset
        member = data[start : start + section.length]
        found[name] = unpack_section(section, member) if section.length else b""
    return found


@settings(max_examples=60)
@given(sections)
def test_what_was_packed_is_unpacked(given_sections: dict[str, bytes]) -> None:
    assert unpack(pack(given_sections)) == given_sections


@settings(max_examples=30)
@given(sections)
def test_the_same_sections_in_any_order_give_the_same_bytes(given_sections: dict[str, bytes]) -> None:
    assert pack(dict(reversed(given_sections.items()))) == pack(given_sections)


def test_the_index_is_read_from_the_first_bytes_alone() -> None:
    data = pack({"tally": b"{}", "records/classes/a": b"x" * 100_000})
    assert set(parse_index(data[: index_end(data[:8])]).sections) == {"tally", "records/classes/a"}


def test_a_damaged_section_is_told() -> None:
    data = bytearray(pack({"tally": b"some bytes that are long enough"}))
    index = parse_index(bytes(data))
    data[index.begin + 12] ^= 1
    with pytest.raises(StagedObjectDamaged):
        unpack_section(index.sections["tally"], bytes(data[index.begin :]))


@pytest.mark.parametrize("data", [b"", b"RSP", b"PK\x03\x04 something else", b"RSP1\x00\x00\x00\x02{]"])
def test_what_is_not_a_pack_is_told(data: bytes) -> None:
    with pytest.raises(StagedObjectDamaged):
        parse_index(data)
