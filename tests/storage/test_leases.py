"""Leases, on the fake table and on moto."""

from datetime import UTC, datetime, timedelta

import pytest

from rostersync.errors import LeaseLost, RunInProgress
from rostersync.storage.conditions import Absent
from rostersync.storage.leases import Leases
from rostersync.storage.table import Table
from rostersync.storage.transactions import Put

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def leases(table: Table) -> Leases:
    return Leases(table)


def test_a_second_run_is_refused_and_told_which_one_holds_the_lease(leases: Leases) -> None:
    leases.acquire("maple", "run-1", NOON, 60)
    with pytest.raises(RunInProgress, match="run-1 of tenant maple"):
        leases.acquire("maple", "run-2", after(59), 60)
    leases.require("maple", "run-1", after(59))


def test_another_tenants_lease_is_another_one(leases: Leases) -> None:
    leases.acquire("maple", "run-1", NOON, 60)
    leases.acquire("oak", "run-2", NOON, 60)
    leases.require("maple", "run-1", NOON)
    leases.require("oak", "run-2", NOON)


def test_a_run_may_take_its_own_lease_again_and_holds_it_longer(leases: Leases) -> None:
    leases.acquire("maple", "run-1", NOON, 60)
    leases.acquire("maple", "run-1", after(30), 60)
    leases.require("maple", "run-1", after(89))


def test_an_expired_lease_is_taken_over_and_its_run_may_not_write(leases: Leases) -> None:
    leases.acquire("maple", "run-1", NOON, 60)
    assert leases.holder("maple", after(60)) is None
    with pytest.raises(LeaseLost):
        leases.require("maple", "run-1", after(60))
    leases.acquire("maple", "run-2", after(60), 60)
    with pytest.raises(LeaseLost, match="run-1"):
        leases.require("maple", "run-1", after(61))
    leases.require("maple", "run-2", after(61))


def test_without_a_lease_nothing_may_be_written(leases: Leases) -> None:
    with pytest.raises(LeaseLost):
        leases.require("maple", "run-1", NOON)


def test_a_lease_given_back_is_free(leases: Leases) -> None:
    leases.acquire("maple", "run-1", NOON, 60)
    leases.release("maple", "run-1")
    leases.release("maple", "run-1")
    leases.acquire("maple", "run-2", NOON, 60)


def test_a_run_gives_back_only_its_own_lease(leases: Leases) -> None:
    leases.acquire("maple", "run-1", NOON, 60)
    leases.release("maple", "run-2")
    leases.require("maple", "run-1", NOON)


def test_an_ended_runs_lease_keeps_others_out_for_a_while_and_never_for_longer(leases: Leases) -> None:
    leases.acquire("maple", "run-1", NOON, 600)
    leases.end("maple", "run-1", NOON, 60)
    leases.end("maple", "run-1", after(30), 60)
    with pytest.raises(RunInProgress):
        leases.acquire("maple", "run-2", after(59), 60)
    leases.acquire("maple", "run-2", after(60), 60)


def test_a_lease_that_ends_sooner_anyway_is_not_held_for_longer(leases: Leases) -> None:
    leases.acquire("maple", "run-1", NOON, 30)
    leases.end("maple", "run-1", NOON, 60)
    assert leases.holder("maple", after(30)) is None


def test_an_ended_run_may_not_write_though_its_lease_has_not_run_out(leases: Leases) -> None:
    leases.acquire("maple", "run-1", NOON, 600)
    leases.end("maple", "run-1", NOON, 60)
    with pytest.raises(LeaseLost):
        leases.require("maple", "run-1", after(1))
    with pytest.raises(LeaseLost):
        leases.acquire("maple", "run-1", after(1), 600)
    leases.release("maple", "run-1")
    holder = leases.holder("maple", after(59))
    assert holder is not None
    assert holder.ended


def test_a_run_ends_only_its_own_lease(leases: Leases) -> None:
    leases.end("maple", "run-1", NOON, 1)
    leases.acquire("maple", "run-2", NOON, 600)
    leases.end("maple", "run-1", NOON, 1)
    leases.require("maple", "run-2", after(599))


def test_the_holder_is_named(leases: Leases) -> None:
    assert leases.holder("maple", NOON) is None
    leases.acquire("maple", "run-1", NOON, 60)
    holder = leases.holder("maple", NOON)
    assert holder is not None
    assert (holder.run_id, holder.expires_at) == ("run-1", int(after(60).timestamp() * 1000))


def test_what_is_written_together_with_a_lease_is_written_only_if_it_is_taken(
    leases: Leases, table: Table
) -> None:
    def run(name: str) -> Put:
        return Put({"pk": "maple", "sk": name, "kind": "run"}, [Absent()])

    leases.acquire("maple", "run-1", NOON, 60, together_with=[run("run-1")])
    with pytest.raises(RunInProgress, match="run-1"):
        leases.acquire("maple", "run-2", after(59), 60, together_with=[run("run-2")])
    assert [item["sk"] for item in table.query("maple")] == ["run-1"]
    leases.acquire("maple", "run-2", after(60), 60, together_with=[run("run-2")])
    leases.require("maple", "run-2", after(60))
    assert [item["sk"] for item in table.query("maple")] == ["run-1", "run-2"]
