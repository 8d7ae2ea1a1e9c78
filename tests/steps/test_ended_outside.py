"""Runs that end while something of theirs may still be at work."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from rostersync.errors import LeaseLost, StagedObjectMissing
from rostersync.roster.classes import Member
from rostersync.roster.reasons import TOO_LARGE
from rostersync.steps.finish_run import FinishRequest, finish_run
from rostersync.steps.plan_pull import PlanRequest, plan_pull
from rostersync.steps.requests import parse_request
from rostersync.storage import items
from tests.steps.driver import (
    LEASE_SECONDS,
    LONGEST_FUNCTION_SECONDS,
    NOW,
    TENANT,
    FakeStores,
    connected,
    sync,
)
from tests.steps.rosters import serve, small_roster


def stopped(stores: FakeStores, run_id: str, status: str = "ABORTED") -> str:
    """Tell of an execution's end from outside; return the outcome."""
    detail = {"name": run_id, "status": status, "input": json.dumps({"tenantId": TENANT})}
    request = parse_request(FinishRequest, {"source": "aws.states", "detail": detail})
    longest = LONGEST_FUNCTION_SECONDS
    return finish_run(request, stores, now=NOW, longest_function_seconds=longest).outcome


def plan(stores: FakeStores, run_id: str, pull: int = 1) -> None:
    plan_pull(
        parse_request(PlanRequest, {"tenantId": TENANT, "runId": run_id, "pull": pull}),
        stores,
        serve(small_roster()).connect,
        now=NOW,
        default_time_zone="UTC",
        page_size=100,
        fetch_tasks=1,
        lease_seconds=LEASE_SECONDS,
    )


def test_a_plan_that_comes_after_its_executions_end_takes_no_lease() -> None:
    stores = connected()
    assert stopped(stores, "run") == "failed"
    with pytest.raises(LeaseLost):
        plan(stores, "run")
    assert stores.leases.holder(TENANT, NOW) is None


def test_the_plan_of_a_further_pull_does_not_bring_an_ended_run_back() -> None:
    stores = connected()
    plan(stores, "run")
    assert stopped(stores, "run", "TIMED_OUT") == "failed"
    with pytest.raises(LeaseLost):
        plan(stores, "run", pull=2)
    assert stores.leases.holder(TENANT, NOW + timedelta(seconds=LONGEST_FUNCTION_SECONDS)) is None


def test_an_execution_that_was_refused_gets_no_item_when_it_ends() -> None:
    stores = connected()
    plan(stores, "first")
    assert stopped(stores, "second", "FAILED") == "refused"
    assert stopped(stores, "third", "ABORTED") == "refused", "the lease is another's: it was refused too"
    assert stores.runs.get(TENANT, "second") is None
    assert stores.runs.get(TENANT, "third") is None


def test_a_run_that_fails_while_it_publishes_keeps_its_lease_while_its_siblings_may_write() -> None:
    stores = connected()

    def fail_in(state: str) -> None:
        if state == "Publish":
            stores.table.fail_at_write(3, StagedObjectMissing("nothing is staged there"))

    record = sync(stores, serve(small_roster()), before=fail_in)
    assert (record.outcome, record.error) == ("failed", "StagedObjectMissing")
    soon, later = NOW + timedelta(seconds=1), NOW + timedelta(seconds=LONGEST_FUNCTION_SECONDS + 1)
    assert stores.leases.holder(TENANT, soon) is not None
    assert stores.leases.holder(TENANT, later) is None


def test_a_run_that_fails_before_it_publishes_gives_its_lease_back_at_once() -> None:
    stores = connected()

    def fail_in(state: str) -> None:
        if state == "People":
            stores.table.fail_at_call(1, StagedObjectMissing("nothing is staged there"))

    assert sync(stores, serve(small_roster()), before=fail_in).outcome == "failed"
    assert stores.leases.holder(TENANT, NOW) is None


def test_credentials_that_are_replaced_during_a_run_end_it() -> None:
    stores = connected()

    def replace_in(state: str) -> None:
        if state == "Fetch":
            integration = stores.integrations.require(TENANT)
            stores.integrations.reconnect(replace(integration, secret_version="another"))

    record = sync(stores, serve(small_roster()), before=replace_in)
    assert (record.outcome, record.error) == ("failed", "CredentialsReplaced")


def test_a_class_whose_members_do_not_fit_yields_no_group_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stores = connected()

    def fits(members: tuple[Member, ...]) -> bool:
        return "s3" not in {member.sourced_id for member in members}

    monkeypatch.setattr(items, "members_fit", fits)
    record = sync(stores, serve(small_roster()))
    assert record.outcome == "published"
    assert record.without_groups == {TOO_LARGE: 1}
    assert record.statistics["groups"] == 1


def test_a_failed_run_tells_the_requests_of_what_it_staged() -> None:
    stores, server = connected(), serve(small_roster())

    def fail_in(state: str) -> None:
        if state == "People":
            stores.table.fail_at_call(1, StagedObjectMissing("nothing is staged there"))

    record = sync(stores, server, before=fail_in)
    assert record.outcome == "failed"
    assert record.requests == len(server.asked) > 0
