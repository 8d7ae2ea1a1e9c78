import itertools
import json
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.oneroster.payloads import parse_page
from rostersync.oneroster.plain import PLAIN, is_plain, plain_record
from rostersync.oneroster.values import clean
from rostersync.oneroster.wire import FIELDS_1_2, RESOURCES
from tests.oneroster.records import Wire, a_class, enrollment, page, user

ONE_OF = {"students": user, "classes": a_class, "enrollments": enrollment}

TEXTS = (
    *(
        "",
        " ",
        " padded\u00a0",
        "\u2028",
        "a\u0085b",
        "a\x7fb",
        "\\",
        '"',
        "/",
        "Zoë",
        "\U0001f600",
        "\ud800",
        "\x00",
    ),
    *("sourcedId", "role", "guardian", "Teacher", "tobedeleted", "false", "2024-02-30", "2024-08-12T00:00"),
    *("x" * length for length in (250, 251, 255, 256, 1_000, 1_001)),
    *("\U0001f600" * length for length in (250, 251, 255)),
)
VALUES = (*TEXTS, None, True, False, 7, 7.0, 7.5)
FORMS: tuple[Callable[[Any], Any], ...] = (
    lambda value: value,
    lambda value: {"sourcedId": value},
    lambda value: [value],
    lambda value: [{"sourcedId": value}, {"sourcedId": "other"}, {"sourcedId": "other"}],
    lambda value: [{"role": value, "org": {"sourcedId": value}}],
    lambda value: [],
)
FIELD_VALUES = st.builds(
    lambda form, value: form(value), st.sampled_from(FORMS), st.one_of(st.sampled_from(VALUES), st.text())
)


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, list[Wire]]:
    """Good rows with some of their fields replaced, by good texts above all."""
    collection = draw(st.sampled_from(sorted(ONE_OF)))
    fields = st.dictionaries(st.sampled_from(FIELDS_1_2[collection]), FIELD_VALUES, max_size=3)
    rows = st.builds(
        lambda number, replaced: ONE_OF[collection](number) | replaced, st.integers(0, 9), fields
    )
    return collection, draw(st.lists(rows, min_size=1, max_size=3))


def read_both_ways(collection: str, records: list[Wire], *, escaped: bool, version: str) -> None:
    body = page(collection, *records, escaped=escaped)
    not_plain = page(collection, *records, escaped=escaped, beside="\n")
    assert not is_plain(not_plain)
    assert parse_page(collection, body, version) == parse_page(collection, not_plain, version), body


@pytest.mark.parametrize("collection", sorted(ONE_OF))
def test_both_ways_read_the_same_whatever_one_field_holds(collection: str) -> None:
    good = ONE_OF[collection](1)
    bare = {name: value for name, value in good.items() if name != "orgs"}
    # As OneRoster 1.2 has a user.
    role = {"role": "student", "roleType": "primary", "org": {"sourcedId": "school-2"}}
    newer = {name: value for name, value in bare.items() if name != "role"} | {"roles": [role]}
    for version, record in itertools.product(("1.1", "1.2"), (good, bare, newer)):
        for field in FIELDS_1_2[collection]:
            without = {name: value for name, value in record.items() if name != field}
            read_both_ways(collection, [without], escaped=False, version=version)
            for form, value in itertools.product(FORMS, VALUES):
                read_both_ways(collection, [record | {field: form(value)}], escaped=False, version=version)


@settings(max_examples=100)
@given(pages(), st.booleans(), st.sampled_from(["1.1", "1.2"]))
def test_both_ways_read_the_same_of_any_page(
    page: tuple[str, list[Wire]], escaped: bool, version: str
) -> None:
    read_both_ways(*page, escaped=escaped, version=version)


@pytest.mark.parametrize("collection", sorted(ONE_OF))
@pytest.mark.parametrize("name", ["Nowhere", "Zoë \u201cZ\u201d \u4e2d", "a/b"])
def test_an_ordinary_row_goes_the_plain_way(collection: str, name: str) -> None:
    record = ONE_OF[collection](1, familyName=name, title=name, email=None)
    for escaped in (True, False):
        body = page(collection, record, escaped=escaped).replace(b"/", b"\\/")
        assert is_plain(body)
        (raw,) = msgspec.json.decode(body, type=dict[str, list[msgspec.Raw]])[RESOURCES[collection]]
        wired = msgspec.json.decode(raw, type=PLAIN[RESOURCES[collection]])
        assert plain_record(collection, wired) is not None


def test_a_page_with_anything_to_be_cleaned_is_not_plain() -> None:
    to_be_cleaned = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if clean(f"a{character}b")[1:-1] != character
    ]
    assert {unicodedata.category(character) for character in to_be_cleaned} == {"Cc", "Cs", "Zl", "Zp"}
    for character in to_be_cleaned:
        written = json.dumps(character)
        assert not is_plain(written.encode()), written
        if unicodedata.category(character) != "Cs" and character >= " ":
            assert not is_plain(character.encode()), written
