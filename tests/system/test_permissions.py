"""Each function's role allows what it calls and no more: a life of several tenants, on the local engine."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from local.clock import Clock
from local.engine import LocalEngine
from local.senso_on_bus import SensoOnBus
from local.template import Function, StateMachine, Template
from local.tenants import stores_of
from local.tokens import TokenIssuer
from simulator.district import District
from simulator.server import SimulatedServer
from simulator.tables import Class, Enrollment
from tests.senso.checked import CheckedSenso
from tests.system.conftest import NOON
from tests.system.permissions import Need, Permission, missing, needs_of, permissions_of, too_much
from tests.system.test_portal import PARTNER_KEY, SECRET, Portal
from tests.system.test_senso import teachers_with_groups

EVENTS = Path(__file__).parents[2] / "events"
RECORDER = Path(__file__).with_name("recorder")
NIGHT = NOON.replace(hour=6)
"""02:00 in the deployment's time zone."""

NOT_CALLED_BY_FUNCTIONS = {
    ("LinkUsersFunctionRole", "sqs:ReceiveMessage"): "Lambda itself reads the queue with the function's role",
    ("LinkUsersFunctionRole", "sqs:DeleteMessage"): "Lambda itself, of what was taken in",
    ("LinkUsersFunctionRole", "sqs:GetQueueAttributes"): "Lambda itself, to know how much waits",
    ("FinishRunFunctionRole", "sqs:SendMessage"): "Lambda itself, of events that failed (EventInvokeConfig)",
    ("SummariseNightFunctionRole", "sqs:SendMessage"): "Lambda itself, of events that failed",
}
"""What a function's role has to allow and the function never calls, with the reason."""

MANAGED = {
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": "its log",
    "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess": "its traces",
}
"""AWS's own policies that a function may have, with the reason."""

MACHINES_OWN = ("logs:", "xray:")
"""What a state machine's role allows to the service, for its log and its traces."""


class Life:
    """What several tenants, their admins, Senso and an operator do, so that every path to AWS is taken."""

    def __init__(self, engine: LocalEngine, issuer: TokenIssuer, senso: SensoOnBus, stack: ExitStack) -> None:
        self.engine, self.issuer, self.senso, self.stack = engine, issuer, senso, stack

    def server(self, seed: int, **options: Any) -> SimulatedServer:
        district = District.generate(students=options.pop("students", 120), seed=seed, today=NOON.date())
        server = SimulatedServer(district, client_secret=SECRET, **options)
        return self.stack.enter_context(server)

    def lead(self) -> None:
        portal, server = Portal(self.engine, self.issuer, "main"), self.server(1)
        self._connect_and_sync(portal, server)
        self._users(portal, server)
        self._screens(portal)
        self._hold(portal, server)
        self._nights()
        self._stop_a_run()
        self._leave_in_the_middle()
        self._other_district(server)
        self._leave_with_a_list(portal, server)

    def _connect_and_sync(self, portal: Portal, server: SimulatedServer) -> None:
        email = teachers_with_groups(self.engine, server)[0]
        self.senso.senso.add_user("main", email)
        # Without an address the partner API is asked; nobody answers there.
        assert portal.connect(server, serverUrl="").status_code >= 400
        assert portal.connect(server).status_code == 200
        assert portal.connect(server).status_code == 200, "the secret gets a second version"
        self.senso.settle()
        assert portal.sync("preview")["run"]["outcome"] == "previewed"
        assert portal.sync()["run"]["outcome"] == "published"
        self.senso.settle()
        server.advance_day()
        assert portal.sync("full")["run"]["outcome"] == "published"
        self.senso.settle()

    def _users(self, portal: Portal, server: SimulatedServer) -> None:
        emails = teachers_with_groups(self.engine, server)[1:]
        user_id, event = self.senso.senso.add_user("main", emails[0])
        other_id, other = self.senso.senso.add_user("main", "somebody@else.example")
        self.senso.tell(event, other)
        self.senso.settle()
        waiting = portal.ask("POST", "/teachers/search", {"query": ""}).json()["teachers"]
        wanted, refused = (one for one in waiting if one["email"] in emails[1:3])
        self.senso.senso.refuse("main", refused["email"], "no licence is left")
        body = {"users": [{"ownerId": one["ownerId"], "role": "teacher"} for one in (wanted, refused)]}
        assert portal.ask("POST", "/users", body).status_code < 300
        self.senso.settle()
        owner = portal.ask("POST", "/owners/find", {"email": emails[0]}).json()["ownerId"]
        for email in ("somebody@else.example", None):
            assert portal.ask("PUT", f"/owners/{owner}/user", {"email": email}).status_code < 300
            self.senso.settle()
        assert portal.ask("POST", f"/owners/{owner}/resync").status_code < 300
        assert portal.ask("GET", f"/owners/{owner}/groups").status_code == 200
        self.senso.tell(self.senso.senso.change_email("main", other_id, emails[3]))
        self.senso.tell(self.senso.senso.remove_user("main", user_id))
        self.senso.settle()
        assert portal.ask("PATCH", "/integration/settings", {"nightlyHour": 2}).status_code == 200

    def _screens(self, portal: Portal) -> None:
        run_id = portal.ask("GET", "/runs").json()["runs"][0]["runId"]
        for path in (
            "/integration",
            "/integration/schools",
            "/integration/settings",
            f"/runs/{run_id}",
            f"/runs/{run_id}/issues",
            "/teachers",
            "/users/automatic?domains=x.example",
            "/users/without-teacher",
        ):
            assert portal.ask("GET", path).status_code == 200, path
        url = portal.ask("POST", f"/runs/{run_id}/issues/table").json()["url"]
        assert requests.get(url, timeout=10).text.startswith("\ufeff")
        assert portal.ask("POST", "/explain", {"class": "c1"}).status_code == 200

    def _hold(self, portal: Portal, server: SimulatedServer) -> None:
        for decision in ("discard", "approve"):
            self._drop_classes(server)
            held = portal.sync()["run"]
            assert held["outcome"] == "held"
            assert portal.sync()["run"]["outcome"] in {"published", "unchanged"}, "with an undecided list"
            assert portal.ask("GET", f"/runs/{held['runId']}/held").status_code == 200
            decided = portal.ask("POST", f"/runs/{held['runId']}/{decision}")
            assert decided.status_code < 300, decided.text
            if decision == "approve":
                self._wait_for_sync(decided.json()["runId"])
            else:
                assert portal.sync()["run"]["outcome"] == "held"
                held = portal.ask("GET", "/integration").json()["held"]
                self._wait_for_sync(portal.ask("POST", f"/runs/{held}/approve").json()["runId"])
        self.senso.settle()

    def _drop_classes(self, server: SimulatedServer) -> None:
        tables = server.district.tables
        (school,) = tables.read("SELECT school FROM classes GROUP BY school ORDER BY count(*) DESC LIMIT 1")
        rows = tables.read(f"SELECT sourced_id FROM classes WHERE school = '{school[0]}' LIMIT 12")
        for (class_id,) in rows:
            for kind, name in ((Class, "sourced_id"), (Enrollment, "class_id")):
                tables.remove(kind, [at for at, _ in tables.rows(kind, f"{name} = ?", (class_id,))])

    def _nights(self) -> None:
        refused, other = Portal(self.engine, self.issuer, "refused"), self.server(2, students=40)
        assert refused.connect(other).status_code == 200
        other.rotate_secret()
        self.engine.clock.set(NIGHT + timedelta(days=1))
        for hour in (6, 6, 7):
            scheduled = {"scheduledTime": f"2026-10-06T{hour:02}:00:00Z"}
            assert self.engine.run("nightly", scheduled, timeout=120).status == "SUCCEEDED"
        again = self.engine.run("sync", {"tenantId": "main", "cause": "nightly"})
        assert again.error == "NightAlreadyRun"
        # Whose last sync is that old has its nights looked at.
        self.engine.clock.advance(timedelta(hours=30))
        later = {"scheduledTime": "2026-10-07T12:00:00Z"}
        assert self.engine.run("nightly", later, timeout=120).status == "SUCCEEDED"
        self.senso.settle()

    def _stop_a_run(self) -> None:
        event = json.loads((EVENTS / "finish_run_status_change.json").read_text())
        # As from an execution that was stopped before its Plan had written anything.
        event["detail"] |= {"status": "ABORTED", "name": "never-begun", "input": '{"tenantId": "main"}'}
        assert self.engine.invoke("finish_run", event).error is None

    def _leave_in_the_middle(self) -> None:
        slow = Portal(self.engine, self.issuer, "slow")
        assert slow.connect(self.server(4, latency_ms=400)).status_code == 200
        night = self._start("nightly", {"tenantIds": ["slow"]})
        holder = stores_of(self.engine).leases.holder("slow", self.engine.clock.now())
        assert slow.ask("GET", f"/runs/{holder.run_id}").json()["phase"] != "ended"
        # As Lambda's client does where an answer was lost: a plan that is there is the plan.
        again = {"tenantId": "slow", "runId": holder.run_id, "mode": "changes", "cause": "nightly"}
        assert self.engine.invoke("plan_pull", {**again, "pull": 1}).error is None
        self.engine.client("stepfunctions").stop_execution(executionArn=night)
        self.engine.wait(night)
        self._wait_for_sync(holder.run_id)
        self.engine.clock.advance(timedelta(hours=4))
        run = self._start("sync", {"tenantId": "slow"})
        assert slow.ask("DELETE", "/integration?groups=keep").status_code == 202
        self._wait_for_disconnect("slow")
        self.engine.wait(run)

    def _start(self, machine: str, event: Any) -> str:
        arn = self.engine.start_execution(machine, event)
        while stores_of(self.engine).leases.holder("slow", self.engine.clock.now()) is None:
            assert not self.engine.has_ended(arn, within=0.05)
        return arn

    def _leave_with_a_list(self, portal: Portal, server: SimulatedServer) -> None:
        self._drop_classes(server)
        assert portal.sync()["run"]["outcome"] == "held"
        assert portal.ask("DELETE", "/integration?groups=remove").status_code == 202
        self._wait_for_disconnect("main")
        self.senso.settle()

    def _other_district(self, server: SimulatedServer) -> None:
        switching = Portal(self.engine, self.issuer, "switching")
        assert switching.connect(self.server(1)).status_code == 200
        switching.sync()
        email = teachers_with_groups(self.engine, server)[0]
        self.senso.tell(self.senso.senso.add_user("switching", email)[1])
        self.senso.settle()
        assert switching.connect(self.server(3), confirmDistrict=True).status_code == 202
        self._wait_for_disconnect("switching")
        self.senso.settle()

    def _wait_for_disconnect(self, tenant_id: str) -> None:
        machine = self.engine.state_machine("disconnect").arn
        executions = self.engine.client("stepfunctions").list_executions(stateMachineArn=machine)[
            "executions"
        ]
        (arn,) = [one["executionArn"] for one in executions if one["name"].startswith(f"{tenant_id}-")]
        ended = self.engine.wait(arn, 120)
        assert ended.status == "SUCCEEDED", (ended.error, ended.cause)

    def _wait_for_sync(self, run_id: str) -> None:
        arn = self.engine.state_machine("sync").arn.replace("stateMachine", "execution")
        assert self.engine.wait(f"{arn}:{run_id}", 60).status in {"SUCCEEDED", "ABORTED"}


def recorded(template: Template, calls: Path) -> dict[str, Function]:
    """Return the template's functions with the recorder before their handlers."""
    return {
        name: replace(
            function,
            handler="recorded.lambda_handler",
            layers=(*function.layers, RECORDER),
            environment={**function.environment, "RECORDED_CALLS": str(calls)},
        )
        for name, function in template.functions.items()
    }


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    """An engine that has seen such a life, and whose functions have written down their calls."""
    clock = Clock()
    clock.set(NOON)
    issuer = TokenIssuer("https://issuer.example", clock)
    overrides = {
        "Environment": "local",
        "JwtIssuer": issuer.issuer,
        "PartnerKeySecret": "partner-key",
        "PartnerApiUrl": "https://partner.classlink.com",
    }
    engine = LocalEngine(overrides=overrides, time_scale=0.0005, clock=clock, issuers=[issuer])
    engine.template = replace(
        engine.template, functions=recorded(engine.template, tmp_path_factory.mktemp("calls") / "calls.jsonl")
    )
    with engine, ExitStack() as stack:
        engine.client("secretsmanager").create_secret(Name="partner-key", SecretString=PARTNER_KEY)
        senso = SensoOnBus(engine, CheckedSenso(clock.now, page_size=5))
        Life(engine, issuer, senso, stack).lead()
        yield engine


@pytest.fixture(scope="module")
def needs(engine: LocalEngine) -> dict[str, set[Need]]:
    """What each function called, by the logical id of its role."""
    roles = {
        one.arn.rpartition(":")[2]: f"{one.logical_id}Role" for one in engine.template.functions.values()
    }
    found: dict[str, set[Need]] = {role: set() for role in roles.values()}
    calls = Path(next(iter(engine.template.functions.values())).environment["RECORDED_CALLS"])
    for line in calls.read_text().splitlines():
        call = json.loads(line)
        found[roles[call["function"]]] |= set(needs_of(call["service"], call["operation"], call["params"]))
    return found


def test_every_call_is_allowed_to_the_function_that_makes_it(engine, needs):
    refused = {role: missing(called, permissions_of(engine.template, role)) for role, called in needs.items()}
    assert {role: calls for role, calls in refused.items() if calls} == {}


def test_nothing_is_allowed_that_is_not_called(engine, needs):
    idle = {
        (role, action, resource)
        for role, called in needs.items()
        for action, resource in too_much(called, permissions_of(engine.template, role))
    }
    unexplained = {one for one in idle if one[:2] not in NOT_CALLED_BY_FUNCTIONS}
    assert not unexplained, "\n".join(sorted(map(str, unexplained)))
    assert {one[:2] for one in idle} == set(NOT_CALLED_BY_FUNCTIONS)


def test_every_function_was_called_and_has_a_role_of_its_own_and_no_policy_of_others(engine, needs):
    assert all(needs.values())
    roles = engine.template.of_type("AWS::IAM::Role")
    for role in needs:
        assert set(roles[role]["ManagedPolicyArns"]) == set(MANAGED), role
    used = [one["Role"] for one in engine.template.of_type("AWS::Lambda::Function").values()]
    assert len(set(used)) == len(used)


def test_a_wildcard_stands_for_what_is_below_a_prefix_only(engine, needs):
    for role in needs:
        for one in permissions_of(engine.template, role):
            assert "*" not in one.action, (role, one)
            assert one.resource.split("*")[0].endswith(("/", ":")) or "*" not in one.resource, (role, one)


# -- State machines --------------------------------------------------------------------------------------


def called_by(machine: StateMachine, template: Template) -> set[Need]:
    """What a state machine's definition calls."""
    text = json.dumps(machine.definition)
    found = {
        Need("lambda:InvokeFunction", one.arn)
        for one in template.functions.values()
        if f'"{one.arn}"' in text
    }
    if "states:startExecution" in text:
        sync, execution = template.state_machines["sync"].arn, ":execution:"
        found.add(Need("states:StartExecution", sync))
        for action in ("states:DescribeExecution", "states:StopExecution"):
            found.add(Need(action, sync.replace(":stateMachine:", execution) + ":run"))
        rule = sync.replace(":states:", ":events:").split(":stateMachine:")[0]
        rule += ":rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
        for action in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
            found.add(Need(action, rule))
    if '"DISTRIBUTED"' in text:
        found.add(Need("states:StartExecution", machine.arn))
        children = machine.arn.replace(":stateMachine:", ":execution:") + "/map:child"
        for action in ("states:DescribeExecution", "states:StopExecution"):
            found.add(Need(action, children))
    if "s3:getObject" in text:
        (bucket,) = (template.physical_names[one] for one in template.of_type("AWS::S3::Bucket"))
        found.add(Need("s3:GetObject", f"arn:aws:s3:::{bucket}/staging/nights/night/tenants.json"))
    return found


@pytest.mark.parametrize("name", ["sync", "nightly", "disconnect"])
def test_a_state_machine_may_call_what_its_definition_calls_and_no_more(engine, name):
    machine = engine.template.state_machines[name]
    role = f"{machine.logical_id}Role"
    allowed = permissions_of(engine.template, role)
    called = called_by(machine, engine.template)
    assert called
    assert missing(called, allowed) == set()
    idle = too_much(called, [one for one in allowed if not one.action.startswith(MACHINES_OWN)])
    assert idle == set()


# -- What the comparison would find ----------------------------------------------------------------------


def test_a_permission_that_is_taken_away_is_missed(engine, needs):
    for role, called in needs.items():
        allowed = [
            one
            for one in permissions_of(engine.template, role)
            if (role, one.action) not in NOT_CALLED_BY_FUNCTIONS
        ]
        for one in allowed:
            assert missing(called, [other for other in allowed if other is not one]), (role, one)


def test_a_permission_that_is_added_is_found(engine, needs):
    table = next(iter(needs["PlanPullFunctionRole"])).resource
    for extra in (
        Permission("dynamodb:Scan", "*"),
        Permission("s3:GetObject", "arn:aws:s3:::local-stagingbucket/issues/*"),
        Permission("dynamodb:GetItem", f"{table}-of-others"),
    ):
        allowed = [*permissions_of(engine.template, "PlanPullFunctionRole"), extra]
        assert too_much(needs["PlanPullFunctionRole"], allowed) == {(extra.action, extra.resource)}


def test_an_operation_that_nobody_has_thought_of_is_an_error():
    with pytest.raises(LookupError, match="dynamodb:Scan"):
        list(needs_of("dynamodb", "Scan", {"TableName": "table"}))
