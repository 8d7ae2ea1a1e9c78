"""Any step may die anywhere: tried again, or left to the next run, it ends in the same table."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.errors import LeaseLost
from tests.steps.driver import NOW, FakeStores, Way, connected, sync
from tests.steps.published import kept_items, published
from tests.steps.rosters import Roster, rosters, serve, small_roster, teacher

DAY = timedelta(days=1)
NEVER = 10**9


def moved_roster() -> Roster:
    """Return the small roster after two teachers swapped their e-mails and a third one came."""
    roster = small_roster()
    roster["teachers"] = [teacher("t1", "t2@hill.example"), teacher("t2", "t1@hill.example"), teacher("t3")]
    return roster


class Dying:
    """Fails the ``number``-th write of Publish: once, so that it is tried again, or for good."""

    def __init__(self, stores: FakeStores, number: int, *, for_good: bool) -> None:
        self._table, self._number, self._for_good = stores.table, number, for_good

    def __call__(self, state: str) -> None:
        if state == "Publish":
            self._table.fail_at_write(self._number, LeaseLost("gone") if self._for_good else None)
        elif state == "Finish":
            self._table.fail_at_write(NEVER)


@settings(max_examples=25)
@given(rosters(), rosters(), st.integers(1, 40))
def test_publishing_that_died_in_the_middle_is_tried_again(
    first: Roster, second: Roster, number: int
) -> None:
    stores, calm = connected(), connected()
    for each in (stores, calm):
        sync(each, serve(first))
    run = sync(stores, serve(second), now=NOW + DAY, before=Dying(stores, number, for_good=False))
    told = sync(calm, serve(second), now=NOW + DAY)
    assert (run.outcome, run.writes, run.changes) == (told.outcome, told.writes, told.changes)
    assert kept_items(stores.table) == kept_items(calm.table)


@settings(max_examples=40)
@given(rosters(), rosters(), rosters(), st.integers(1, 30), st.builds(Random, st.integers(0, 99)))
def test_a_run_that_died_while_publishing_is_mended_by_the_next(
    first: Roster, second: Roster, third: Roster, number: int, order: Random
) -> None:
    stores, fresh = connected(), connected()
    sync(stores, serve(first))
    dying = Dying(stores, number, for_good=True)
    sync(stores, serve(second), now=NOW + DAY, way=Way(shards=1, order=order), before=dying)
    sync(stores, serve(third), now=NOW + 2 * DAY)
    sync(fresh, serve(third), now=NOW + 2 * DAY)
    assert published(stores.table) == published(fresh.table)


@pytest.mark.parametrize("number", range(1, 30))
def test_emails_name_their_owners_again_after_a_run_that_died(number: int) -> None:
    stores, fresh = connected(), connected()
    sync(stores, serve(small_roster()))
    sync(stores, serve(moved_roster()), now=NOW + DAY, before=Dying(stores, number, for_good=True))
    sync(stores, serve(moved_roster()), now=NOW + 2 * DAY)
    sync(fresh, serve(moved_roster()), now=NOW + 2 * DAY)
    assert published(stores.table) == published(fresh.table)
