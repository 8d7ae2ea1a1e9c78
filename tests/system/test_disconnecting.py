"""A tenant is disconnected in the middle of a run, on the local engine, and connected again."""

from datetime import timedelta

from local.tenants import stores_of
from rostersync.storage import keys, staged
from rostersync.storage.executions import Executions
from tests.system.test_senso import right, seen, teachers_with_groups
from tests.system.test_sync import groups, right_groups, run


def items_of(engine, tenant_id):
    pages = engine.client("dynamodb").get_paginator("scan").paginate(TableName=engine.table_name)
    return [
        item
        for page in pages
        for item in page["Items"]
        if item["pk"]["S"] == f"T#{tenant_id}" or item["pk"]["S"].startswith(f"T#{tenant_id}#")
    ]


def objects_of(engine, tenant_id):
    listed = engine.client("s3").list_objects_v2(Bucket=engine.bucket, Prefix=staged.of_tenant(tenant_id))
    return [entry["Key"] for entry in listed.get("Contents", [])]


def secrets_of(engine, tenant_id):
    listed = engine.client("secretsmanager").list_secrets()["SecretList"]
    return [secret["Name"] for secret in listed if f"/{tenant_id}/" in secret["Name"]]


def disconnect(engine, tenant_id, groups):
    engine.clock.advance(timedelta(minutes=10))
    return engine.run("disconnect", {"tenantId": tenant_id, "groups": groups}, timeout=120.0)


def test_disconnected_in_the_middle_of_a_run_and_connected_again(engine, connected, senso):
    tenant, neighbour = "leaving", "leaving-neighbour"
    server = connected(tenant, latency_ms=100)
    connected(neighbour)
    run(engine, neighbour)
    email, *_ = teachers_with_groups(engine, server)
    senso.senso.add_user(tenant, email)
    senso.settle()
    run(engine, tenant)
    senso.settle()
    assert seen(senso, tenant, email) == right(engine, server, email) != {}
    neighbours_items, objects = items_of(engine, neighbour), set(objects_of(engine, tenant))
    assert objects

    running = engine.start_execution("sync", {"tenantId": tenant})
    stores = stores_of(engine)
    while stores.runs.get(tenant, running.rpartition(":")[2]) is None:
        assert not engine.has_ended(running, within=0.05)
    execution = disconnect(engine, tenant, "remove")
    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    stopped = engine.wait(running)
    record = stores.runs.get(tenant, stopped.name)
    # A step that begins just before the execution is stopped finds the tenant leaving.
    how = {"ABORTED": "ABORTED", "FAILED": "NotConnected"}[stopped.status]
    assert (record.outcome, record.error) == ("failed", how)
    senso.settle()
    assert seen(senso, tenant, email) == {}
    assert {item["kind"]["S"] for item in items_of(engine, tenant)} <= {"run", "progress", "requests"}
    # Here a wait is shorter than a function: what was fetching when it was stopped may stage something yet.
    assert objects.isdisjoint(objects_of(engine, tenant))
    assert secrets_of(engine, tenant) == []
    assert items_of(engine, neighbour) == neighbours_items
    assert len(secrets_of(engine, neighbour)) == 1

    engine.clock.advance(timedelta(minutes=10))
    again = connected(tenant)
    _, record = run(engine, tenant)
    assert record.outcome == "published"
    assert groups(engine, tenant) == right_groups(engine, again)
    senso.settle()
    assert seen(senso, tenant, email) == right(engine, again, email) != {}


def test_groups_that_were_kept_stay_until_the_tenant_is_connected_again(engine, connected, senso):
    tenant = "keeping"
    server = connected(tenant)
    email, *_ = teachers_with_groups(engine, server)
    senso.senso.add_user(tenant, email)
    senso.settle()
    run(engine, tenant)
    senso.settle()
    kept = seen(senso, tenant, email)
    assert kept == right(engine, server, email) != {}
    assert disconnect(engine, tenant, "keep").status == "SUCCEEDED"
    senso.settle()
    assert seen(senso, tenant, email) == kept
    assert {item["kind"]["S"] for item in items_of(engine, tenant)} <= {
        *("run", "progress", "requests"),
        *("link", "linked", "sent"),
    }
    engine.clock.advance(timedelta(minutes=10))
    again = connected(tenant)
    run(engine, tenant)
    senso.settle()
    assert seen(senso, tenant, email) == right(engine, again, email)
    (user_id,) = (one for one, address in senso.senso.users(tenant).items() if address == email)
    assert len(senso.senso.owners_of(tenant, user_id)) == 1


def test_a_failed_disconnect_is_begun_again_by_pressing_again(engine, connected):
    tenant = "twice-pressed"
    connected(tenant)
    machine = engine.state_machine("disconnect").arn
    executions = Executions(engine.client("stepfunctions"))
    event = {"tenantId": tenant, "groups": "keep"}
    dynamodb = engine.client("dynamodb")
    pk, sk = keys.integration(tenant)
    where = {"TableName": engine.table_name, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}}
    stored = dynamodb.get_item(**where)["Item"]
    # An item that cannot be read: a mistake of ours, which is mended some time later.
    dynamodb.put_item(TableName=engine.table_name, Item={**stored, "settings": {"S": "not JSON"}})
    executions.start_next(machine, tenant, event)
    first = engine.wait(f"{machine.replace(':stateMachine:', ':execution:')}:{tenant}-1")
    assert (first.status, first.error) == ("FAILED", "UnexpectedError")
    dynamodb.update_item(
        **where, UpdateExpression="SET settings = :s", ExpressionAttributeValues={":s": stored["settings"]}
    )
    executions.start_next(machine, tenant, event)
    second = engine.wait(f"{machine.replace(':stateMachine:', ':execution:')}:{tenant}-2")
    assert second.status == "SUCCEEDED"
    assert items_of(engine, tenant) == []


def test_a_run_after_the_button_was_pressed_does_not_begin(engine, connected):
    tenant = "too-late"
    connected(tenant)
    assert disconnect(engine, tenant, "keep").status == "SUCCEEDED"
    execution = engine.run("sync", {"tenantId": tenant})
    assert (execution.status, execution.error) == ("FAILED", "NotConnected")
    assert items_of(engine, tenant) == []
