"""The whole way, on the local engine: Roster Server, sync, bus, Senso, queue, links, groups."""

import json

from local.tenants import bus_of, stores_of
from rostersync.steps.import_users import ImportRequest, UserToImport, import_users
from rostersync.steps.list_teachers import TeachersRequest, list_teachers
from simulator.oracle import Oracle
from tests.system.test_sync import run


def right(engine, server, email):
    """What a teacher has to see, by name, where the name does not hang on a hash."""
    found = Oracle(server.district.tables).groups(engine.clock.now().date())
    return {group.name: group.members for (owner, _), group in found.items() if owner == email and group.name}


def seen(senso, tenant_id, email):
    groups = senso.senso.groups_by_email(tenant_id).get(email, {})
    return {group.name: group.members for group in groups.values()}


def teachers_with_groups(engine, server):
    owners = Oracle(server.district.tables).groups(engine.clock.now().date())
    return sorted({owner for owner, _ in owners})


def test_users_from_before_connecting_and_from_after_the_sync_see_their_classes(engine, connected, senso):
    tenant = "both-orders"
    server = connected(tenant)
    before, after, *_ = teachers_with_groups(engine, server)
    # Nobody told us of this one: the list that is asked for on connecting does.
    senso.senso.add_user(tenant, f" {before.upper()} ")
    senso.settle()
    run(engine, tenant)
    senso.settle()
    assert seen(senso, tenant, before) == right(engine, server, before) != {}
    assert seen(senso, tenant, after) == {}
    senso.tell(senso.senso.add_user(tenant, after)[1])
    senso.settle()
    assert seen(senso, tenant, after) == right(engine, server, after) != {}


def test_a_waiting_teacher_is_imported_and_the_groups_follow(engine, connected, senso):
    tenant = "importing"
    server = connected(tenant)
    run(engine, tenant)
    senso.settle()
    stores = stores_of(engine)
    waiting = list_teachers(TeachersRequest(tenant_id=tenant), stores).teachers
    assert [one.email for one in sorted(waiting, key=lambda one: one.email)] == teachers_with_groups(
        engine, server
    )
    wanted, refused = waiting[:2]
    senso.senso.refuse(tenant, refused.email, "no licence is left")
    request = ImportRequest(
        tenant_id=tenant,
        users=tuple(UserToImport(owner_id=one.owner_id, role="teacher") for one in (wanted, refused)),
    )
    import_users(request, stores, bus_of(engine), now=engine.clock.now())
    senso.settle()
    assert seen(senso, tenant, wanted.email) == right(engine, server, wanted.email) != {}
    states = {
        one.owner_id: one.state for one in list_teachers(TeachersRequest(tenant_id=tenant), stores).teachers
    }
    assert states[refused.owner_id] == "refused"
    assert wanted.owner_id not in states


def test_two_tenants_with_the_same_people_and_user_ids_never_meet(engine, connected, senso):
    servers = {tenant: connected(tenant, seed=3) for tenant in ("twin-one", "twin-two")}
    email, *_ = teachers_with_groups(engine, servers["twin-one"])
    for tenant in servers:
        run(engine, tenant)
    senso.settle()
    senso.tell(senso.senso.add_user("twin-one", email)[1])
    senso.settle()
    assert seen(senso, "twin-one", email) == right(engine, servers["twin-one"], email) != {}
    assert senso.senso.groups_by_email("twin-two") == {}


def test_a_bad_message_lies_in_the_dead_letter_queue_and_stops_nobody(engine, connected, senso):
    tenant = "bad-mail"
    server = connected(tenant)
    run(engine, tenant)
    senso.settle()
    email, *_ = teachers_with_groups(engine, server)
    kind, good = senso.senso.add_user(tenant, email)[1]
    canary = "Jane Invented"
    senso.tell((kind, {**good, "unheardOf": canary}), (kind, good))
    senso.settle()
    assert seen(senso, tenant, email) == right(engine, server, email) != {}
    sqs, url = engine.client("sqs"), engine.queue_url("UserEventsDeadLetters")
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    assert json.loads(message["Body"])["detail"]["unheardOf"] == canary
    log = "\n".join(engine.logs["link_users"])
    assert '"message_id":' in log
    assert canary not in log
    assert email not in log


def test_a_redrive_heals(engine, connected, senso):
    tenant = "redriven"
    server = connected(tenant)
    run(engine, tenant)
    senso.settle()
    email, *_ = teachers_with_groups(engine, server)
    dynamodb = engine.client("dynamodb")
    integration = {
        "TableName": engine.table_name,
        "Key": {"pk": {"S": f"T#{tenant}"}, "sk": {"S": "INTEGRATION"}},
    }
    stored = dynamodb.get_item(**integration)["Item"]
    # An item that cannot be read: a mistake of ours, which is mended some time later.
    dynamodb.put_item(TableName=engine.table_name, Item={**stored, "settings": {"S": "not JSON"}})
    senso.tell(senso.senso.add_user(tenant, email)[1])
    senso.settle()
    assert seen(senso, tenant, email) == {}
    dynamodb.put_item(TableName=engine.table_name, Item=stored)
    assert engine.redrive("UserEventsDeadLetters", "UserEvents") >= 1
    senso.settle()
    assert seen(senso, tenant, email) == right(engine, server, email) != {}


def test_a_user_who_comes_in_the_middle_of_a_run_loses_nothing(engine, connected, senso):
    tenant = "in-the-middle"
    server = connected(tenant)
    emails = teachers_with_groups(engine, server)
    arn = engine.start_execution("sync", {"tenantId": tenant})
    for email in emails:
        senso.tell(senso.senso.add_user(tenant, email)[1])
        senso.carry()
    engine.wait(arn, 120.0)
    senso.settle()
    for email in emails:
        assert seen(senso, tenant, email) == right(engine, server, email)
