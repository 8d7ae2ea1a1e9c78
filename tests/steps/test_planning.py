"""Windows: they cover a collection, share a row with each other, and are cut elsewhere by every pull."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rostersync.oneroster.windows import Window
from rostersync.steps.plan_pull import cut_windows, deal

totals = st.integers(0, 500)
page_sizes = st.integers(2, 60)
pulls = st.integers(1, 3)


@given(totals, st.booleans(), page_sizes, pulls)
def test_windows_cover_a_collection_and_share_a_row(
    total: int, open_ended: bool, size: int, pull: int
) -> None:
    windows = cut_windows("students", total, open_ended, size, pull)
    assert windows[0].start == 0
    # One row more than announced is asked for: it must not be there.
    assert windows[-1].end == (None if open_ended or not total else total + 1)
    assert windows[-1].end is None or windows[-1].end - windows[-1].start <= size
    for before, after in pairwise(windows):
        assert before.end is not None
        assert after.start == before.end - 1
        assert 2 <= before.end - before.start <= size


@given(st.integers(100, 500), st.integers(6, 60))
def test_each_pull_cuts_elsewhere(total: int, size: int) -> None:
    cuts = [
        {window.start for window in cut_windows("students", total, False, size, pull)} for pull in (1, 2, 3)
    ]
    assert cuts[0] & cuts[1] == cuts[1] & cuts[2] == cuts[0] & cuts[2] == {0}


@given(st.lists(st.tuples(totals, page_sizes), min_size=1, max_size=6), st.integers(1, 5))
def test_every_window_is_dealt_to_one_task(collections: list[tuple[int, int]], tasks: int) -> None:
    windows: list[Window] = [
        window
        for number, (total, size) in enumerate(collections)
        for window in cut_windows(str(number), total, False, size, 1)
    ]
    dealt = deal(windows, min(tasks, len(windows)))
    assert all(dealt)
    assert sorted((w.collection, w.start) for task in dealt for w in task) == sorted(
        (w.collection, w.start) for w in windows
    )
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1
