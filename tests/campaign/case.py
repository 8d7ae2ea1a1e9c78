"""One case: a tenant is connected, some nights pass in which much goes wrong, and one calm night ends it."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Final

from rostersync.errors import RosterSyncError, RunInProgress
from rostersync.steps.finish_run import FinishRequest, finish_run
from rostersync.steps.requests import parse_request
from rostersync.storage import items
from rostersync.storage.runs import RunRecord
from simulator.district import District
from simulator.faults import Fault
from tests.campaign.crashing import Crashing, Died, draw_crash
from tests.campaign.faulting import HARMLESS, MOVING, ORDINARY, draw_faults, draw_nature, name_of
from tests.campaign.happening import HAPPENINGS
from tests.campaign.invariants import WELL, Seen, broken, kept, stored_items
from tests.campaign.planned import most_requests
from tests.campaign.world import World
from tests.steps.driver import LEASE_SECONDS, LONGEST_FUNCTION_SECONDS, NOW, TENANT, Way, sync

DECISIONS: Final = 4
"""Approvals after which nothing may be held any more."""

STUDENTS: Final = 300
"""At the least; three schools."""

USUAL: Final = Way(page_size=500, fetch_tasks=2)


@dataclass
class Told:
    """What came of a case: what it broke, and what happened in it, by name."""

    seed: int
    violations: list[str] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)


def run_case(seed: int) -> Told:
    """Run the case of a seed: the same each time."""
    told = Told(seed)
    try:
        case = _Case(seed, told)
        case.run()
    except Exception as error:
        # Whatever it is, it is a finding.
        told.violations.append(f"raised {type(error).__name__}: {error}")
        return told
    told.fired.update(case.fired)
    return told


class _Case:
    def __init__(self, seed: int, told: Told) -> None:
        self.random = random = Random(seed)
        self.told = told
        self.runs = 0
        self.night = "connecting"
        district = District.generate(
            students=STUDENTS + random.choice((0, 0, 40)),
            seed=random.randrange(1_000),
            today=NOW.date(),
            dirt_share=random.choice((0.0, 0.02, 0.05)),
        )
        self.world = World(
            random,
            district,
            auth=random.choice(("oauth1-sha256", "oauth1-sha1", "oauth2", "oauth2")),
            version=random.choice(("v1p1", "v1p1", "v1p1", "v1p2")),
            nature=draw_nature(random),
        )

    @property
    def fired(self) -> Counter[str]:
        """How often each fault fired."""
        return self.world.faults.by_name

    def note(self, violation: str) -> None:
        """Note what was broken, and when."""
        self.told.violations.append(f"{self.night}: {violation}")

    def run(self) -> None:
        """Let the nights pass."""
        world, random = self.world, self.random
        for number in range(random.choice((2, 3, 4))):
            self.night = f"night {number + 1}"
            if number:
                happening = random.choice(HAPPENINGS)
                happening(world, random)
                self.told.happened[happening.__name__] += 1
            world.to_the_night()
            for _ in range(random.choice((0, 1, 1, 2))):
                self.told.happened[world.something_happens_at_senso()] += 1
            world.carry_mail()
            self._troubled_night()
            world.carry_mail()
            self._decide()
        self.night = "the calm night"
        self._calm_night()

    def _troubled_night(self) -> None:
        random = self.random
        faults = draw_faults(random, oauth2=self.world.oauth2)
        way = Way(
            page_size=random.choice((150, 400, 700, 1_000)),
            fetch_tasks=random.choice((1, 2, 4)),
            requests_per_part=random.choice((1_000, 1_000, 5)),
            shards=random.choice((0, 0, 5)),
            order=random,
            twice=random.random() < 0.1,
        )
        mode = random.choice(("changes",) * 8 + ("full", "preview"))
        self._run(mode=mode, way=way, faults=faults, troubled=True)

    def _calm_night(self) -> None:
        world = self.world
        world.district.today += timedelta(days=1)
        world.to_the_night()
        world.carry_mail(until_quiet=True)
        run = self._run(way=USUAL)
        for _ in range(DECISIONS):
            if run is None or (run.outcome != "held" and not world.undecided):
                break
            run = self._approved()
        if run is None or run.outcome not in WELL:
            self.note(f"the end is {run and run.outcome}: {run and run.error} {run and run.reason}")
            return
        if world.undecided:
            self.note("something is still undecided")
        world.carry_mail(until_quiet=True)
        self._judge_senso()
        world.now += timedelta(minutes=1)
        run = self._run(way=USUAL)
        if run is not None and run.outcome != "unchanged":
            self.note(f"nothing changed, and the run is {run.outcome}")
        if world.bus.of("Groups Changed"):
            self.note("nothing changed, and Senso was told of groups")

    def _decide(self) -> None:
        world = self.world
        if not world.undecided:
            return
        choice = self.random.choice(("approve", "approve", "discard", "leave"))
        self.told.happened[f"list: {choice}"] += 1
        if choice == "approve":
            self._approved()
        elif choice == "discard":
            world.discard(world.undecided)

    def _approved(self) -> RunRecord | None:
        self.world.now += timedelta(minutes=1)
        name = self.world.approve(self.world.undecided, f"run-{self.runs + 1}")
        assert name == f"run-{self.runs + 1}"
        return self._run(way=USUAL)

    def _run(
        self, *, mode: str = "changes", way: Way, faults: tuple[Fault, ...] = (), troubled: bool = False
    ) -> RunRecord | None:
        """Run a sync and judge it; None when it was gone before it ended."""
        world, random = self.world, self.random
        self.runs += 1
        run_id = f"run-{self.runs}"
        world.is_published = False
        crash = draw_crash(random) if troubled else None
        crashing = Crashing(crash, world.stores, world.bus, random)
        intruder_at = random.choice(("Fetch", "People", "Publish", "")) if troubled else ""
        states: list[str] = []

        def before(state: str) -> None:
            states.append(state)
            if state == intruder_at and states.count(state) == 1:
                self._intrude(way)
            if state == "Plan":
                world.revisions.clear()
            crashing.enter(state)

        truth = world.truth()
        moments = [truth.moments[0]]
        world.faults.moved = lambda: moments.append(world.truth().moments[0])
        world.faults.begin(*faults, *world.nature)
        world.server.served.reset()
        world.heard.clear()
        items_before, keeps = stored_items(world.stores.table), world.undecided
        died = False
        with world.time_of_its_own():
            try:
                run = sync(
                    world.stores,
                    world,
                    mode=mode,
                    now=world.now,
                    run_id=run_id,
                    bus=world.bus,
                    way=way,
                    before=before,
                )
            except Died:
                died = True
        crashed = crashing.end(world.bus)
        self.told.fired.update(crashed)
        fired = set(world.faults.fired_now)
        troubles = fired & {name_of(fault) for fault in faults}
        requests = world.server.served.requests + world.server.served.token_requests
        answered = tuple(world.heard)
        publishing = "Publish" in states
        world.faults.begin(*world.nature)
        if died:
            self._after_death(run_id)
            self.told.outcomes["gone"] += 1
            found = world.stores.runs.get(TENANT, run_id)
            if not publishing and kept(stored_items(world.stores.table)) != kept(items_before):
                self.note("a run that was gone before Publish left another table")
            if found is None or not found.finished_at:
                return None
            run = found
        else:
            self.told.outcomes[run.outcome] += 1
        moved = bool(fired & MOVING)
        if moved:
            truth = replace(world.truth(), moments=tuple(moments))
        seen = Seen(
            run=run,
            stores=world.stores,
            before=items_before,
            after=stored_items(world.stores.table),
            truth=truth,
            keeps=keeps,
            publishing=publishing,
            requests=requests,
            most_requests=most_requests(world, truth, way, (*faults, *world.nature)),
            answered=answered,
            oauth2=world.oauth2,
            lease=world.stores.leases.holder(TENANT, world.now),
            now_ms=int(world.now.timestamp() * 1000),
            harmless=troubles <= HARMLESS and not crashed,
            hidden="null-row" in fired,
            # Of a step that ran twice, or died and was tried again, only one answer counts, and which is not
            # known here.
            permissions_moved=not (way.twice or crashed)
            and fired <= ORDINARY
            and len({one for one, _ in world.revisions}) < len(world.revisions),
        )
        for violation in broken(seen):
            self.note(f"{run.run_id} ({run.mode}, {run.outcome}): {violation}")
        world.is_published = seen.exact
        return run

    def _intrude(self, way: Way) -> None:
        """Start another run in the middle of this one: it is refused, or dies first, and leaves no trace."""
        world = self.world
        try:
            sync(world.stores, world, now=world.now, run_id=f"intruder-{self.runs}", bus=world.bus, way=way)
        except RunInProgress:
            self.told.happened["another run refused"] += 1
        except RosterSyncError:
            self.told.happened["another run died"] += 1
        else:
            self.note("another run was let in")

    def _after_death(self, run_id: str) -> None:
        """Nobody, or the event that tells of the execution's end; the lease is gone when its term is over."""
        world = self.world
        lease = world.stores.leases.holder(TENANT, world.now)
        if self.random.random() < 0.5:
            request = {
                "tenantId": TENANT,
                "runId": run_id,
                "endedOutside": True,
                "error": {"Error": "ABORTED"},
            }
            finish_run(
                parse_request(FinishRequest, request),
                world.stores,
                now=world.now,
                longest_function_seconds=LONGEST_FUNCTION_SECONDS,
            )
            longest = LONGEST_FUNCTION_SECONDS
        else:
            longest = LEASE_SECONDS
        lease = world.stores.leases.holder(TENANT, world.now)
        if lease is not None and lease.expires_at > world.now.timestamp() * 1000 + longest * 1000:
            self.note("a lease stays longer than its term")
        world.now += timedelta(seconds=longest + 1)

    def _judge_senso(self) -> None:
        """What each linked teacher sees is what the oracle says of the owner; and who can be linked is."""
        world = self.world
        right = world.truth().moments[0]
        stored = stored_items(world.stores.table).values()
        links = {
            one["sk"].removeprefix("LINK#"): one["user_id"]
            for one in stored
            if one["kind"] == "link" and one["user_id"]
        }
        owners = world.owners()
        emails = {owner_id: email for email, owner_id in owners.items()}
        users = world.senso.users(TENANT)
        wanted = {email.strip().lower() for email in users.values()} & owners.keys()
        if any(owners[email] not in links for email in wanted):
            self.note("an owner whose e-mail a user has is not linked")
        if world.senso.contradictions:
            self.note("Senso was told two things under one version")
        class_of = _classes_of_groups(world)
        for owner_id, user_id in links.items():
            if user_id not in users:
                self.note("an owner is linked to a user who is gone")
                continue
            shown = world.senso.groups_of(TENANT, user_id)
            seen = {class_of[one]: group.members for one, group in shown.items()}
            due = {key[1]: one.members for key, one in right.items() if key[0] == emails.get(owner_id)}
            if seen != due:
                self.note(f"a teacher sees {len(seen)} groups and {len(due)} are right, or other members")


def _classes_of_groups(world: World) -> dict[str, str]:
    found = [
        items.group_of(one) for one in stored_items(world.stores.table).values() if one["kind"] == "group"
    ]
    return {group.group_id: group.class_id for group in found}
