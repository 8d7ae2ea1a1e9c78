"""A whole day of a district, its troubles among it: nobody of it, and no secret, is anywhere it must not be.

What is looked through is everything that outlives a call or leaves the system without being asked for it:
logs (metrics are lines of them), names, inputs, outputs and every event of all executions, keys of objects,
names of secrets, headers and refusals of the API.
"""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from local.engine import LocalEngine
from local.senso import Senso
from local.senso_on_bus import SensoOnBus
from simulator.district import District
from simulator.faults import Fault
from simulator.oracle import Oracle
from simulator.server import SimulatedServer
from tests.system.conftest import NOON
from tests.system.test_portal import Portal, issuer

__all__ = ["issuer"]

TENANT = "watched"
SECRET = "canary-secret-of-the-district"
ANOTHER_SECRET = "canary-secret-that-opens-nothing"
SHORTEST = 6


class Watched(Portal):
    """A portal that keeps what it was told in headers, and in refusals."""

    def __init__(self, engine, issuer, tenant):
        super().__init__(engine, issuer, tenant)
        self.told = []
        self.names = set()

    def look(self):
        """Keep what secrets and objects are called by now: disconnecting deletes them."""
        objects = self.engine.client("s3").get_paginator("list_objects_v2")
        for page in objects.paginate(Bucket=self.engine.bucket):
            self.names |= {one["Key"] for one in page.get("Contents", [])}
        for one in self.engine.client("secretsmanager").list_secrets()["SecretList"]:
            self.names |= {one["Name"], one.get("Description", "")}

    def ask(self, method, path, body=None, token=None):
        answer = super().ask(method, path, body, token)
        self.told += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.status_code >= 400:
            self.told.append(answer.text)
        return answer


@pytest.fixture(scope="module")
def served(issuer) -> Iterator[LocalEngine]:
    overrides = {"Environment": "local", "JwtIssuer": issuer.issuer}
    with LocalEngine(overrides=overrides, time_scale=0.001, clock=issuer.clock, issuers=[issuer]) as engine:
        yield engine


def canaries(district):
    """Whoever is in the district: names, e-mails, logins, ids; and the secrets."""
    columns = "sourced_id, username, email, identifier, given_name || ' ' || family_name"
    rows = district.tables.read(f"SELECT {columns} FROM users")
    found = {text for row in rows for text in row if len(text) > SHORTEST}
    # A row that is a table's header is nobody.
    return found - {"sourcedId", "username", "identifier"} | {SECRET, ANOTHER_SECRET}


def everything_told(engine, portal):
    """Return what was told, by where."""
    stepfunctions = engine.client("stepfunctions")
    histories = []
    for machine in engine.template.state_machines.values():
        listed = stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=machine.arn)
        for found in (one for page in listed for one in page["executions"]):
            pages = stepfunctions.get_paginator("get_execution_history").paginate(
                executionArn=found["executionArn"]
            )
            events = [event for page in pages for event in page["events"]]
            described = stepfunctions.describe_execution(executionArn=found["executionArn"])
            histories.append(json.dumps([described, events], default=str, ensure_ascii=False))
    portal.look()
    return {
        "logs": "\n".join(line for lines in engine.logs.values() for line in lines),
        "executions": "\n".join(histories),
        "names": "\n".join(portal.names),
        "headers and refusals": "\n".join(portal.told),
    }


def leaks(engine, portal, district):
    """Return where a canary was found, and which."""
    told = everything_told(engine, portal)
    assert all(told.values()), "what is empty was not looked through"
    return {(where, one) for where, text in told.items() for one in canaries(district) if one in text}


def a_day(engine, portal, server):
    """Connect, first sync, import, resync, explain, a changed night, troubles, disconnect."""
    senso = SensoOnBus(engine, Senso(engine.clock.now, page_size=5))
    email, *_ = sorted({owner for owner, _ in Oracle(server.district.tables).groups(NOON.date())})
    senso.senso.add_user(TENANT, email)
    refused = [
        portal.connect(server, clientSecret=ANOTHER_SECRET).status_code,
        portal.connect(server, serverUrl=f"https://{SECRET}@127.0.0.1/?secret={SECRET}").status_code,
    ]
    assert refused == [422, 422]
    assert portal.connect(server).status_code == 200
    first = portal.sync()["run"]
    assert first["outcome"] == "published"
    senso.settle()

    waiting = portal.ask("GET", "/teachers").json()["teachers"]
    body = {"users": [{"ownerId": one["ownerId"], "role": "teacher"} for one in waiting[:2]]}
    assert portal.ask("POST", "/users", body).status_code == 200
    assert portal.ask("POST", "/users", {"users": [{"ownerId": email, "role": "teacher"}]}).status_code == 400
    senso.settle()
    found = portal.ask("POST", "/owners/find", {"email": email}).json()
    assert portal.ask("POST", f"/owners/{found['ownerId']}/resync").json()["groups"] > 0
    assert portal.ask("PUT", f"/owners/{found['ownerId']}/user", {"email": "x@y.example"}).status_code == 400
    (student,) = server.district.tables.read("SELECT sourced_id FROM users WHERE in_students LIMIT 1")[0]
    for question in ({"teacher": email}, {"class": found["classes"][0]["classId"]}, {"student": student}):
        assert portal.ask("POST", "/explain", question).status_code == 200
    for bad in ({"teacher": email, "student": student}, {email: student}, {"teacher": [email]}):
        assert portal.ask("POST", "/explain", bad).status_code == 400
    assert portal.ask("GET", f"/runs/{first['runId']}/issues").status_code == 200
    assert portal.ask("POST", f"/runs/{first['runId']}/issues/table").status_code == 200

    server.advance_day()
    engine.clock.advance(timedelta(days=1))
    assert engine.run("nightly", {"tenantIds": [TENANT]}).status == "SUCCEEDED"
    senso.settle()
    for trouble in ("status:500", "no-array", "cut-json", "html"):
        server.faults.set(Fault.from_text(trouble))
        engine.clock.advance(timedelta(hours=1))
        assert portal.sync()["run"]["outcome"] == "failed", trouble
        server.faults.set()
    server.rotate_secret(ANOTHER_SECRET + "-now")
    engine.clock.advance(timedelta(hours=1))
    assert portal.sync()["run"]["error"] == "CredentialsRejected"
    portal.look()
    assert portal.ask("DELETE", "/integration?groups=remove").status_code == 202
    machine = engine.state_machine("disconnect").arn
    listed = engine.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    (execution,) = [engine.wait(one["executionArn"], 120.0) for one in listed]
    assert execution.status == "SUCCEEDED"
    senso.settle()


def test_of_a_whole_day_nobody_and_no_secret_is_where_it_must_not_be(served, issuer):
    engine, portal = served, Watched(served, issuer, TENANT)
    district = District.generate(students=60, seed=5, today=NOON.date())
    with SimulatedServer(district, client_secret=SECRET) as server:
        a_day(engine, portal, server)
    assert leaks(engine, portal, district) == set()

    # And each would be found: a search that finds nothing shows nothing until it has found something.
    email = next(one for one in sorted(canaries(district)) if "@" in one)
    log = next(iter(engine.logs.values()))
    log.append(f"saw {email}")
    assert ("logs", email) in leaks(engine, portal, district)
    log.pop()
    key = f"staging/{SECRET}"
    engine.client("s3").put_object(Bucket=engine.bucket, Key=key, Body=b"")
    assert ("names", SECRET) in leaks(engine, portal, district)
    engine.client("s3").delete_object(Bucket=engine.bucket, Key=key)
    portal.names.remove(key)
    portal.told.append(f"detail: {email}")
    assert ("headers and refusals", email) in leaks(engine, portal, district)
    portal.told.pop()
    engine.run("sync", {"tenantId": TENANT, "actor": email})
    assert ("executions", email) in leaks(engine, portal, district)
