"""What holds for every district, every page size and every number of readers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import simulator
from simulator.answers import Answer
from simulator.days import advance_day
from simulator.district import District
from simulator.faults import Faults
from simulator.oracle import Oracle
from simulator.pages import Pages
from simulator.query import COLLECTIONS
from simulator.server import SimulatedServer
from tests.simulator.client import all_records, page

DISTRICT = District.generate(students=90, seed=8, today=date(2026, 10, 1), dirt_share=0.2)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    students=st.integers(0, 80),
    dirt_share=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    days=st.integers(-200, 400),
)
def test_the_oracle_s_numbers_agree_with_each_other(
    seed: int, students: int, dirt_share: float, days: int
) -> None:
    laid = date(2026, 3, 1)
    district = District.generate(students=students, seed=seed, today=laid, dirt_share=dirt_share)
    advance_day(district)
    today = laid + timedelta(days=days)
    right = Oracle(district.tables)
    statistics, groups, reasons = right.statistics(today), right.groups(today), right.reasons(today)
    collections = right.collections()
    for counts in collections.values():
        assert counts["received"] == counts["kept"] + counts["setAside"] + counts["duplicates"]
    assert len(reasons) == collections["classes"]["kept"]
    assert {class_id for _, class_id in groups} == {key for key, reason in reasons.items() if not reason}
    assert sum(right.without(today).values()) == sum(map(bool, reasons.values()))
    assert statistics["groups"] == len(groups)
    assert statistics["memberships"] == sum(len(group.members) for group in groups.values())
    assert all(group.members for group in groups.values())
    assert {owner for owner, _ in groups} <= set(right.owners(today))
    names = [(owner, str(group.name).casefold()) for (owner, _), group in groups.items() if group.name]
    assert len(names) == len(set(names))


@settings(max_examples=50)
@given(
    name=st.sampled_from(sorted(COLLECTIONS)),
    limits=st.lists(st.integers(1, 70), min_size=1, max_size=5),
    direction=st.sampled_from(["asc", "desc"]),
)
def test_pages_of_any_size_put_together_are_the_collection(
    name: str, limits: list[int], direction: str
) -> None:
    pages, nothing = Pages(DISTRICT), Faults().meet(name)
    order = {"sort": "sourcedId", "orderBy": direction, "fields": "sourcedId"}
    whole = pages.page(name, "v1p1", {**order, "limit": "10000"}, nothing)
    offset = 0
    parts: list[Answer] = []
    while offset < whole.rows:
        limit = limits[len(parts) % len(limits)]
        parts.append(pages.page(name, "v1p1", {**order, "limit": str(limit), "offset": str(offset)}, nothing))
        offset += parts[-1].rows
    inside = [part.body.split(b"[", 1)[1][:-2] for part in parts]
    assert b",".join(inside) == whole.body.split(b"[", 1)[1][:-2]


def test_many_may_read_while_days_go_by() -> None:
    district = District.generate(students=60, today=date(2026, 10, 1))
    with SimulatedServer(district, latency_ms=5) as server, ThreadPoolExecutor(6) as pool:
        reading = [pool.submit(lambda: list(all_records(server, "enrollments"))) for _ in range(12)]
        asking = [pool.submit(lambda: Oracle(district.tables).statistics(district.today)) for _ in range(4)]
        for _ in range(5):
            server.advance_day()
        assert all(len(each.result()) > 300 for each in reading)
        assert all(each.result()["groups"] for each in asking)
        assert set(server.served.statuses) == {200}
        assert 1 < server.served.most_at_once <= 6
        assert page(server, "orgs").status_code == 200


def test_it_shares_no_code_with_the_sync() -> None:
    sources = Path(str(simulator.__file__)).parent.glob("*.py")
    assert not [path.name for path in sources if "rostersync" in path.read_text(encoding="utf-8")]
