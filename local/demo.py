"""``python -m local demo``: a simulated district from connecting to the morning after its first night.

Every number it prints, and what each teacher sees in the stand-in for Senso, is held against the simulator's
oracle, which shares no code with the sync; it ends with exit status 1 when one of them differs.
"""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from local.engine import LocalEngine
from local.report import print_changes, print_run, print_statistics
from local.senso import Senso
from local.senso_on_bus import SensoOnBus
from local.tenants import Published, bus_of, connect, published, stores_of
from local.watching import view_on, watch
from rostersync.steps.import_users import ImportRequest, UserToImport, import_users
from rostersync.steps.list_teachers import TeachersRequest, WaitingTeacher, list_teachers
from rostersync.steps.verify_credentials import ConnectRequest
from rostersync.storage.runs import RunRecord
from simulator.district import District
from simulator.oracle import Oracle
from simulator.server import SimulatedServer

MORNING = datetime(2026, 10, 5, 14, 0, tzinfo=UTC)
"""When the demo begins: a Monday in term, 10:00 in the deployment's time zone."""

NIGHT = datetime(2026, 10, 6, 6, 0, tzinfo=UTC)
"""02:00 on the next day there, the hour of the nightly run."""

DISTRICTS = {
    "badger-unified": ("Badger Unified", 500, 1),
    "heron-county": ("Heron County Schools", 200, 2),
    "otter-valley": ("Otter Valley District", 150, 3),
}
"""The tenants: the district's name, its students, and the seed that makes it."""

WATCHED, SECOND, CHANGED_SECRET = DISTRICTS
TEACHERS_SHOWN = 2

USERS_BEFORE = 2
"""Of so many teachers one has a user at Senso before anything is connected."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("demo", help="a simulated district: connect, sync, a day later, the night")
    parser.set_defaults(run=lambda _: run())


@dataclass
class Demo:
    """The engine, the districts' servers, Senso, and what was not as the oracle says."""

    engine: LocalEngine
    servers: dict[str, SimulatedServer]
    senso: SensoOnBus
    differences: list[str] = field(default_factory=list)
    renamed: dict[tuple[str, str], str] = field(default_factory=dict)

    def connect(self, tenant_id: str) -> None:
        """Connect a tenant with the demo credentials."""
        server = self.servers[tenant_id]
        request = ConnectRequest(
            tenant_id=tenant_id,
            server_url=server.url,
            client_id=server.client_id,
            client_secret=server.client_secret,
        )
        found = connect(self.engine, request)
        print(
            f"  {tenant_id}: {found.district.name}, {len(found.district.schools)} schools; "
            f"OneRoster {found.ability.version}, {found.ability.auth}"
        )

    def sync(self, tenant_id: str, expected: str, *, visible: bool = False) -> RunRecord:
        """Run a sync by hand and hold it against the oracle."""
        arn = self.engine.start_execution("sync", {"tenantId": tenant_id, "actor": "demo"})
        execution = watch(self.engine, arn, tenant_id, view_on() if visible else None)
        record = self.run_of(tenant_id, execution.name)
        self.expect(f"{tenant_id}: outcome", record.outcome, expected)
        self.compare(tenant_id, record)
        self.compare_with_senso(tenant_id)
        return record

    def run_of(self, tenant_id: str, run_id: str) -> RunRecord:
        """Return a run's item."""
        record = stores_of(self.engine).runs.get(tenant_id, run_id)
        if record is None:
            raise SystemExit(f"demo: there is no run {run_id} of {tenant_id}")
        return record

    def published(self, tenant_id: str) -> Published:
        """Return what is in the table for a tenant."""
        return published(stores_of(self.engine), tenant_id)

    def compare(self, tenant_id: str, record: RunRecord) -> None:
        """Hold a run and what it published against the oracle."""
        district = self.servers[tenant_id].district
        oracle = Oracle(district.tables)
        self.expect(f"{tenant_id}: statistics", record.statistics, oracle.statistics(district.today))
        self.expect(f"{tenant_id}: without groups", record.without_groups, oracle.without(district.today))
        self.expect(f"{tenant_id}: collections", record.collections, oracle.collections())
        right = oracle.groups(district.today)
        found = {
            key: (group.name, {member.sourced_id for member in group.members})
            for key, group in self.published(tenant_id).by_owner().items()
        }
        self.expect(f"{tenant_id}: groups", found.keys(), right.keys())
        for key in found.keys() & right.keys():
            name, members = found[key]
            # Where only a hash tells two classes apart, the oracle leaves the name to the sync.
            wanted = (right[key].name or name, set(right[key].members))
            self.expect(f"{tenant_id}: a group of class {key[1]}", (name, members), wanted)

    def teachers(self, tenant_id: str) -> list[str]:
        """Return the e-mails of those who have to have groups, as they are compared."""
        district = self.servers[tenant_id].district
        return sorted({email for email, _ in Oracle(district.tables).groups(district.today)})

    def compare_with_senso(self, tenant_id: str) -> None:
        """Hold what each user sees against the oracle, by e-mail and class."""
        self.senso.settle()
        district = self.servers[tenant_id].district
        right: dict[str, dict[str, frozenset[str]]] = {}
        for (email, class_id), group in Oracle(district.tables).groups(district.today).items():
            right.setdefault(email, {})[class_id] = group.members
        class_of = {group.group_id: group.class_id for group in self.published(tenant_id).groups}
        for user_id, email in self.senso.senso.users(tenant_id).items():
            shown = self.senso.senso.groups_of(tenant_id, user_id)
            seen = {class_of.get(key, key): group.members for key, group in shown.items()}
            self.expect(
                f"{tenant_id}: what a user sees", seen, right.get(self.owner_of(tenant_id, email), {})
            )

    def owner_of(self, tenant_id: str, email: str) -> str:
        """Return the e-mail that a user's teacher has in the roster; who changed it there keeps the user."""
        compared = email.strip().casefold()
        return self.renamed.get((tenant_id, compared), compared)

    def advance_day(self, tenant_id: str) -> dict[str, int]:
        """Take a district a day forward, noting whose e-mail changes; return what happened."""
        district = self.servers[tenant_id].district
        before = Oracle(district.tables).owners(district.today)
        happened = self.servers[tenant_id].advance_day()
        after = {records: email for email, records in Oracle(district.tables).owners(district.today).items()}
        for email, records in before.items():
            self.renamed[tenant_id, email] = after.get(records, email)
        return happened

    def waiting(self, tenant_id: str) -> list[WaitingTeacher]:
        """Return the teachers who wait for a user, after comparing them with those who have to."""
        request = TeachersRequest(tenant_id=tenant_id, limit=500)
        found = list(list_teachers(request, stores_of(self.engine)).teachers)
        users = {self.owner_of(tenant_id, email) for email in self.senso.senso.users(tenant_id).values()}
        right = sorted(set(self.teachers(tenant_id)) - users)
        self.expect(f"{tenant_id}: teachers who wait", sorted(one.email for one in found), right)
        return found

    def expect(self, what: str, found: object, right: object) -> None:
        """Note a difference."""
        if found != right:
            self.differences.append(f"{what}: {found!r:.500} where the oracle says {right!r:.500}")


def run() -> int:
    """Run the demo; return its exit status."""
    with ExitStack() as stack:
        servers = {
            tenant_id: stack.enter_context(SimulatedServer(_district(tenant_id))) for tenant_id in DISTRICTS
        }
        engine = stack.enter_context(LocalEngine(overrides={"Environment": "local"}, time_scale=0.1))
        engine.clock.set(MORNING)
        demo = Demo(engine, servers, SensoOnBus(engine, Senso(engine.clock.now)))
        _users_from_before(demo)
        _first_day(demo)
        _night(demo)
        _import_somebody(demo)
    for difference in demo.differences:
        print(f"demo: {difference}", file=sys.stderr)
    print(
        f"\n{len(demo.differences)} differences from the oracle"
        if demo.differences
        else "\nEverything is as the oracle says."
    )
    return 1 if demo.differences else 0


def _district(tenant_id: str) -> District:
    name, students, seed = DISTRICTS[tenant_id]
    return District.generate(name=name, students=students, seed=seed, today=MORNING.date())


def _users_from_before(demo: Demo) -> None:
    print("At Senso, before anything is connected: some of the teachers have users")
    for tenant_id in DISTRICTS:
        for email in demo.teachers(tenant_id)[::USERS_BEFORE]:
            demo.senso.senso.add_user(tenant_id, email.title())
        count = len(demo.senso.senso.users(tenant_id))
        print(f"  {tenant_id}: {count} of {len(demo.teachers(tenant_id))} teachers with classes")


def _first_day(demo: Demo) -> None:
    print("\nConnecting: credentials are verified, then stored; Senso is asked for its users")
    for tenant_id in DISTRICTS:
        demo.connect(tenant_id)
    demo.senso.settle()
    print(f"\nFirst sync of {WATCHED}")
    print_run(demo.sync(WATCHED, "published", visible=True))
    print(f"\nSecond sync of {WATCHED}, nothing has changed")
    second = demo.sync(WATCHED, "unchanged")
    demo.expect(f"{WATCHED}: items written by an unchanged run", second.writes, {"roster": 0, "groups": 0})
    print_changes(second)
    print("\nFirst syncs of the others")
    for tenant_id in (SECOND, CHANGED_SECRET):
        print(f"  {tenant_id}")
        print_statistics(demo.sync(tenant_id, "published"))


def _night(demo: Demo) -> None:
    print("\nA day later: students join, leave and move, a class has a new co-teacher, another a new name")
    for tenant_id in (WATCHED, SECOND):
        happened = demo.advance_day(tenant_id)
        print(f"  {tenant_id}: " + ", ".join(f"{count} {what}" for what, count in happened.items() if count))
    demo.servers[CHANGED_SECRET].rotate_secret()
    print(f"  {CHANGED_SECRET}: changed its client secret")
    kept = demo.published(CHANGED_SECRET)
    demo.engine.clock.set(NIGHT)
    scheduled = NIGHT.isoformat().replace("+00:00", "Z")
    night = demo.engine.run("nightly", {"scheduledTime": scheduled}, timeout=300.0)
    demo.expect("the nightly run", night.status, "SUCCEEDED")
    summary = stores_of(demo.engine).nights.summary(night.name) or {"tenants": []}
    ran = {entry["tenantId"]: entry for entry in summary["tenants"]}
    demo.expect("tenants of the night", set(ran), set(DISTRICTS))
    print("\nThe night")
    for tenant_id, entry in ran.items():
        record = demo.run_of(tenant_id, entry["runId"])
        print(f"  {tenant_id}: {record.outcome}" + (f", {record.reason}" if record.reason else ""))
        if tenant_id == CHANGED_SECRET:
            demo.expect(f"{tenant_id}: outcome", record.outcome, "failed")
            demo.expect(f"{tenant_id}: error", record.error, "CredentialsRejected")
            demo.expect(f"{tenant_id}: groups after a failed night", demo.published(tenant_id), kept)
        else:
            demo.expect(f"{tenant_id}: outcome", record.outcome, "published")
            demo.compare(tenant_id, record)
            demo.compare_with_senso(tenant_id)
            print_statistics(record)
            print_changes(record)


def _import_somebody(demo: Demo) -> None:
    waiting = demo.waiting(WATCHED)
    chosen = max(waiting, key=lambda one: (one.groups, one.owner_id))
    print(f"\n{len(waiting)} teachers of {WATCHED} wait for a user; one of them is imported")
    request = ImportRequest(
        tenant_id=WATCHED, users=(UserToImport(owner_id=chosen.owner_id, role="teacher"),)
    )
    import_users(request, stores_of(demo.engine), bus_of(demo.engine), now=demo.engine.clock.now())
    demo.compare_with_senso(WATCHED)
    demo.expect("teachers who wait, one imported", len(demo.waiting(WATCHED)), len(waiting) - 1)
    _show_user(demo, chosen.email)
    print(f"\nWhat others of {WATCHED} see at Senso, on the morning of {(NIGHT + timedelta(hours=6)).date()}")
    for email in demo.teachers(WATCHED)[:: USERS_BEFORE * 4][:TEACHERS_SHOWN]:
        _show_user(demo, email)


def _show_user(demo: Demo, email: str) -> None:
    for user_id, address in demo.senso.senso.users(WATCHED).items():
        if demo.owner_of(WATCHED, address) == email:
            print(f"  {email}")
            for group in demo.senso.senso.groups_of(WATCHED, user_id).values():
                print(f"    {group.name}, {len(group.members)} students")
