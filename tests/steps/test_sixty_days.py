"""Sixty days on which students come, go and move, and a term ends: no group is renamed (RULES 3.2)."""

from datetime import UTC, datetime, time, timedelta

import pytest

from rostersync.roster.groups import Group
from rostersync.storage import items
from simulator.days import churn_day
from simulator.district import District
from simulator.oracle import Oracle
from tests.steps.district_server import serve_district
from tests.steps.driver import NOW, FakeStores, connected, sync

DAYS = 60
BEFORE_THE_TERM_ENDS = timedelta(days=55)


def groups_in(stores: FakeStores) -> dict[str, Group]:
    """Return every group that is not removed, by id."""
    stored = [items.group_of(item) for item in stores.table.items.values() if item["kind"] == "group"]
    return {group.group_id: group for group in stored if not group.removed}


@pytest.mark.parametrize("seed", [1, 2])
def test_enrollments_and_a_term_s_end_rename_nothing(seed: int) -> None:
    district = District.generate(students=90, seed=seed, today=NOW.date())
    district.today += BEFORE_THE_TERM_ENDS
    stores = connected()
    names: dict[str, str] = {}
    there: list[set[str]] = []
    for _ in range(DAYS):
        churn_day(district)
        now = datetime.combine(district.today, time(2), UTC)
        run = sync(stores, serve_district(district), now=now, run_id=f"run-{district.today}")
        assert run.outcome in {"published", "unchanged"}
        groups = groups_in(stores)
        there.append(set(groups))
        for one, group in groups.items():
            assert names.setdefault(one, group.name) == group.name
            # The version that brought the name is that of the day the group came, or came back.
            assert group.name_version <= group.version
        right = Oracle(district.tables).statistics(district.today)
        assert run.statistics == right
    # A term did end and another begin, and groups changed with it.
    assert there[0] - there[-1]
    assert there[-1] - there[0]
