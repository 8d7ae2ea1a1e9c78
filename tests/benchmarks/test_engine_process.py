"""A whole run is measured on the real state machines, its table and bucket in memory."""

from datetime import UTC, datetime, timedelta

from benchmarks.engine_process import engine
from benchmarks.simulated import Latency, simulated

NOW = datetime(2026, 10, 5, 14, tzinfo=UTC)


def test_three_nights_publish_what_has_changed():
    with simulated(Latency(), students=60) as server, engine(server.url, NOW, quick=True) as ours:
        with server.counting() as served:
            first = ours.run(NOW)
        unchanged = ours.run(NOW)
        _, happened = server.advance_day()
        later = ours.run(NOW + timedelta(days=1))
    assert (first.outcome, unchanged.outcome, later.outcome) == ("published", "unchanged", "published")
    assert first.writes["roster"] > later.writes["roster"] > 0 == sum(unchanged.writes.values())
    assert first.changed_what_is_stored
    assert not unchanged.changed_what_is_stored
    assert sum(happened.values())
    assert served["rows"] >= server.records
    assert 0 < first.cpu_beside < first.cpu
    assert {"plan_pull", "publish_roster", "finish_run"} <= first.peaks.keys()
