"""Roster Servers as they differ: the sync gives the same truth from each, or fails with a reason."""

import pytest

from local.tenants import stores_of
from simulator.faults import Fault
from simulator.oracle import Oracle
from tests.system.test_sync import groups, right_groups, run

WELL = {
    "sha1-only": {"auths": ("oauth1-sha1",)},
    "oauth2-only": {"auths": ("oauth2",)},
    "version-1-2-only": {"versions": ("v1p2",)},
    "clamped": {"faults": ("clamp:100",)},
    "short-pages": {"faults": ("short-page:7",)},
    "no-totals": {"faults": ("no-totals",)},
    "no-fields": {"faults": ("fields-refused",)},
    "busy-now-and-then": {"faults": ("busy,every=9",)},
    "heavy-pages": {"faults": ("status:503,every=7",)},
    "named-by-path": {"faults": ("path-envelope",)},
    "gzipped": {"faults": ("gzip",)},
}


@pytest.mark.parametrize("kind", WELL)
def test_the_roster_of_a_server_is_published_whole(engine, connected, kind):
    options = WELL[kind]
    faults = [Fault.from_text(text) for text in options.get("faults", ())]
    server = connected(kind, students=60, **{**options, "faults": faults})
    _, record = run(engine, kind)
    today = engine.clock.now().date()
    assert record.outcome == "published", record.reason
    assert record.statistics == Oracle(server.district.tables).statistics(today)
    assert groups(engine, kind) == right_groups(engine, server)
    counts = Oracle(server.district.tables).collections()
    for name, row in record.collections.items():
        assert row["received"] == row["kept"] + row["setAside"] + row["duplicates"]
        assert {**row, "announced": counts[name]["announced"]} == counts[name]


ILL = {
    "empty-too-early": ("empty-page,collection=enrollments", "UnexpectedAnswer"),
    "failure-in-a-200": ("imsx,collection=students", "UnexpectedAnswer"),
    "without-its-array": ("no-array,collection=classes", "UnexpectedAnswer"),
    "total-too-low": ("wrong-total:-5,collection=enrollments", "PullIncomplete"),
    "totals-no-more": ("no-totals,collection=students", "UnexpectedAnswer"),
    "total-that-grows": ("moving-total:3,collection=enrollments", "UnexpectedAnswer"),
    "permissions-that-change": ("revision-moves,collection=enrollments", "PullIncomplete"),
    "forbidden-now": ("status:403", "AccessDenied"),
}


@pytest.mark.parametrize("kind", ILL)
def test_a_roster_that_cannot_be_believed_publishes_nothing(engine, connected, kind):
    fault, error = ILL[kind]
    server = connected(kind, students=60)
    server.faults.set(Fault.from_text(fault))
    _, record = run(engine, kind)
    assert (record.outcome, record.error) == ("failed", error)
    assert record.reason
    assert groups(engine, kind) == {}
    assert stores_of(engine).leases.holder(kind, engine.clock.now()) is None
