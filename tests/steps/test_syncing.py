"""What a sync leaves, whatever came before it and however it went about it."""

from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.storage.runs import RunRecord
from tests.steps.driver import NOW, FakeStores, Way, connected, sync
from tests.steps.published import BOOKKEEPING, kept_items, published
from tests.steps.rosters import Roster, dirty_rosters, rosters, serve, small_roster

DAY = timedelta(days=1)

ways = st.builds(
    Way,
    page_size=st.integers(3, 9),
    fetch_tasks=st.integers(1, 3),
    in_flight=st.sampled_from([1, 1, 3]),
    requests_per_part=st.sampled_from([1_000, 5]),
    shards=st.sampled_from([0, 1, 5]),
    order=st.builds(Random, st.integers(0, 2**16)),
)


def kept_and(stores: FakeStores, run: RunRecord) -> tuple[object, ...]:
    """What a run left and what it counted."""
    return published(stores.table), run.collections, run.statistics, run.without_groups, run.changes


@settings(max_examples=50)
@given(rosters(), rosters())
def test_publishing_the_difference_equals_publishing_into_an_empty_table(
    first: Roster, second: Roster
) -> None:
    stores, fresh = connected(), connected()
    sync(stores, serve(first))
    after = sync(stores, serve(second), now=NOW + DAY)
    at_once = sync(fresh, serve(second), now=NOW + DAY)
    assert published(stores.table) == published(fresh.table)
    assert after.statistics == at_once.statistics
    assert after.without_groups == at_once.without_groups


@settings(max_examples=30)
@given(st.lists(dirty_rosters(), min_size=1, max_size=2))
def test_a_sync_of_what_was_synced_changes_nothing(days: list[Roster]) -> None:
    stores = connected()
    for number, roster in enumerate(days):
        sync(stores, serve(roster), now=NOW + number * DAY)
    before = kept_items(stores.table)
    run = sync(stores, serve(days[-1]), now=NOW + 5 * DAY)
    assert (run.outcome, run.changes) == ("unchanged", {"added": {}, "changed": {}, "removed": {}})
    assert run.writes == {"roster": 0, "groups": 0}
    assert kept_items(stores.table) == before


def test_an_unchanged_sync_writes_nothing_but_its_bookkeeping() -> None:
    stores = connected()
    sync(stores, serve(small_roster()))
    before, stores.table.writes = stores.table.items, 0
    sync(stores, serve(small_roster()), now=NOW + DAY)
    changed = {key for key, item in stores.table.items.items() if before.get(key) != item}
    assert {stores.table.items[key]["kind"] for key in changed} <= BOOKKEEPING
    # The lease taken and given back, the run begun and ended, the integration told, two tasks' progress,
    # and what Plan and they sent.
    assert stores.table.writes == 2 + 2 + 1 + 2 + 3


@settings(max_examples=25)
@given(rosters(), rosters())
def test_mode_full_rewrites_everything_and_leaves_the_same(first: Roster, second: Roster) -> None:
    stores = connected()
    sync(stores, serve(first))
    sync(stores, serve(second), now=NOW + DAY)
    before, there = kept_items(stores.table), published(stores.table)
    run = sync(stores, serve(second), mode="full", now=NOW + 2 * DAY)
    assert kept_items(stores.table) == before
    rewritten = len(there.roster) + len(there.owners) + len(there.emails)
    assert run.writes == {"roster": rewritten, "groups": len(there.groups) + len(there.class_lists)}


def test_mode_full_mends_what_was_damaged() -> None:
    stores = connected()
    sync(stores, serve(small_roster()))
    before = kept_items(stores.table)
    for item in before.values():
        broken = {**item, "data": "{}"} if item["kind"] in {"org", "course", "academicSession"} else item
        stores.table.put(broken)
    sync(stores, serve(small_roster()), mode="full", now=NOW + DAY)
    assert kept_items(stores.table) == before


@settings(max_examples=20)
@given(rosters(), rosters())
def test_a_preview_leaves_nothing_but_its_run_item(first: Roster, second: Roster) -> None:
    stores, twin = connected(), connected()
    for each in (stores, twin):
        sync(each, serve(first))
    before = stores.table.items
    previewed = sync(stores, serve(second), mode="preview", now=NOW + DAY)
    after = stores.table.items
    left = {item["kind"] for key, item in after.items() if before.get(key) != item}
    assert previewed.outcome == "previewed"
    assert previewed.writes == {"roster": 0, "groups": 0}
    assert left <= {"run", "progress", "requests"}
    assert before.keys() <= after.keys()
    told = sync(twin, serve(second), now=NOW + DAY)
    assert (previewed.changes, previewed.statistics) == (told.changes, told.statistics)


@settings(max_examples=30)
@given(rosters(repeats=False), dirty_rosters(), ways)
def test_pages_windows_tasks_and_shards_may_come_in_any_order(
    first: Roster, second: Roster, way: Way
) -> None:
    stores, plain = connected(), connected()
    for each, how in ((stores, way), (plain, Way())):
        sync(each, serve(first), way=how)
    assert kept_and(stores, sync(stores, serve(second), now=NOW + DAY, way=way)) == kept_and(
        plain, sync(plain, serve(second), now=NOW + DAY)
    )


@settings(max_examples=20)
@given(rosters(), st.integers(2, 5), st.booleans())
def test_a_server_that_clamps_pages_or_tells_no_totals_is_read_whole(
    roster: Roster, clamp: int, totals: bool
) -> None:
    stores, plain = connected(), connected()
    sync(plain, serve(roster))
    server = serve(roster)
    server.clamp, server.totals = clamp, totals
    run = sync(stores, server, way=Way(page_size=7))
    assert published(stores.table) == published(plain.table)
    assert {counts["announced"] is None for counts in run.collections.values()} == {not totals}


@settings(max_examples=25)
@given(dirty_rosters(), dirty_rosters())
def test_every_step_run_twice_leaves_the_same(first: Roster, second: Roster) -> None:
    stores, once = connected(), connected()
    for number, roster in enumerate((first, second)):
        twice = Way(twice=True, requests_per_part=5, page_size=4)
        left = kept_and(stores, sync(stores, serve(roster), now=NOW + number * DAY, way=twice))
        assert left == kept_and(once, sync(once, serve(roster), now=NOW + number * DAY))
    assert kept_items(stores.table) == kept_items(once.table)


def test_tenants_do_not_touch_each_other() -> None:
    stores = connected("springfield", "shelbyville")
    sync(stores, serve(small_roster()), tenant_id="shelbyville")
    before = published(stores.table, "shelbyville")
    sync(stores, serve({}), tenant_id="springfield")
    sync(stores, serve(small_roster()), tenant_id="springfield", now=NOW + DAY)
    sync(stores, serve({}), tenant_id="springfield", now=NOW + 2 * DAY)
    assert published(stores.table, "shelbyville") == before
    assert not published(stores.table, "springfield").roster
