import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.oneroster.normalising import SET_ASIDE_REASONS
from rostersync.oneroster.payloads import parse_page
from rostersync.oneroster.wire import FIELDS
from rostersync.roster.records import COLLECTIONS
from tests.oneroster.records import a_class, enrollment, only, org, page, session, user

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["true", "role"]),
)
DIRT = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["sourcedId", "role", "x"]), inner, max_size=3),
    ),
    max_leaves=5,
)
CLEAN = {
    "orgs": org,
    "academicSessions": session,
    "courses": org,
    "classes": a_class,
    "enrollments": enrollment,
}


@st.composite
def dirty_pages(draw: st.DrawFn) -> tuple[str, list[Any]]:
    collection = draw(st.sampled_from(COLLECTIONS))
    clean = CLEAN.get(collection, user)
    fields = st.dictionaries(st.sampled_from(FIELDS[collection]), DIRT, max_size=4)
    row = st.one_of(st.builds(lambda number, dirt: clean(number) | dirt, st.integers(0, 9), fields), DIRT)
    return collection, draw(st.lists(row, max_size=6))


@settings(max_examples=150)
@given(dirty_pages(), st.sampled_from(["1.1", "1.2"]))
def test_any_mix_of_dirty_rows_gives_one_row_for_each(pair: tuple[str, list[Any]], version: str) -> None:
    collection, records = pair
    body = page(collection, *records)
    rows = parse_page(collection, body, version)
    assert len(rows) == len(records)
    for row in rows:
        assert (row.record is None) != (row.set_aside is None)
        assert 0 <= row.key < 2**64
        assert len(row.sourced_id) <= 255
        if row.set_aside is not None:
            assert row.set_aside.reason in SET_ASIDE_REASONS
        json.dumps(repr(row)).encode()
    assert [row.key for row in parse_page(collection, body, version)] == [row.key for row in rows]


@settings(max_examples=60)
@given(dirty_pages(), dirty_pages())
def test_a_row_is_read_the_same_whatever_stands_beside_it(
    pair: tuple[str, list[Any]], other: tuple[str, list[Any]]
) -> None:
    collection, records = pair
    together = parse_page(collection, page(collection, *records, *other[1]))
    alone = [only(collection, record) for record in records]
    assert together[: len(records)] == alone
