"""Random days in a district and at Senso: whenever all is quiet, teachers see what the oracle says.

The stand-in for Senso hears what the sync tells it shuffled, doubled and late, and so does the sync what
Senso says; calls of the bus fail and
processes die at random. Who is whose user is judged here by the rules' own words.
"""

import json
from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from local.mailbag import Mailbag
from rostersync.errors import LeaseLost, RetryableError, StorageUnavailable
from rostersync.steps.import_users import ImportRequest, import_users
from rostersync.steps.link_users import link_users, read_message
from rostersync.steps.list_teachers import TeachersRequest, list_teachers
from rostersync.steps.match_user import MatchRequest, match_user
from rostersync.steps.requests import parse_request
from rostersync.steps.resync_owner import ResyncRequest, resync_owner
from rostersync.storage import items
from simulator.days import advance_day, rollover
from simulator.district import District
from simulator.oracle import Oracle, RightGroup
from tests.fakes import FakeBus
from tests.senso.checked import CheckedSenso
from tests.steps.district_server import serve_district
from tests.steps.driver import NOW, TENANT, connected, sync

Event = tuple[str, dict[str, Any]]

NEVER = 10**9

PLACES = st.integers(0, 10**6)
"""Which of several, by the remainder: how many there are is known only when it happens."""


class DaysWithSenso(RuleBasedStateMachine):
    """One tenant, from its first sync on."""

    @initialize(seed=st.integers(0, 50), mail=st.integers(0, 10**6))
    def begin(self, seed: int, mail: int) -> None:
        self.random = Random(mail)
        self.district = District.generate(students=45, seed=seed, today=NOW.date())
        self.clock = NOW
        self.stores = connected()
        self.bus = FakeBus()
        self.refusing = self.dying = 0.0
        self.bus.eventbridge.refuses = lambda _: (
            "InternalFailure" if self.random.random() < self.refusing else ""
        )
        self.senso = CheckedSenso(lambda: self.clock, page_size=7)
        self.to_senso: Mailbag[Event] = Mailbag(self.random)
        self.to_us: Mailbag[Event] = Mailbag(self.random)
        self.had: defaultdict[str, set[str]] = defaultdict(set)
        self.runs = 0

    # -- What happens ----------------------------------------------------------------------------------

    @rule()
    def a_day_passes(self) -> None:
        advance_day(self.district)
        self._to_the_day()

    @rule(really=st.integers(0, 5))
    def a_school_year_begins(self, really: int) -> None:
        if really == 0:
            rollover(self.district)
            self._to_the_day()

    @rule(place=PLACES, shout=st.booleans())
    def a_teacher_gets_a_user(self, place: int, shout: bool) -> None:
        emails = sorted(self._right_owners())
        email = emails[place % len(emails)]
        self._say(self.senso.add_user(TENANT, f" {email.upper()} " if shout else email)[1])

    @rule(place=PLACES)
    def a_user_goes(self, place: int) -> None:
        if users := sorted(self.senso.users(TENANT)):
            self._say(self.senso.remove_user(TENANT, users[place % len(users)]))

    @rule(place=PLACES)
    def a_user_comes_back(self, place: int) -> None:
        gone = sorted(
            {user.user_id for user in self.stores.users.all(TENANT)} - self.senso.users(TENANT).keys()
        )
        if gone:
            emails = sorted(self._right_owners())
            user_id = gone[place % len(gone)]
            self._say(self.senso.add_user(TENANT, emails[place % len(emails)], user_id=user_id)[1])

    @rule(place=PLACES, known=st.booleans())
    def a_user_s_email_changes(self, place: int, known: bool) -> None:
        if users := sorted(self.senso.users(TENANT)):
            emails = sorted(self._right_owners())
            email = emails[place % len(emails)] if known else f"new.{place % 5}@elsewhere.example"
            self._say(self.senso.change_email(TENANT, users[place % len(users)], email))

    @rule(place=PLACES)
    def an_admin_imports_a_teacher(self, place: int) -> None:
        request = parse_request(TeachersRequest, {"tenantId": TENANT, "limit": 500})
        if waiting := list_teachers(request, self.stores).teachers:
            owner_id = waiting[place % len(waiting)].owner_id
            event = {"tenantId": TENANT, "users": [{"ownerId": owner_id, "role": "teacher"}]}
            self._tick()
            import_users(parse_request(ImportRequest, event), self.stores, self.bus, now=self.clock)

    @rule(place=PLACES, other=PLACES, undo=st.booleans())
    def an_admin_matches_by_hand(self, place: int, other: int, undo: bool) -> None:
        owners = sorted(self._owner_ids().values())
        known = sorted(user.email for user in self.stores.users.all(TENANT) if user.email)
        if owners and (undo or known):
            email = None if undo else known[other % len(known)]
            event = {"tenantId": TENANT, "ownerId": owners[place % len(owners)], "email": email}
            self._tick()
            self._though_it_fails(
                lambda: match_user(parse_request(MatchRequest, event), self.stores, self.bus, now=self.clock)
            )

    @rule(place=PLACES)
    def an_admin_resyncs_a_user(self, place: int) -> None:
        if owners := sorted(self._owner_ids().values()):
            request = ResyncRequest(tenant_id=TENANT, owner_id=owners[place % len(owners)])
            self._though_it_fails(lambda: resync_owner(request, self.stores, self.bus))

    @rule(
        mode=st.sampled_from(["changes", "changes", "full", "preview"]),
        refusing=st.sampled_from([0.0, 0.6]),
        dies_at=st.sampled_from([0, 0, 2, 4, 9]),
    )
    def a_run(self, mode: str, refusing: float, dies_at: int) -> None:
        self.refusing = refusing
        self._sync(mode, dies_at)
        self.refusing = 0.0

    @rule(refusing=st.sampled_from([0.0, 0.5]), dying=st.sampled_from([0.0, 0.3]))
    def mail_comes(self, refusing: float, dying: float) -> None:
        self.refusing, self.dying = refusing, dying
        self._carry()
        self.refusing = self.dying = 0.0

    # -- Quiet -----------------------------------------------------------------------------------------

    @precondition(lambda self: hasattr(self, "senso"))
    @rule()
    def all_is_quiet(self) -> None:
        self._until_quiet()
        self._sync("changes")
        self._until_quiet()
        right = Oracle(self.district.tables).groups(self.district.today)
        links = self._links()
        self._judge_links(links)
        email_of = {owner_id: email for email, owner_id in self._owner_ids().items()}
        for user_id in self.senso.users(TENANT):
            owner = email_of.get(links.get(user_id, ""), "")
            due = {key[1]: group for key, group in right.items() if key[0] == owner}
            self._compare(user_id, due)
        assert self.senso.contradictions == 0
        # Nothing is left to be said, so nothing is.
        assert self._sync("changes").outcome == "unchanged"
        assert self.bus.of("Groups Changed") == []

    def teardown(self) -> None:
        if hasattr(self, "senso"):
            self.all_is_quiet()
            assert self.senso.changed_nothing == 0

    def _compare(self, user_id: str, due: dict[str, RightGroup]) -> None:
        shown = self.senso.groups_of(TENANT, user_id)
        class_of = {
            group.group_id: group.class_id
            for item in self.stores.table.items.values()
            if item["kind"] == "group"
            for group in [items.group_of(item)]
        }
        seen = {class_of[group_id]: group for group_id, group in shown.items()}
        assert seen.keys() == due.keys()
        for class_id, group in seen.items():
            assert group.members == due[class_id].members
            assert group.name == (due[class_id].name or group.name)

    def _judge_links(self, links: dict[str, str]) -> None:
        """RULES 2.4: by hand, then by e-mail, then the link there was; one owner, one user."""
        users = {one: email.strip().lower() for one, email in self.senso.users(TENANT).items()}
        owners = self._owner_ids()
        by_hand = {self.stores.links.matched_user(TENANT, owner_id): owner_id for owner_id in owners.values()}
        assert len(set(links.values())) == len(links)
        expected = {user: owner for user, owner in by_hand.items() if user in users}
        for email, owner_id in owners.items():
            having = sorted(
                user for user, theirs in users.items() if theirs == email and user not in expected
            )
            if having and owner_id not in expected.values():
                expected[having[0]] = owner_id
        for user, owner_id in links.items():
            if user not in expected:
                # Nobody has a better claim on either, and the two were tied before.
                assert owner_id not in expected.values()
                assert owner_id in self.had[user]
        assert {user: owner for user, owner in links.items() if user in expected} == expected

    # -- Within ----------------------------------------------------------------------------------------

    def _sync(self, mode: str, dies_at: int = 0) -> Any:
        self.clock += timedelta(minutes=20)
        self.runs += 1
        server = serve_district(self.district)

        def dying(state: str) -> None:
            # For good, while it tells Senso: what it wrote and sent before stays.
            if state == "Deliver" and dies_at:
                self.stores.table.fail_at_write(dies_at, LeaseLost("gone"))
            elif state == "Finish":
                self.stores.table.fail_at_write(NEVER)

        run = sync(
            self.stores,
            server,
            bus=self.bus,
            mode=mode,
            now=self.clock,
            run_id=f"run-{self.runs}",
            before=dying,
        )
        self._note_links()
        well = {"published", "unchanged", "previewed"}
        assert run.outcome in well or run.error in {"EventBusUnavailable", "LeaseLost"}
        return run

    def _carry(self) -> None:
        """Carry one round of mail both ways."""
        self.to_senso.put(self.bus.take())
        for kind, detail in self.to_senso.take():
            for answer in self.senso.receive(kind, detail):
                self._say(answer)
        for event in self.to_us.take():
            self._hear(event)

    def _hear(self, event: Event) -> None:
        self._tick()
        kind, detail = event
        body = json.dumps({"source": "senso.portal", "detail-type": kind, "detail": detail})
        if self.random.random() < self.dying:
            self.stores.table.fail_at_write(self.random.randint(1, 8), StorageUnavailable("busy"))
        try:
            link_users(read_message(body), self.stores, self.bus, now=self.clock)
        except RetryableError:
            # As the queue does: it comes again.
            self._say(event)
        self.stores.table.fail_at_write(NEVER)
        self._note_links()

    def _until_quiet(self) -> None:
        while len(self.bus) or not self.to_senso.empty or not self.to_us.empty:
            self._carry()

    def _say(self, event: Event) -> None:
        self._tick()
        self.to_us.put([event])

    def _though_it_fails(self, call: Any) -> None:
        self.refusing = 0.2
        try:
            call()
        except RetryableError:
            return
        finally:
            self.refusing = 0.0
            self._note_links()

    def _tick(self) -> None:
        self.clock += timedelta(milliseconds=1)

    def _to_the_day(self) -> None:
        self.clock = datetime.combine(self.district.today, time(2), UTC)

    def _right_owners(self) -> dict[str, frozenset[str]]:
        return Oracle(self.district.tables).owners(self.district.today)

    def _owner_ids(self) -> dict[str, str]:
        found = [items.owner_of(item) for item in self.stores.table.items.values() if item["kind"] == "owner"]
        return {owner.email: owner.owner_id for owner in found}

    def _links(self) -> dict[str, str]:
        """Return user id -> owner id."""
        return {
            item["user_id"]: item["sk"].removeprefix("LINK#")
            for item in self.stores.table.items.values()
            if item["kind"] == "link" and item["user_id"]
        }

    def _note_links(self) -> None:
        for user_id, owner_id in self._links().items():
            self.had[user_id].add(owner_id)


TestDaysWithSenso = DaysWithSenso.TestCase
TestDaysWithSenso.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
