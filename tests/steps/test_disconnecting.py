"""A tenant is taken apart: nobody else is touched, nothing comes back, connected anew all is as at first."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

import pytest

from rostersync.errors import EventBusUnavailable, LeaseLost, NotConnected, RetryableError, StorageUnavailable
from rostersync.steps.begin_disconnect import DisconnectRequest, begin_disconnect
from rostersync.steps.finish_disconnect import FinishDisconnectRequest, finish_disconnect
from rostersync.steps.finish_run import FinishRequest, finish_run
from rostersync.steps.match_user import MatchRequest, match_user
from rostersync.steps.plan_pull import PlanRequest, plan_pull
from rostersync.steps.purge_shards import PurgeRequest, purge_shards
from rostersync.steps.requests import parse_request
from rostersync.steps.resync_owner import ResyncRequest, resync_owner
from rostersync.steps.start_run import StartRequest, start_run
from rostersync.steps.stop_run import stop_run
from rostersync.storage import keys, staged
from rostersync.storage.attributes import Item
from rostersync.storage.executions import Executions
from tests.fakes import FakeStepFunctions, executions_of
from tests.steps.driver import LEASE_SECONDS, LONGEST_FUNCTION_SECONDS, TENANT, FakeStores, connected
from tests.steps.published import published
from tests.steps.rosters import Roster, serve, small_roster, teacher
from tests.steps.test_connecting import DALE, HILL, MACHINE, connect, finds
from tests.steps.test_linking_in_the_middle import District, first_day, second_day
from tests.steps.test_linking_users import assert_links_are_right

SYNC: Final = "arn:aws:states:us-east-1:123456789012:stateMachine:sync"
HISTORY: Final = {"run", "progress", "requests"}
CHOICES: Final = ("keep", "remove")
NEVER: Final = 10**9


@dataclass
class Leaver(District):
    """A district that can be disconnected, and connected again with another key and other ids."""

    step_functions: FakeStepFunctions = field(default_factory=FakeStepFunctions)
    ending: int = 0

    @property
    def executions(self) -> Executions:
        return executions_of(self.step_functions)

    def press(self, groups: str, actor: str = "") -> None:
        begin_disconnect(self._request(groups, actor), self.stores, self.executions, MACHINE, now=self.clock)

    def stop(self, groups: str) -> None:
        told = stop_run(self._request(groups), self.stores, self.executions, SYNC, now=self.clock)
        self.ending = told["connectedAt"]

    def purge(self, *shards: int) -> None:
        self.clock += timedelta(minutes=6)
        for shard in shards or range(16):
            event = {"tenantId": TENANT, "connectedAt": self.ending, "shards": [shard]}
            purge_shards(parse_request(PurgeRequest, event), self.stores, self.bus, now=self.clock)

    def finish(self) -> None:
        request = parse_request(FinishDisconnectRequest, {"tenantId": TENANT, "connectedAt": self.ending})
        finish_disconnect(request, self.stores, self.bus, now=self.clock, default_time_zone="UTC")

    def disconnect(self, groups: str) -> None:
        """Go through the state machine."""
        self.stop(groups)
        self.purge()
        self.finish()

    def connect(self, key: bytes = b"another key of 32 bytes, made up") -> None:
        self.clock += timedelta(minutes=1)
        connect(self.stores, finds(HILL), bus=self.bus, key=key)

    def carry_all(self) -> None:
        while len(self.bus):
            self.carry()

    def left(self) -> list[Item]:
        """What is in the table of the tenant, its history apart."""
        return [
            item
            for (pk, _), item in self.stores.table.items.items()
            if item["kind"] not in HISTORY and (pk == f"T#{TENANT}" or pk.startswith(f"T#{TENANT}#"))
        ]

    def _request(self, groups: str, actor: str = "") -> DisconnectRequest:
        event = {"tenantId": TENANT, "groups": groups, "actor": actor}
        return parse_request(DisconnectRequest, event)


L = TypeVar("L", bound=Leaver)


def at_work(stores: FakeStores | None = None) -> Leaver:
    """Return a district whose two teachers have users and see their groups."""
    return put_to_work(Leaver(stores=stores or connected()))


def put_to_work(district: L) -> L:
    """Let the two teachers of a district have users and see their groups."""
    district.senso.add_user(TENANT, "t1@hill.example")
    district.senso.add_user(TENANT, "t2@hill.example")
    # What cannot be linked, asked for and matched is to go, too.
    district.senso.add_user(TENANT, "nobody@hill.example")
    district.sync(with_a_third())
    district.carry_all()
    assert district.seen() == {"user-1": {"Art", "Chess"}, "user-2": {"Music"}, "user-3": set()}
    return district


def with_a_third() -> Roster:
    roster = first_day()
    roster["teachers"] = [*roster["teachers"], teacher("t3")]
    return roster


# -- What goes, and what stays ---------------------------------------------------------------------------


def test_nothing_of_the_tenant_stays_but_the_history_of_its_runs() -> None:
    district = at_work()
    district.match("t3@hill.example", "nobody@hill.example")
    district.sync(second_day(), mode="full")
    district.carry_all()
    before = district.stores.runs.recent(TENANT, 10)
    secret = district.stores.integrations.require(TENANT).secret
    district.stores.staging.put_json(f"{staged.issues_of_tenant(TENANT)}some-run.pack", [])
    district.disconnect("remove")
    assert district.left() == []
    assert district.stores.runs.recent(TENANT, 10) == before
    assert len(before) == 2
    assert secret not in district.stores.secrets
    assert len(district.stores.staging) == 0


@pytest.mark.parametrize("groups", CHOICES)
def test_another_tenant_with_the_same_ids_stays_as_it_is(groups: str) -> None:
    # Its id begins as the other's does, too.
    other = TENANT + "-2"
    district = at_work(connected(TENANT, other))
    district.sync(with_a_third(), tenant_id=other)
    district.bus.take()

    def others() -> Any:
        items = district.stores.table.items
        objects = district.stores.staging.s3.objects
        return (
            {key: item for key, item in items.items() if not key[0].startswith((f"T#{TENANT}#", "NIGHT"))},
            {key: body for key, body in objects.items() if other in key},
        )

    items, objects = others()
    del items[keys.integration(TENANT)]
    items = {key: item for key, item in items.items() if key[0] != f"T#{TENANT}"}
    assert objects
    district.disconnect(groups)
    assert others() == (items, objects)
    secret = district.stores.integrations.require(other).secret
    assert secret in district.stores.secrets
    assert {detail["tenantId"] for _, detail in district.bus.events} <= {TENANT}


def test_who_keeps_the_groups_keeps_what_is_needed_to_take_them_over_for_a_time() -> None:
    district = at_work()
    district.disconnect("keep")
    left = district.left()
    assert {item["kind"] for item in left} == {"link", "linked", "sent"}
    day = 86_400
    ends = {item["kind"]: item["expires"] for item in left}
    assert ends["link"] > district.clock.timestamp() + 399 * day
    # A link that cannot be ended for want of its other end would stop every run.
    assert ends["linked"] == ends["sent"] == ends["link"] + 7 * day
    written = json.dumps([{**item, "groups": ""} for item in left], default=str)
    assert "@" not in written
    assert "Family" not in written


# -- What Senso is told ----------------------------------------------------------------------------------


def test_who_removes_the_groups_tells_each_link_s_end_and_nothing_else() -> None:
    district = at_work()
    district.disconnect("remove")
    told = district.bus.events
    assert [kind for kind, _ in told] == ["Groups Changed"] * 2
    assert [(detail["link"]["userId"], detail["groups"]) for _, detail in told] == [(None, [])] * 2
    district.carry_all()
    assert district.seen() == {"user-1": set(), "user-2": set(), "user-3": set()}


def test_who_keeps_the_groups_tells_nothing() -> None:
    district = at_work()
    seen = district.seen()
    district.disconnect("keep")
    assert len(district.bus) == 0
    assert district.seen() == seen


def test_an_end_that_the_bus_did_not_take_is_told_before_anything_of_its_shard_goes() -> None:
    district = at_work()
    district.stop("remove")
    district.bus.eventbridge.refuses = lambda _: "InternalFailure"
    refused = 0
    for shard in range(16):
        try:
            district.purge(shard)
        except EventBusUnavailable:
            refused += 1
    assert refused > 0
    assert "sent" in {item["kind"] for item in district.left()}
    district.bus.eventbridge.refuses = lambda _: ""
    district.purge()
    district.finish()
    district.carry_all()
    assert not any(district.seen().values())
    assert district.left() == []


# -- Connected again -------------------------------------------------------------------------------------


@pytest.mark.parametrize("users_first", [False, True])
@pytest.mark.parametrize("groups", CHOICES)
def test_connected_again_it_is_as_if_it_never_was(groups: str, users_first: bool) -> None:
    district = at_work()
    district.disconnect(groups)
    district.carry_all()
    fresh = Leaver(stores=connected())
    district.connect()
    if users_first:
        district.carry_all()
    for each in (district, fresh):
        for email in ("t1", "t2", "nobody"):
            if each is fresh:
                each.senso.add_user(TENANT, f"{email}@hill.example")
        each.sync(second_day())
        each.carry_all()
    assert district.seen() == fresh.seen() == {"user-1": {"Music"}, "user-2": {"Drama"}, "user-3": set()}
    assert published(district.stores.table) == published(fresh.stores.table)
    for user_id in district.senso.users(TENANT):
        assert len(district.senso.owners_of(TENANT, user_id)) <= 1
    assert_links_are_right(district.stores, {})
    assert district.senso.contradictions == 0


@pytest.mark.parametrize("groups", CHOICES)
def test_a_teacher_whose_email_had_changed_has_every_group_once_after_connecting_again(groups: str) -> None:
    district = at_work()
    moved = first_day()
    moved["teachers"] = [teacher("t1", "new@hill.example"), teacher("t2")]
    district.says(district.senso.change_email(TENANT, "user-1", "new@hill.example"))
    district.sync(moved)
    district.carry_all()
    district.disconnect(groups)
    district.connect()
    district.sync(moved)
    district.carry_all()
    assert district.seen() == {"user-1": {"Art", "Chess"}, "user-2": {"Music"}, "user-3": set()}
    assert len(district.senso.owners_of(TENANT, "user-1")) == 1


@pytest.mark.parametrize("groups", CHOICES)
def test_another_district_may_be_connected_and_nothing_of_the_first_one_stays(groups: str) -> None:
    district = at_work()
    district.disconnect(groups)
    district.carry_all()
    connect(district.stores, finds(DALE), bus=district.bus, key=b"d" * 32)
    dale = small_roster()
    dale["teachers"] = [teacher("t1", "t2@hill.example"), teacher("t2", "dale@hill.example")]
    district.sync(dale)
    district.carry_all()
    assert district.seen() == {"user-1": set(), "user-2": {"Art"}, "user-3": set()}


def test_what_was_kept_and_connected_again_can_be_removed_before_a_first_sync() -> None:
    district = at_work()
    district.disconnect("keep")
    district.connect()
    district.disconnect("remove")
    district.carry_all()
    assert not any(district.seen().values())
    assert district.left() == []


# -- Died anywhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", CHOICES)
def test_died_at_any_write_and_begun_again_it_ends_the_same(groups: str) -> None:
    calm = at_work()
    calm.disconnect(groups)
    calm.carry_all()
    number, died = 0, True
    while died:
        number += 1
        district = at_work()
        began = district.clock
        table = district.stores.table
        table.fail_at_write(number, LeaseLost("the process died"))
        try:
            district.disconnect(groups)
            died = False
        except LeaseLost:
            table.fail_at_write(NEVER)
            district.carry_all()
            # The execution is started anew, by hand or by pressing again; the tenant may be gone already.
            district.clock = began
            if district.stores.integrations.get(TENANT) is not None:
                district.disconnect(groups)
        district.carry_all()
        assert district.left() == calm.left(), f"at write {number}"
        assert district.seen() == calm.seen()
        assert len(district.stores.staging) == len(district.stores.secrets) == 0
    assert number > 30


@pytest.mark.parametrize("store", ["secrets", "staging"])
def test_died_while_the_rest_is_deleted_it_ends_the_same(store: str) -> None:
    district = at_work()
    getattr(district.stores, store).fail_at_write(1, StorageUnavailable("busy"))
    with pytest.raises(RetryableError):
        district.disconnect("remove")
    assert district.stores.integrations.get(TENANT) is not None
    district.finish()
    assert district.left() == []
    assert len(district.stores.staging) == len(district.stores.secrets) == 0
    district.finish()
    district.purge()


# -- Pressing --------------------------------------------------------------------------------------------


def test_two_presses_are_one_execution_and_who_pressed_first_is_remembered() -> None:
    district = Leaver()
    district.press("keep", "user-1")
    district.press("keep", "user-2")
    assert district.step_functions.names == [f"{TENANT}-0-1"]
    integration = district.stores.integrations.get(TENANT)
    assert integration is not None
    assert integration.leaving is not None
    assert integration.leaving.actor == "user-1"
    assert integration.status == "disconnecting"
    assert list(district.stores.integrations.due(district.clock + timedelta(days=9))) == []
    (told,) = district.step_functions.executions.values()
    assert json.loads(told or "") == {"tenantId": TENANT, "groups": "keep", "connectedAt": 0}


def test_after_an_execution_that_failed_pressing_starts_another() -> None:
    district = Leaver()
    district.press("remove")
    (first,) = district.step_functions.executions
    district.step_functions.executions[first] = None
    district.press("remove")
    district.press("remove")
    assert district.step_functions.names == [f"{TENANT}-0-1", f"{TENANT}-0-2"]


def test_the_other_choice_is_refused_while_it_is_under_way() -> None:
    district = Leaver()
    district.press("keep")
    for begin in (district.press, district.stop):
        with pytest.raises(NotConnected, match="its groups in Senso are kept; wait until"):
            begin("remove")
    assert len(district.step_functions.executions) == 1


def test_where_there_is_nothing_to_disconnect_it_says_so() -> None:
    district = Leaver(stores=FakeStores())
    for begin in (district.press, district.stop):
        with pytest.raises(NotConnected, match="has no ClassLink integration"):
            begin("keep")
    assert district.step_functions.executions == {}
    assert district.left() == []


def test_of_a_connected_tenant_nothing_is_deleted() -> None:
    district = at_work()
    before = district.stores.table.items
    for step in (district.purge, district.finish):
        with pytest.raises(LeaseLost, match="is connected"):
            step()
    assert district.stores.table.items == before


# -- What is under way, and what arrives meanwhile -------------------------------------------------------


def plan(district: Leaver, run_id: str, cause: str = "operator") -> Any:
    event = {"tenantId": TENANT, "runId": run_id, "pull": 1, "cause": cause}
    return plan_pull(
        parse_request(PlanRequest, event),
        district.stores,
        serve(small_roster()).connect,
        now=district.clock,
        default_time_zone="UTC",
        page_size=100,
        fetch_tasks=1,
        lease_seconds=LEASE_SECONDS,
    )


def test_the_run_that_goes_on_is_stopped_and_its_end_brings_nothing_back() -> None:
    district = at_work()
    district.executions.start(SYNC, "run-now", {"tenantId": TENANT})
    plan(district, "run-now")
    district.stop("remove")
    arn = f"{SYNC.replace('stateMachine:', 'execution:')}:run-now"
    assert district.step_functions.executions == {arn: None}
    detail = {"name": "run-now", "status": "ABORTED", "input": json.dumps({"tenantId": TENANT})}
    ended = parse_request(FinishRequest, {"source": "aws.states", "detail": detail})

    def tell() -> str:
        longest = LONGEST_FUNCTION_SECONDS
        return finish_run(
            ended, district.stores, now=district.clock, longest_function_seconds=longest
        ).outcome

    assert tell() == "failed"
    district.purge()
    district.finish()
    # The same event, late.
    assert tell() == "failed"
    assert district.left() == []


def test_a_run_whose_execution_was_never_begun_is_no_hindrance() -> None:
    district = at_work()
    district.stores.leases.acquire(TENANT, "portal-1", district.clock, 60)
    district.disconnect("remove")
    assert district.left() == []


ARRIVALS: Final[dict[str, Callable[[Leaver], object]]] = {
    "a run of the night": lambda one: plan(one, "nightly", "nightly"),
    "a run from the portal": lambda one: start_run(
        parse_request(StartRequest, {"tenantId": TENANT, "mode": "changes"}),
        one.stores,
        one.executions,
        SYNC,
        now=one.clock,
        nonce="n",
    ),
    "a resync": lambda one: resync_owner(
        parse_request(ResyncRequest, {"tenantId": TENANT, "ownerId": "o_" + "0" * 20}), one.stores, one.bus
    ),
    "a match by hand": lambda one: match_user(
        parse_request(
            MatchRequest, {"tenantId": TENANT, "ownerId": "o_" + "0" * 20, "email": "t1@hill.example"}
        ),
        one.stores,
        one.bus,
        now=one.clock,
    ),
    "new credentials": lambda one: connect(one.stores, finds(HILL), bus=one.bus),
}


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_what_arrives_meanwhile_is_refused(arrival: str) -> None:
    district = at_work()
    district.stop("remove")
    before = district.stores.table.items
    with pytest.raises(NotConnected):
        ARRIVALS[arrival](district)
    assert district.stores.table.items == before
    assert district.step_functions.executions == {}
    assert len(district.bus) == 0


def test_senso_s_events_are_dropped_from_the_moment_on_and_afterwards_too() -> None:
    district = at_work()
    district.stop("remove")
    before = district.stores.table.items
    district.says(district.senso.add_user(TENANT, "t3@hill.example")[1])
    district.says(district.senso.remove_user(TENANT, "user-1"))
    assert district.stores.table.items == before
    district.purge()
    district.finish()
    district.says(district.senso.remove_user(TENANT, "user-2"))
    assert district.left() == []
