"""Claims and summaries of nights, on the fake table and on moto."""

from rostersync.storage.nights import Nights
from rostersync.storage.table import Table

HOUR = "2026-03-02T02:00:00Z"


def test_an_hour_is_claimed_by_one_execution_which_may_ask_again(table: Table) -> None:
    nights = Nights(table)
    assert nights.claim(HOUR, "night-1")
    assert nights.claim(HOUR, "night-1")
    assert not nights.claim(HOUR, "night-2")
    assert nights.claim("2026-03-02T03:00:00Z", "night-2")


def test_a_summary_comes_back_as_it_was_put(table: Table) -> None:
    nights = Nights(table)
    assert nights.summary("night-1") is None
    nights.put_summary("night-1", {"tenants": [{"tenantId": "maple", "outcome": "published"}], "failed": 0})
    assert nights.summary("night-1") == {
        "tenants": [{"tenantId": "maple", "outcome": "published"}],
        "failed": 0,
    }
