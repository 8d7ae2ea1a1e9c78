from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.roster.merging import merge, newest
from rostersync.roster.records import Class, Person

MODIFIED = st.sampled_from(
    [
        "",
        "no date",
        "2030-01-01",
        "2030-01-01T00:00:00Z",
        "2030-01-01T00:00:00.000Z",
        "2030-01-01T01:00:00+02:00",
        "0001-01-01T00:00:00+14:00",
    ]
)
PEOPLE = st.builds(
    Person,
    sourced_id=st.sampled_from(["p-1", "p-2"]),
    active=st.booleans(),
    modified=MODIFIED,
    family_name=st.sampled_from(["Example", "Sample"]),
    collections=st.sampled_from([("teachers",), ("students",), ("students", "teachers"), ("users",)]),
)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2030-01-01T00:00:00Z", "2030-01-02T00:00:00Z"),
        ("2030-01-01T23:30:00+02:00", "2030-01-01T22:00:00Z"),
        ("2030-01-01", "2030-01-01T00:00:01.500Z"),
        ("", "1999-01-01T00:00:00Z"),
        ("yesterday", "1999-01-01T00:00:00Z"),
        ("", "yesterday"),
    ],
)
def test_rule_1_1_the_row_last_modified_counts(older: str, newer: str) -> None:
    old = Class(sourced_id="c-1", title="Zoology", modified=older)
    new = Class(sourced_id="c-1", title="Art", modified=newer)
    assert newest(old, new) == newest(new, old) == new


def test_rule_1_1_of_rows_modified_at_once_the_greatest_in_canonical_form_counts() -> None:
    art = Class(sourced_id="c-1", title="Art", modified="2030-01-01T00:00:00Z")
    zoology = Class(sourced_id="c-1", title="Zoology", modified="2030-01-01T01:00:00+01:00")
    assert newest(art, zoology) == newest(zoology, art) == zoology


def test_a_person_is_in_every_collection_of_its_rows() -> None:
    teacher = Person(
        sourced_id="p-1", collections=("teachers",), email="old@elm.example", modified="2029-01-01"
    )
    student = replace(teacher, collections=("students",), email="new@elm.example", modified="2030-01-01")
    assert merge([teacher, student]) == {"p-1": replace(student, collections=("students", "teachers"))}


@given(st.lists(PEOPLE, max_size=8), st.randoms(use_true_random=False))
def test_rule_1_1_the_order_of_rows_does_not_matter(rows: Sequence[Person], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types its random as object here
    assert merge(shuffled) == merge(rows)


@given(PEOPLE, PEOPLE, PEOPLE)
def test_rule_1_1_shards_of_rows_can_be_merged_in_any_grouping(a: Person, b: Person, c: Person) -> None:
    a, b, c = (replace(row, sourced_id="p-1") for row in (a, b, c))
    assert newest(a, b) == newest(b, a)
    assert newest(newest(a, b), c) == newest(a, newest(b, c))
    assert newest(a, a) == a
