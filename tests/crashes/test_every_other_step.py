"""Every step that is no part of a run may die at every call too: done again it ends as if it had not."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest
from msgspec.structs import replace

from rostersync.errors import AlreadyDecided, RetryableError
from rostersync.roster.guard import GuardSettings
from rostersync.steps.begin_disconnect import DisconnectRequest, begin_disconnect
from rostersync.steps.decide_held import DecideRequest, approve_held, discard_held
from rostersync.steps.finish_disconnect import FinishDisconnectRequest, finish_disconnect
from rostersync.steps.going_on import SECONDS_TO_BEGIN
from rostersync.steps.import_users import ImportRequest, import_users
from rostersync.steps.link_users import link_users, read_message
from rostersync.steps.list_due_tenants import NightRequest, list_due_tenants
from rostersync.steps.match_user import MatchRequest, match_user
from rostersync.steps.purge_shards import PurgeRequest, purge_shards
from rostersync.steps.requests import parse_request
from rostersync.steps.resync_owner import ResyncRequest, resync_owner
from rostersync.steps.show_run import show_runs
from rostersync.steps.start_run import Started, StartRequest, start_run
from rostersync.steps.stop_run import stop_run
from rostersync.steps.summarise_night import SummaryRequest, summarise_night
from rostersync.storage import items
from tests.crashes.crash import die, is_same_but_for_what_is_due, is_same_end, points, seen
from tests.crashes.runs import RUNS
from tests.crashes.scenario import RUN, WAY, Invocation, begun
from tests.crashes.test_twice_at_once import tried_again, twice
from tests.crashes.world import World
from tests.steps.driver import NOW, TENANT, connected, sync
from tests.steps.guarded import NIGHT, two_schools
from tests.steps.rosters import serve
from tests.steps.test_connecting import DALE, HILL, MACHINE, connect, finds

MORNING: Final = NOW + timedelta(hours=6)
SYNC: Final = MACHINE.replace("disconnect", "sync")

Act = Callable[[World], Any]


@dataclass(frozen=True)
class Case:
    """``given`` makes the world, ``act`` is what dies in it and is then done again.

    ``may_be_due``: done again it does not know any more what Senso has yet to hear; the next run says it.
    """

    given: Callable[[], World]
    act: Act
    may_be_due: bool = False


# -- Senso's users ---------------------------------------------------------------------------------------


def hears(detail_type: str, **detail: Any) -> Act:
    """Take in an event of Senso's."""
    content = {"schemaVersion": 1, "tenantId": TENANT, **detail}
    body = json.dumps({"source": "senso.portal", "detail-type": detail_type, "detail": content})
    return lambda world: link_users(read_message(body), world.stores, world.bus, now=MORNING)


AT: Final = "2026-10-05T03:00:00Z"
LISTED: Final = [
    {"userId": "user-0", "email": "hill-t0@hill.example"},
    {"userId": "user-1", "email": "hill-t5@hill.example"},
    {"userId": "user-2", "email": "dale-t1@hill.example"},
    {"userId": "user-4", "email": "dale-t2@hill.example"},
    {"userId": "user-9", "email": "HILL-T7@hill.example"},
]
"""One has another e-mail, one has come, user-3 has gone."""


def owner(world: World, email: str) -> str:
    """Return the id of the owner with an e-mail."""
    found = [items.owner_of(item) for item in world.table.items.values() if item["kind"] == "owner"]
    return next(one.owner_id for one in found if one.email == email)


def matches(email: str, user_email: str | None) -> Act:
    """Match by hand."""

    def act(world: World) -> Any:
        event = {"tenantId": TENANT, "ownerId": owner(world, email), "email": user_email}
        return match_user(parse_request(MatchRequest, event), world.stores, world.bus, now=MORNING)

    return act


def imports(world: World) -> Any:
    """Import twelve teachers, more than one call of the bus takes."""
    emails = [f"{school}-t{number}@hill.example" for school in ("hill", "dale") for number in range(3, 8)]
    users = [{"ownerId": owner(world, email), "role": "teacher"} for email in emails]
    request = parse_request(ImportRequest, {"tenantId": TENANT, "users": users})
    return import_users(request, world.stores, world.bus, now=MORNING)


def asked() -> World:
    """Return a world in which Senso was asked for a user."""
    world = begun()
    imports(world)
    return world


def answers(detail_type: str, **detail: Any) -> Act:
    """Take in Senso's answer to that."""

    def act(world: World) -> Any:
        owner_id = owner(world, "hill-t7@hill.example")
        wanted = world.stores.wanted.get(TENANT, owner_id)
        assert wanted is not None
        answered = {"ownerId": owner_id, "requestId": wanted.request_id}
        return hears(detail_type, answers=answered, at=AT, **detail)(world)

    return act


def resyncs(world: World) -> Any:
    """Send a teacher everything again."""
    event = {"tenantId": TENANT, "ownerId": owner(world, "dale-t1@hill.example")}
    return resync_owner(parse_request(ResyncRequest, event), world.stores, world.bus)


def matched() -> World:
    """Return a world in which somebody was matched by hand."""
    world = begun()
    matches("hill-t6@hill.example", "hill-t0@hill.example")(world)
    return world


# -- Held lists ------------------------------------------------------------------------------------------


def with_a_list() -> World:
    """Return a world with a list to decide on."""
    world = World()
    world.set_back(RUNS["held"]().end)
    return world


def discards(world: World) -> Any:
    """Discard it."""
    request = parse_request(DecideRequest, {"tenantId": TENANT, "runId": RUN, "actor": "admin-1"})
    return discard_held(request, world.stores, world.bus, now=NOW + NIGHT)


def approves(world: World, seconds: int = 0, nonce: str = "a") -> Started:
    """Approve it."""
    now = MORNING + NIGHT + timedelta(seconds=seconds)

    def start(wanted: StartRequest) -> Started:
        return start_run(wanted, world.stores, world.executions, SYNC, now=now, nonce=nonce)

    request = parse_request(DecideRequest, {"tenantId": TENANT, "runId": RUN, "actor": "admin-1"})
    return approve_held(request, world.stores, start, now=now)


# -- Connecting and disconnecting ------------------------------------------------------------------------


def connects(district: Any, **how: Any) -> Act:
    """Enter credentials."""
    return lambda world: connect(
        world.stores,
        finds(district),
        bus=world.bus,
        now=MORNING,
        step_functions=world.step_functions,
        **how,
    )


def of_hill() -> World:
    """Return a world whose tenant is connected to the district that the credentials lead to."""
    world = begun()
    integration = world.stores.integrations.require(TENANT)
    world.stores.integrations.reconnect(
        replace(
            integration,
            host=HILL.host,
            top_org=HILL.top_org,
            district_name=HILL.name,
            school_ids=HILL.school_ids,
        )
    )
    return world


def leaving(groups: str, *, following: bool = False) -> World:
    """Return a world whose tenant is being disconnected."""
    world = of_hill()
    if following:
        connects(DALE, confirmDistrict=True)(world)
    else:
        disconnects(groups)(world)
    return world


def disconnects(groups: str) -> Act:
    """Press disconnect."""
    request = parse_request(DisconnectRequest, {"tenantId": TENANT, "groups": groups})
    return lambda world: begin_disconnect(request, world.stores, world.executions, MACHINE, now=MORNING)


def at_work() -> World:
    """Return a world with a run that is at work."""
    world = begun()
    world.stores.leases.acquire(TENANT, "at-work", MORNING, 3_600)
    world.executions.start(SYNC, "at-work", {"tenantId": TENANT})
    return world


def stops(world: World) -> Any:
    """Stop whatever runs."""
    request = parse_request(DisconnectRequest, {"tenantId": TENANT, "groups": "remove"})
    return stop_run(request, world.stores, world.executions, SYNC, now=MORNING)


def purges(world: World) -> Any:
    """Take half of a tenant's shards apart, with those of most links."""
    event = {"tenantId": TENANT, "connectedAt": 0, "shards": list(range(0, 16, 2))}
    return purge_shards(parse_request(PurgeRequest, event), world.stores, world.bus, now=MORNING)


def finishes(world: World) -> Any:
    """End the disconnect."""
    request = parse_request(FinishDisconnectRequest, {"tenantId": TENANT, "connectedAt": 0})
    return finish_disconnect(request, world.stores, world.bus, now=MORNING, default_time_zone="UTC")


# -- Nights ----------------------------------------------------------------------------------------------


def due() -> World:
    """Return a world with some tenants that are due."""
    return World.of(connected("springfield", "shelbyville", "capital", guard=GuardSettings()))


def lists(world: World) -> Any:
    """Begin the night."""
    event = {"nightId": "night", "scheduledTime": "2026-10-05T02:00:00Z"}
    request = parse_request(NightRequest, event)
    return list_due_tenants(request, world.stores, now=NOW, default_time_zone="UTC")


def over() -> World:
    """Return a world whose night is over."""
    world = due()
    lists(world)
    return world


def summarises(world: World) -> Any:
    """End the night."""
    return summarise_night(parse_request(SummaryRequest, {"nightId": "night"}), world.stores)


CASES: Final = {
    "a user is added": Case(begun, hears("User Added", userId="user-9", email="hill-t7@hill.example", at=AT)),
    "a user has another e-mail": Case(
        begun, hears("User Changed", userId="user-0", email="hill-t1@hill.example", at=AT)
    ),
    "a user is removed": Case(begun, hears("User Removed", userId="user-0", at=AT)),
    "all users are listed": Case(
        begun, hears("Users Listed", requestId="r", page=1, pages=1, asOf=AT, users=LISTED)
    ),
    "a match by hand": Case(begun, matches("hill-t6@hill.example", "hill-t0@hill.example")),
    "a match that is undone": Case(matched, matches("hill-t6@hill.example", None), may_be_due=True),
    "an import": Case(begun, imports),
    "a wanted user is added": Case(
        asked, answers("User Added", userId="user-9", email="hill-t7@hill.example")
    ),
    "a wanted user is refused": Case(asked, answers("User Refused", reason="no licence is left")),
    "a resync": Case(begun, resyncs),
    "a list is discarded": Case(with_a_list, discards),
    "credentials are entered": Case(World, connects(HILL)),
    "credentials are replaced": Case(of_hill, connects(HILL)),
    "another district": Case(of_hill, connects(DALE, confirmDistrict=True)),
    "disconnect is pressed": Case(begun, disconnects("keep")),
    "a run is stopped": Case(at_work, stops),
    "shards are purged": Case(partial(leaving, "remove"), purges),
    "shards are purged, groups kept": Case(partial(leaving, "keep"), purges),
    "a disconnect ends": Case(partial(leaving, "remove"), finishes),
    "a disconnect ends, and another district begins": Case(
        partial(leaving, "", following=True), finishes, may_be_due=True
    ),
    "a night begins": Case(due, lists),
    "a night ends": Case(over, summarises),
}


def done(case: Case) -> tuple[World, Invocation]:
    """Do it without a crash."""
    world = case.given()
    world.journal.begin()
    before = world.now
    result = case.act(world)
    calls, parted = tuple(world.journal.names), tuple(world.journal.parted)
    assert calls
    assert world.now != before
    step = partial(case.act, world)
    return world, Invocation("", step, before, world.now, result, calls, parted)


@pytest.mark.parametrize("name", CASES)
def test_died_at_any_call_and_done_again(name: str) -> None:
    world, invocation = done(CASES[name])
    for number, when in points(invocation):
        die(world, invocation, number, when)
        invocation.step()
        where = f"{when} call {number}, {invocation.calls[number - 1]}"
        assert_same(world, invocation, where, may_be_due=CASES[name].may_be_due)


@pytest.mark.parametrize("name", CASES)
def test_done_twice_at_once(name: str) -> None:
    world, invocation = done(CASES[name])
    for number in range(1, len(invocation.calls) + 1):
        try:
            twice(world, invocation, number, lambda: tried_again(invocation.step))
        except RetryableError:
            invocation.step()
        where = f"at call {number}, {invocation.calls[number - 1]}"
        assert_same(world, invocation, where, may_be_due=CASES[name].may_be_due)


def assert_same(world: World, invocation: Invocation, where: str, *, may_be_due: bool) -> None:
    """Hold what was left against what is left without a crash, at once or after what is due has been sent."""
    now, right = world.now, invocation.after
    if may_be_due and not is_same_end(now, right):
        assert is_same_but_for_what_is_due(now, right), where
        send_what_is_due(world)
        now = world.now
        world.set_back(right)
        send_what_is_due(world)
        right = world.now
    else:
        assert is_same_end(now, right), where
    if may_be_due:
        asked = any("Users Requested" in one for one in right.told - invocation.before.told)
        assert not asked or any("Users Requested" in one for one in now.told - invocation.before.told), where
    if now.events != right.events:
        assert seen(now) == seen(right), where


def send_what_is_due(world: World) -> None:
    """Run the next night, on which nothing has changed."""
    server = world.server(serve(two_schools()))
    sync(world.stores, server, bus=world.bus, now=NOW + NIGHT, run_id="next", way=WAY)


# -- Secrets that nothing names --------------------------------------------------------------------------

LATER: Final = MORNING + timedelta(hours=1)

ENTERED: Final = {
    "for the first time": (World, HILL),
    "in place of others": (of_hill, HILL),
    "of another district": (of_hill, DALE),
}
"""Credentials, and the world they are entered in."""


def enters(world: World, district: Any, now: datetime) -> None:
    """Enter credentials."""
    connect(
        world.stores,
        finds(district),
        bus=world.bus,
        now=now,
        step_functions=world.step_functions,
        confirmDistrict=True,
    )


def entered(name: str) -> tuple[World, Invocation]:
    """Enter credentials without a crash."""
    given, district = ENTERED[name]
    world, invocation = done(Case(given, lambda world: enters(world, district, MORNING)))
    assert "CreateSecret" in invocation.calls
    return world, invocation


@pytest.mark.parametrize("name", ENTERED)
def test_connecting_that_died_and_is_entered_again_later_leaves_no_secret_that_nothing_names(
    name: str,
) -> None:
    world, invocation = entered(name)
    for number, when in points(invocation):
        die(world, invocation, number, when)
        enters(world, ENTERED[name][1], LATER)
        integration = world.stores.integrations.get(TENANT)
        assert integration is not None
        named = {one.secret_arn for one in (integration, integration.following) if one is not None}
        assert world.now.secrets[1].keys() == named, f"{when} call {number}, {invocation.calls[number - 1]}"


@pytest.mark.parametrize("name", ENTERED)
def test_a_disconnect_after_connecting_has_died_leaves_no_secret(name: str) -> None:
    """Of another district too, which nothing but the time of its beginning names then."""
    world, invocation = entered(name)
    for number, when in points(invocation):
        die(world, invocation, number, when)
        if world.stores.integrations.get(TENANT) is None:
            enters(world, HILL, LATER)
        while (integration := world.stores.integrations.get(TENANT)) is not None:
            stops(world)
            event = {"tenantId": TENANT, "connectedAt": integration.connected_at}
            request = parse_request(FinishDisconnectRequest, event)
            finish_disconnect(request, world.stores, world.bus, now=LATER, default_time_zone="UTC")
        assert not world.now.secrets[1], f"{when} call {number}, {invocation.calls[number - 1]}"


# -- The button ------------------------------------------------------------------------------------------


def presses(world: World, seconds: int, nonce: str) -> Started:
    """Press the sync button."""
    request = parse_request(StartRequest, {"tenantId": TENANT, "mode": "changes", "actor": "admin-1"})
    now = MORNING + timedelta(seconds=seconds)
    return start_run(request, world.stores, world.executions, SYNC, now=now, nonce=nonce)


PRESSES: Final = {"sync": (begun, presses), "approve": (with_a_list, approves)}


@pytest.mark.parametrize("name", PRESSES)
def test_a_press_that_died_blocks_nobody_for_longer_than_a_minute(name: str) -> None:
    """Once its execution has begun it is the run; before that the next press, a minute later, is another."""
    given, press = PRESSES[name]
    world = given()
    world.journal.begin()
    before = world.now
    step = partial(press, world, 0, "a")
    started = step()
    calls, parted = tuple(world.journal.names), tuple(world.journal.parted)
    invocation = Invocation("", step, before, world.now, started, calls, parted)
    assert calls[-1] == "StartExecution"
    permits = world.stores.runs.get(TENANT, started.run_id).permits
    assert permits == (RUN if name == "approve" else "")
    day = MORNING if name == "sync" else MORNING + NIGHT
    now = day + timedelta(seconds=SECONDS_TO_BEGIN)
    for number, when in points(invocation):
        die(world, invocation, number, when)
        where = f"{when} call {number}, {calls[number - 1]}"
        assert world.stores.integrations.require(TENANT).undecided(0) == permits, where
        begun_by_it = bool(world.step_functions.executions)
        if begun_by_it:
            world.stores.leases.acquire(TENANT, started.run_id, day, 3_600)
        again = press(world, SECONDS_TO_BEGIN, "b")
        assert again.already == begun_by_it, where
        assert world.step_functions.names == [again.run_id], where
        assert world.stores.leases.holder(TENANT, now).run_id == again.run_id, where
        runs = {run.run_id: run for run in show_runs(TENANT, 10, world.stores, now=now)}
        going_on = runs.pop(again.run_id)
        assert (going_on.outcome, going_on.permits) == ("", permits), where
        assert all(run.outcome for run in runs.values()), where


@pytest.mark.parametrize("name", PRESSES)
def test_two_presses_at_once_are_one_run(name: str) -> None:
    given, press = PRESSES[name]
    world = given()
    world.journal.begin()
    before = world.now
    press(world, 0, "a")
    calls = len(world.journal.names)
    for number in range(1, calls + 1):
        world.set_back(before)
        pressed: set[str] = set()

        def press_too(pressed: set[str] = pressed) -> None:
            pressed.add(press(world, 0, "b").run_id)

        world.journal.interrupt(number, press_too)
        pressed.add(press(world, 0, "a").run_id)
        world.journal.begin()
        assert len(pressed) == 1
        assert set(world.step_functions.names) == pressed


def test_a_list_that_is_approved_while_it_is_discarded_is_one_of_both() -> None:
    """Who comes second is told; Senso hears of nothing that was not so."""
    world = with_a_list()
    before = world.now
    world.journal.begin()
    discards(world)
    calls = len(world.journal.names)
    refused: list[str] = []

    def approved() -> None:
        world.stores.runs.decide(TENANT, RUN, decision="approved", by="admin-2", at=1, decided_in="approving")
        world.stores.integrations.release(TENANT, RUN)

    for number in range(1, calls + 1):
        world.set_back(before)
        world.journal.interrupt(number, approved)
        try:
            discards(world)
        except AlreadyDecided as error:
            refused.append(str(error))
        world.journal.begin()
        told = world.now.told - before.told
        held = world.stores.runs.get(TENANT, RUN).held
        assert (held.decision, bool(told)) in {("discarded", True), ("approved", False)}
        assert world.stores.integrations.require(TENANT).held is None
    assert set(refused) == {"the list has been approved already; look at the history"}
    assert len(refused) < calls
