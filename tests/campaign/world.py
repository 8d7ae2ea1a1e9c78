"""One tenant of a campaign: its district and server, what is stored, Senso, and the time that passes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import asdict

from local.mailbag import Mailbag
from rostersync import clock as wall_clock
from rostersync.errors import RetryableError
from rostersync.oneroster.ability import Ability
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.discovery import discover
from rostersync.oneroster.pulling import find_total
from rostersync.oneroster.server import RosterServer
from rostersync.roster.guard import GuardSettings
from rostersync.steps import fetch_pages, plan_pull
from rostersync.steps.decide_held import DecideRequest, approve_held, discard_held
from rostersync.steps.link_users import link_users, read_message
from rostersync.steps.requests import parse_request
from rostersync.steps.resync_owner import ResyncRequest, resync_owner
from rostersync.steps.start_run import Started, StartRequest
from rostersync.storage import items
from rostersync.storage.integrations import Integration
from rostersync.storage.runs import RunRecord
from simulator.district import District
from simulator.faults import Fault
from simulator.oracle import Oracle
from simulator.server import SimulatedServer
from simulator.tables import Enrollment, Row
from tests.campaign.faulting import CountedFaults
from tests.campaign.invariants import Truth, stored_items
from tests.campaign.transport import Clock, session_factory
from tests.fakes import FakeBus
from tests.senso.checked import CheckedSenso
from tests.steps.driver import NOW, TENANT, connected

LOOPBACK: Final = AllowList((), loopback=True)
LONGEST_BODY: Final = 3_000_000
"""Bytes; below what an endless answer sends, and above any page of a small district."""

Event = tuple[str, dict[str, Any]]


class World:
    """A connected tenant whose server is of some nature; ``now`` is the time in its district."""

    def __init__(
        self, random: Random, district: District, *, auth: str, version: str, nature: tuple[Fault, ...]
    ) -> None:
        self.random = random
        self.district = district
        self.oauth2 = auth == "oauth2"
        self.nature = nature
        self.now = NOW
        self.clock = Clock()
        self.server = SimulatedServer(
            district, auths=(auth,), versions=(version,), port=80, sleep=self.clock.sleep
        )
        self.server.faults = self.faults = CountedFaults(nature)
        self.revisions: set[tuple[str, str]] = set()
        """The (collection, x-perm-rev) of the pages of the pull that goes on."""
        self.heard: list[int] = []
        """The statuses of the answers of the run that goes on, as they reached the client."""
        self._sessions = session_factory(
            self.server, self.clock, lambda *one: self.revisions.add(one), self.heard.append
        )
        self._credentials = Credentials(
            client_id=self.server.client_id, client_secret=self.server.client_secret
        )
        self.bus = FakeBus()
        self.senso = CheckedSenso(lambda: self.now, page_size=7)
        self._to_senso: Mailbag[Event] = Mailbag(random)
        self._to_us: Mailbag[Event] = Mailbag(random)
        self.spoiled: dict[int, tuple[Enrollment, Enrollment]] = {}
        """Position of an enrollment that cannot be read any more to what it was as last published, and is."""
        self.away: list[Row] = []
        """Rows that were shared and are not at the moment."""
        self.is_published = False
        """Whether what is stored is what the district was when it was last seen."""
        self._known: tuple[int, date, Truth] | None = None
        self._find_out()

    def _find_out(self) -> None:
        found = discover(
            self.server.url,
            self._credentials,
            allowed=LOOPBACK,
            session_factory=self._sessions,
            wait=self.clock.sleep,
        )
        self.ability = found.ability
        self.stores = connected(
            guard=GuardSettings(),
            server_url=found.base_url,
            ability=asdict(found.ability),
            school_ids=found.district.school_ids,
            not_empty=found.not_empty,
        )

    def connect(self, integration: Integration) -> RosterServer:
        """Return the real client, as bootstrap makes it."""
        return RosterServer(
            integration.server_url,
            self._credentials,
            msgspec.convert(integration.ability, Ability),
            allowed=LOOPBACK,
            longest_body=LONGEST_BODY,
            session_factory=self._sessions,
            wait=self.clock.sleep,
            clock=self.clock,
        )

    # -- Time ------------------------------------------------------------------------------------------

    def to_the_night(self) -> None:
        """Let it be two o'clock of the district's day, or a little later if it is already."""
        night = datetime.combine(self.district.today, time(2), NOW.tzinfo)
        self.now = max(night, self.now + timedelta(minutes=1))

    @contextmanager
    def time_of_its_own(self) -> Iterator[None]:
        """Let nobody wait, and dice fall the same way each time the case is run."""
        patch = pytest.MonkeyPatch()
        dice = SimpleNamespace(Random=lambda: Random(self.random.random()))
        patch.setattr(fetch_pages, "time", SimpleNamespace(sleep=self.clock.sleep, monotonic=self.clock))
        patch.setattr(fetch_pages, "random", dice)
        patch.setattr(fetch_pages, "PROGRESS_SECONDS", float("inf"))
        patch.setattr(plan_pull, "find_total", partial(find_total, wait=self.clock.sleep))
        wall_clock.set_time(self.now.isoformat())
        try:
            yield
        finally:
            patch.undo()
            wall_clock.set_time(None)

    # -- What is right ---------------------------------------------------------------------------------

    def truth(self) -> Truth:
        """Return what a right sync of the district as it is gives; what cannot be read any more stays."""
        today, tables = self.district.today, self.district.tables
        if self._known is None or self._known[:2] != (tables.revision, today):
            collections = Oracle(tables).collections(today)
            with self._mended():
                oracle = Oracle(tables)
                truth = Truth(
                    moments=(oracle.groups(today),),
                    statistics=oracle.statistics(today),
                    without=oracle.without(today),
                    collections=collections,
                )
            self._known = (tables.revision, today, truth)
        return self._known[2]

    @contextmanager
    def _mended(self) -> Iterator[None]:
        there = dict(self.district.tables.at(Enrollment, self.spoiled)) if self.spoiled else {}
        still = [at for at, (_, spoiled) in self.spoiled.items() if there.get(at) == spoiled]
        self.spoiled = {at: self.spoiled[at] for at in still}
        if not self.spoiled:
            yield
            return
        self.district.tables.replace((at, was) for at, (was, _) in self.spoiled.items())
        try:
            yield
        finally:
            self.district.tables.replace((at, now) for at, (_, now) in self.spoiled.items())

    # -- The admin -------------------------------------------------------------------------------------

    @property
    def undecided(self) -> str:
        """The run on whose list somebody has to decide."""
        return self.stores.integrations.require(TENANT).undecided(int(self.now.timestamp() * 1000))

    def approve(self, run_id: str, name: str) -> str:
        """Approve a list; return the name of the run that this begins."""

        def start(request: StartRequest) -> Started:
            self.stores.runs.start(
                RunRecord(
                    tenant_id=TENANT,
                    run_id=name,
                    mode=request.mode,
                    cause="portal",
                    actor=request.actor,
                    started_at=int(self.now.timestamp() * 1000),
                    permits=request.permits,
                )
            )
            return Started(name, already=False)

        return approve_held(_decide(run_id), self.stores, start, now=self.now).run_id

    def discard(self, run_id: str) -> None:
        """Discard a list."""
        discard_held(_decide(run_id), self.stores, self.bus, now=self.now)

    # -- Users -----------------------------------------------------------------------------------------

    def something_happens_at_senso(self) -> str:
        """Let a user come, go or be renamed, or be resynced; return what it was."""
        random, users = self.random, sorted(self.senso.users(TENANT))
        emails = sorted(self.owners()) or ["nobody@elsewhere.example"]
        what = random.choice(("user added", "user added", "user removed", "user changed", "user resynced"))
        if what == "user added" or not users:
            self._say(self.senso.add_user(TENANT, random.choice(emails))[1])
            return "user added"
        if what == "user removed":
            self._say(self.senso.remove_user(TENANT, random.choice(users)))
        elif what == "user changed":
            self._say(self.senso.change_email(TENANT, random.choice(users), random.choice(emails)))
        elif owners := sorted(self.owners().values()):
            request = ResyncRequest(tenant_id=TENANT, owner_id=random.choice(owners))
            resync_owner(request, self.stores, self.bus)
        return what

    def carry_mail(self, *, until_quiet: bool = False) -> None:
        """Carry a round of mail both ways, or all there is and what comes of it."""
        while True:
            self._to_senso.put(self.bus.take())
            for kind, detail in self._to_senso.take():
                for answer in self.senso.receive(kind, detail):
                    self._say(answer)
            for event in self._to_us.take():
                self._hear(event)
            if not until_quiet or not (len(self.bus) or not self._to_senso.empty or not self._to_us.empty):
                return

    def owners(self) -> dict[str, str]:
        """Return e-mail -> owner id."""
        found = [
            items.owner_of(one) for one in stored_items(self.stores.table).values() if one["kind"] == "owner"
        ]
        return {owner.email: owner.owner_id for owner in found}

    def _say(self, event: Event) -> None:
        self.now += timedelta(milliseconds=1)
        self._to_us.put([event])

    def _hear(self, event: Event) -> None:
        self.now += timedelta(milliseconds=1)
        kind, detail = event
        body = json.dumps({"source": "senso.portal", "detail-type": kind, "detail": detail})
        if self.random.random() < 0.3:
            self.bus.eventbridge.refuses = lambda _: "InternalFailure"
        try:
            link_users(read_message(body), self.stores, self.bus, now=self.now)
        except RetryableError:
            # As the queue does: it comes again.
            self._say(event)
        finally:
            self.bus.eventbridge.refuses = lambda _: ""


def _decide(run_id: str) -> DecideRequest:
    return parse_request(DecideRequest, {"tenantId": TENANT, "runId": run_id, "actor": "admin-1"})
