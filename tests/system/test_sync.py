"""The sync state machine whole, on the local engine, against the oracle."""

import json
from collections import Counter
from datetime import timedelta

import pytest

from benchmarks.cost import transitions
from local.tenants import published, stores_of
from simulator.oracle import Oracle
from tests.reconciled import assert_reconciled
from tests.system.conftest import NOON


def run(engine, tenant_id, **event):
    """Run a sync to its end; return the execution and the run item."""
    execution = engine.run("sync", {"tenantId": tenant_id, **event}, timeout=120.0)
    record = stores_of(engine).runs.get(tenant_id, execution.name)
    if record is not None:
        assert_reconciled(record, stores_of(engine))
    return execution, record


def groups(engine, tenant_id):
    found = published(stores_of(engine), tenant_id).by_owner()
    return {key: (group.name, {one.sourced_id for one in group.members}) for key, group in found.items()}


def right_groups(engine, server):
    right = Oracle(server.district.tables).groups(engine.clock.now().date())
    return {key: (group.name, set(group.members)) for key, group in right.items()}


def roster_items(engine, tenant_id):
    """Every item of the tenant's roster and groups, from the table itself."""
    pages = engine.client("dynamodb").get_paginator("scan").paginate(TableName=engine.table_name)
    prefixes = tuple(f"T#{tenant_id}#{kind}#" for kind in "RCOGE")
    return {
        (item["pk"]["S"], item["sk"]["S"]): item
        for page in pages
        for item in page["Items"]
        if item["pk"]["S"].startswith(prefixes)
    }


def test_a_first_sync_publishes_what_the_oracle_says(engine, connected):
    server = connected("first")
    execution, record = run(engine, "first")
    oracle, today = Oracle(server.district.tables), server.district.today
    assert execution.status == "SUCCEEDED"
    assert record.outcome == "published"
    assert record.statistics == oracle.statistics(today)
    assert record.without_groups == oracle.without(today)
    assert record.collections == oracle.collections()
    assert groups(engine, "first") == right_groups(engine, server)


def test_a_run_enters_the_states_that_are_priced(engine, connected):
    connected("priced")
    for calls_publish in (True, False):
        before = len(engine.invocations)
        execution, _ = run(engine, "priced")
        calls = Counter(one.function for one in engine.invocations[before:])
        assert ("publish_roster" in calls) == calls_publish
        entered = sum(event["type"].endswith("StateEntered") for event in execution.events)
        assert entered == transitions({"step": step, "invocations": count} for step, count in calls.items())


def test_an_unchanged_run_writes_no_roster_or_group_item(engine, connected):
    connected("unchanged")
    run(engine, "unchanged")
    before = roster_items(engine, "unchanged")
    _, record = run(engine, "unchanged")
    assert record.outcome == "unchanged"
    assert record.writes == {"roster": 0, "groups": 0}
    assert roster_items(engine, "unchanged") == before


def test_days_later_the_changes_and_nothing_else_are_written(engine, connected):
    server = connected("days")
    run(engine, "days")
    first = roster_items(engine, "days")
    for _ in range(3):
        server.advance_day()
    engine.clock.set(NOON + timedelta(days=3))
    _, record = run(engine, "days")
    second = roster_items(engine, "days")
    written = {key for key in second if first.get(key) != second[key]} | (first.keys() - second.keys())
    assert record.outcome == "published"
    assert sum(record.writes.values()) == len(written)
    assert record.statistics == Oracle(server.district.tables).statistics(server.district.today)
    assert groups(engine, "days") == right_groups(engine, server)


def test_a_full_run_rewrites_everything_and_leaves_what_a_first_sync_would(engine, connected):
    connected("full")
    run(engine, "full")
    before = roster_items(engine, "full")
    _, record = run(engine, "full", mode="full")
    assert record.outcome == "published"
    assert sum(record.writes.values()) == len(before)
    assert roster_items(engine, "full") == before


def test_a_preview_writes_nothing_but_its_run_item(engine, connected):
    server = connected("preview")
    _, record = run(engine, "preview", mode="preview")
    assert record.outcome == "previewed"
    assert record.statistics == Oracle(server.district.tables).statistics(server.district.today)
    assert record.writes == {"roster": 0, "groups": 0}
    assert roster_items(engine, "preview") == {}


def test_two_tenants_with_the_same_ids_never_meet(engine, connected):
    one, other = connected("twin-one"), connected("twin-two")
    other.advance_day()
    run(engine, "twin-one")
    run(engine, "twin-two")
    assert groups(engine, "twin-one") == right_groups(engine, one)
    assert groups(engine, "twin-two") == right_groups(engine, other)
    ids = [
        {group.group_id for group in published(stores_of(engine), name).groups}
        for name in ("twin-one", "twin-two")
    ]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "tenantId"),
        ({"tenantId": ""}, "tenantId"),
        ({"tenantId": "a/b"}, "tenantId"),
        ({"tenantId": "first", "mode": "everything"}, "mode"),
        ({"tenantId": "first", "colour": "red"}, "colour"),
    ],
)
def test_a_bad_input_fails_at_once_and_names_the_field(engine, event, field):
    execution = engine.run("sync", event)
    assert (execution.status, execution.error) == ("FAILED", "InvalidInput")
    assert field in json.loads(execution.cause)["errorMessage"]


def test_a_tenant_that_is_not_connected_fails_at_once(engine):
    execution = engine.run("sync", {"tenantId": "nobody"})
    assert (execution.status, execution.error) == ("FAILED", "NotConnected")
    assert stores_of(engine).runs.get("nobody", execution.name) is None


def test_a_second_execution_names_the_run_in_progress_and_leaves_its_lease_alone(engine, connected):
    connected("busy")
    leases = stores_of(engine).leases
    leases.acquire("busy", "the-first-run", NOON, 600)
    execution, record = run(engine, "busy")
    assert (execution.status, execution.error) == ("FAILED", "RunInProgress")
    assert "the-first-run" in json.loads(execution.cause)["errorMessage"]
    assert record is None
    assert leases.holder("busy", NOON).run_id == "the-first-run"


def test_a_changed_secret_fails_the_run_with_words_and_everything_as_it_was(engine, connected):
    server = connected("rotated")
    run(engine, "rotated")
    before = roster_items(engine, "rotated")
    server.rotate_secret()
    execution, record = run(engine, "rotated")
    assert execution.error == record.error == "CredentialsRejected"
    assert record.outcome == "failed"
    assert "Copy them again from Roster Server" in record.reason
    assert roster_items(engine, "rotated") == before
    stores = stores_of(engine)
    assert stores.integrations.get("rotated").status == "credentials rejected"
    assert stores.leases.holder("rotated", NOON) is None


def test_history_and_logs_name_nobody_and_no_secret(engine, connected):
    server = connected("private")
    execution, _ = run(engine, "private")
    written = json.dumps(execution.events, default=str) + json.dumps(dict(engine.logs))
    people = server.district.tables.read("SELECT email, username, given_name, family_name FROM users")
    secrets = {
        server.client_secret,
        *(word for row in people for word in (row[0], row[1], f"{row[2]} {row[3]}")),
    }
    assert [word for word in secrets if word and len(word) > 5 and word in written] == []


def test_an_execution_that_is_stopped_ends_in_an_outcome_and_shortens_its_lease(engine, connected):
    connected("stopped", latency_ms=400)
    arn = engine.start_execution("sync", {"tenantId": "stopped"})
    while stores_of(engine).leases.holder("stopped", NOON) is None:
        assert not engine.has_ended(arn, within=0.05)
    engine.client("stepfunctions").stop_execution(executionArn=arn)
    execution = engine.wait(arn)
    record = stores_of(engine).runs.get("stopped", execution.name)
    assert (record.outcome, record.error) == ("failed", "ABORTED")
    lease = stores_of(engine).leases.holder("stopped", NOON)
    longest = max(function.timeout for function in engine.template.functions.values())
    assert lease is None or lease.expires_at <= NOON.timestamp() * 1000 + longest * 1000
