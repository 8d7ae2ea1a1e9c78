"""``python -m local demo``: a simulated district from connecting to the morning after its first night.

Every number it prints is held against the simulator's oracle, which shares no code with the sync; it ends
with exit status 1 when one of them differs.
"""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from local.engine import LocalEngine
from local.report import print_changes, print_run, print_statistics
from local.tenants import Published, connect, published, stores_of
from local.watching import view_on, watch
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
TEACHERS_SHOWN = 3


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("demo", help="a simulated district: connect, sync, a day later, the night")
    parser.set_defaults(run=lambda _: run())


@dataclass
class Demo:
    """The engine, the districts' servers, and what was not as the oracle says."""

    engine: LocalEngine
    servers: dict[str, SimulatedServer]
    differences: list[str] = field(default_factory=list)

    def connect(self, tenant_id: str) -> None:
        """Connect a tenant with the demo credentials."""
        server = self.servers[tenant_id]
        request = ConnectRequest(
            tenant_id=tenant_id,
            server_url=server.url,
            client_id=server.client_id,
            client_secret=SecretStr(server.client_secret),
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
        demo = Demo(engine, servers)
        _first_day(demo)
        _night(demo)
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


def _first_day(demo: Demo) -> None:
    print("Connecting: credentials are verified, then stored")
    for tenant_id in DISTRICTS:
        demo.connect(tenant_id)
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
        happened = demo.servers[tenant_id].advance_day()
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
            print_statistics(record)
            print_changes(record)
    print(f"\nTeachers of {WATCHED} on the morning of {(NIGHT + timedelta(hours=6)).date()}")
    _show_teachers(demo.published(WATCHED))


def _show_teachers(found: Published) -> None:
    by_owner: dict[str, list[str]] = {}
    for group in found.groups:
        by_owner.setdefault(group.owner_id, []).append(f"{group.name}, {len(group.members)} students")
    most_classes = sorted(by_owner, key=lambda owner_id: (-len(by_owner[owner_id]), owner_id))
    for owner_id in most_classes[:TEACHERS_SHOWN]:
        print(f"  {found.owners[owner_id].email}")
        for line in sorted(by_owner[owner_id]):
            print(f"    {line}")
