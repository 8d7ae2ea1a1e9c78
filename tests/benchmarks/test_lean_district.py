"""The district that growth is measured on is one that a pull takes whole."""

import pytest

from benchmarks.lean_district import LeanDistrict
from rostersync.roster.records import COLLECTIONS, Enrollment


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_row_is_a_record_and_rows_come_in_the_order_of_ids(collection: str) -> None:
    district = LeanDistrict(2_000, changed=0.01)
    rows = district.page(collection, offset=0, limit=100_000).rows
    assert len(rows) == district.totals[collection]
    assert all(row.record is not None for row in rows)
    ids = [row.sourced_id for row in rows]
    assert ids == sorted(set(ids))


def test_a_changed_night_differs_in_about_the_share_asked_for() -> None:
    before = LeanDistrict(2_000).page("students", offset=0, limit=2_000).rows
    after = LeanDistrict(2_000, changed=0.01).page("students", offset=0, limit=2_000).rows
    assert sum(one.record != other.record for one, other in zip(before, after, strict=True)) == 20


def test_nobody_is_enrolled_twice_on_a_class() -> None:
    rows = LeanDistrict(2_000, changed=0.01).page("enrollments", offset=0, limit=100_000).rows
    pairs = [(row.record.class_id, row.record.user_id) for row in rows if isinstance(row.record, Enrollment)]
    assert len(pairs) == len(set(pairs))
