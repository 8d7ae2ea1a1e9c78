"""Runs the steps in the order of statemachines/sync.asl.yaml, with fakes for what they keep."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any, Final, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from rostersync.errors import (
    InvalidInput,
    NightAlreadyRun,
    NotConnected,
    RetryableError,
    RosterServerUnavailable,
    RosterSyncError,
    RunInProgress,
)
from rostersync.oneroster.server import RosterServer
from rostersync.roster.guard import GuardSettings
from rostersync.roster.settings import RosterSettings
from rostersync.senso.bus import Bus
from rostersync.steps.assign_owners import assign_owners
from rostersync.steps.deliver_groups import deliver_groups
from rostersync.steps.fetch_pages import FetchRequest, fetch_pages
from rostersync.steps.finish_run import FinishRequest, finish_run
from rostersync.steps.plan_pull import PlanRequest, plan_pull
from rostersync.steps.publish_roster import publish_roster
from rostersync.steps.reconcile_classes import reconcile_classes
from rostersync.steps.reconcile_groups import reconcile_groups
from rostersync.steps.reconcile_people import reconcile_people
from rostersync.steps.requests import LookRequest, PullRequest, ShardsRequest, parse_request
from rostersync.steps.review_changes import review_changes
from rostersync.steps.seal_pull import seal_pull
from rostersync.storage.integrations import Integration
from rostersync.storage.runs import RunRecord
from rostersync.storage.stores import Stores
from tests.fakes import FakeBus, FakeSecrets, FakeStaging, FakeTable
from tests.reconciled import assert_reconciled

T = TypeVar("T")

TENANT: Final = "springfield"
NOW: Final = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)
TODAY: Final = "2026-10-05"
LEASE_SECONDS: Final = 3_600
LONGEST_FUNCTION_SECONDS: Final = 900
ATTEMPTS: Final = 5
ATTEMPTS_AT_SERVER: Final = 3
"""How often a state calls a step that found the Roster Server unavailable; any other, ``ATTEMPTS`` times."""

ALL_IN_ONE: Final = 1_000


class Connects(Protocol):
    """A Roster Server, or what stands for one."""

    def connect(self, integration: Integration, /) -> RosterServer:
        """Return a session with it."""


UNGUARDED: Final = GuardSettings(
    district_percent=100,
    memberships_percent=100,
    school_percent=100,
    whole_collection=False,
    new_percent=100,
    identity_percent=100,
)
"""Nothing is more than all of it."""


class FakeStores(Stores, frozen=True):
    """Stores over fakes, with the fakes' own types."""

    table: FakeTable = msgspec.field(default_factory=FakeTable)
    staging: FakeStaging = msgspec.field(default_factory=FakeStaging)
    secrets: FakeSecrets = msgspec.field(default_factory=FakeSecrets)


def connected(
    *tenants: str,
    settings: RosterSettings | None = None,
    guard: GuardSettings = UNGUARDED,
    **fields: Any,
) -> FakeStores:
    """Return stores in which these tenants, or the one of most tests, are connected; nothing was synced.

    Nothing of theirs is held unless a test says so: in a roster of three people anything is most of it.
    """
    stores = FakeStores()
    for tenant_id in tenants or (TENANT,):
        ref = stores.secrets.put(tenant_id, str(fields.get("connected_at", 0)), {})
        integration = Integration(
            tenant_id=tenant_id,
            server_url="https://roster.example/ims/oneroster/v1p1",
            ability={},
            secret_arn=ref.arn,
            secret_version=ref.version_id,
            client_id_masked="",
            hash_key=b"k" * 32,
            settings=settings or RosterSettings(),
            guard=guard,
            due_at="2026-10-05T02:00Z",
        )
        stores.integrations.connect(replace(integration, **fields))
    return stores


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a sync goes about it; none of it may change what it leaves.

    ``twice``: every step is run a second time on the same input. ``requests_per_part``: after so many a part
    of Fetch is near its time limit; 3 at least, or it gets nowhere. ``order`` shuffles tasks and shards.
    ``shards``: how many shards a task takes, all of them when 0.
    """

    page_size: int = ALL_IN_ONE
    fetch_tasks: int = 2
    in_flight: int = 1
    requests_per_part: int = ALL_IN_ONE
    shards: int = 0
    order: Random | None = None
    twice: bool = False
    stop_removals: bool = False


USUAL: Final = Way()


def sync(
    stores: Stores,
    server: Connects,
    *,
    tenant_id: str = TENANT,
    mode: str = "changes",
    cause: str = "operator",
    now: datetime = NOW,
    run_id: str = "",
    bus: Bus | None = None,
    way: Way = USUAL,
    before: Callable[[str], None] = lambda _: None,
    invoke: Callable[[Callable[[], Any]], Any] = lambda step: step(),
) -> RunRecord:
    """Run a sync to its end and return its run item; ``before`` is told the name of each state entered.

    ``invoke`` is handed every invocation of a step and returns what that returns.

    Raises ``InvalidInput``, ``NotConnected``, ``RunInProgress`` and ``NightAlreadyRun``, which end a run with
    nothing to finish, and whatever ends one before it has a run item; of any other of our errors that tells.
    """
    sync_run = _Sync(stores, server, FakeBus() if bus is None else bus, way, now, before, invoke)
    request = {"tenantId": tenant_id, "runId": run_id or f"{mode}-{int(now.timestamp())}"}
    sync_run.execute(request, mode, cause)
    run = stores.runs.get(tenant_id, request["runId"])
    assert run is not None
    assert_reconciled(run, stores)
    return run


@dataclass
class _Sync:
    stores: Stores
    server: Connects
    bus: Bus
    way: Way
    now: datetime
    before: Callable[[str], None]
    invoke: Callable[[Callable[[], Any]], Any]
    pull: int = 1
    holding: bool = False
    publishing: bool = False

    def execute(self, run: dict[str, str], mode: str, cause: str) -> None:
        try:
            self._until_review(run, {**run, "mode": mode, "cause": cause})
            self._finish(self._look(run))
        except (InvalidInput, NightAlreadyRun, NotConnected, RunInProgress):
            raise
        except RosterSyncError as error:
            name = type(error).__name__
            output = {"Error": name, "Cause": json.dumps({"errorType": name, "errorMessage": str(error)})}
            self._finish({**self._look(run), "error": output, "publishing": self.publishing})
            if self.stores.runs.get(run["tenantId"], run["runId"]) is None:
                raise

    def _until_review(self, run: dict[str, str], request: dict[str, str]) -> None:
        complete = False
        while not complete:
            planned = self._step("Plan", partial(self._plan, {**request, "pull": self.pull}))
            self._enter("Fetch")
            for task in self._ordered(planned["tasks"]):
                self._fetch({**run, "pull": self.pull, "task": task})
            sealed = self._step("Seal", partial(self._seal, {**run, "pull": self.pull}))
            complete = sealed["complete"]
            self.pull += not complete
        review = self._compare(run, planned["shards"])
        if review["hold"]:
            self.holding = True
            review = self._compare(run, planned["shards"])
            assert not review["hold"]
        pull, shards = self._look(run), self._shards(planned["shards"])
        if review["publish"]:
            changed = self._shards(review["changed"])
            self.publishing = True
            self._map(
                "Publish", changed, lambda one: publish_roster(_shards(pull, one), self.stores, now=self.now)
            )
        if review["deliver"]:
            self._map(
                "Deliver",
                shards,
                lambda one: deliver_groups(_shards(pull, one), self.stores, self.bus, now=self.now),
            )

    def _compare(self, run: dict[str, str], planned: Sequence[Sequence[int]]) -> dict[str, Any]:
        pull, shards = self._look(run), self._shards(planned)
        look = parse_request(LookRequest, pull)
        self._map("People", shards, lambda one: reconcile_people(_shards(pull, one), self.stores))
        self._step("Owners", lambda: assign_owners(look, self.stores))
        self._map("Classes", shards, lambda one: reconcile_classes(_shards(pull, one), self.stores))
        self._map("Groups", shards, lambda one: reconcile_groups(_shards(pull, one), self.stores))
        return self._step("Review", lambda: review_changes(look, self.stores))

    def _look(self, run: dict[str, str]) -> dict[str, Any]:
        return {**run, "pull": self.pull, "holding": self.holding}

    def _plan(self, request: dict[str, Any]) -> dict[str, Any]:
        return plan_pull(
            parse_request(PlanRequest, request),
            self.stores,
            self.server.connect,
            now=self.now,
            default_time_zone="UTC",
            page_size=self.way.page_size,
            fetch_tasks=self.way.fetch_tasks,
            lease_seconds=LEASE_SECONDS,
            stop_removals=self.way.stop_removals,
        )

    def _fetch(self, request: dict[str, Any]) -> None:
        part, done = 0, False
        while not done:
            event = {**request, "part": part}
            done = self._attempt(partial(self._fetch_part, event))["done"]
            part += 1

    def _fetch_part(self, event: dict[str, Any]) -> dict[str, Any]:
        requests_left = [self.way.requests_per_part]

        def seconds_left() -> float:
            requests_left[0] -= 1
            return 1_000.0 if requests_left[0] >= 0 else 0.0

        return fetch_pages(
            parse_request(FetchRequest, event),
            self.stores,
            self.server.connect,
            requests_in_flight=self.way.in_flight,
            seconds_left=seconds_left,
        )

    def _seal(self, request: dict[str, Any]) -> dict[str, Any]:
        return seal_pull(
            parse_request(PullRequest, request),
            self.stores,
            self.server.connect,
            requests_in_flight=self.way.in_flight,
        )

    def _finish(self, request: dict[str, Any]) -> None:
        self._step(
            "Finish",
            lambda: finish_run(
                parse_request(FinishRequest, request),
                self.stores,
                now=self.now,
                longest_function_seconds=LONGEST_FUNCTION_SECONDS,
            ),
        )

    def _map(self, state: str, tasks: list[list[int]], run: Callable[[list[int]], None]) -> None:
        self._enter(state)
        for task in self._ordered(tasks):
            self._attempt(partial(run, task))

    def _step(self, state: str, call: Callable[[], T]) -> T:
        self._enter(state)
        return self._attempt(call)

    def _enter(self, state: str) -> None:
        self.before(state)

    def _attempt(self, call: Callable[[], T]) -> T:
        """Call as the state's Retry does, and once more where everything is run twice."""
        failed: Counter[bool] = Counter()
        while True:
            try:
                result: T = self.invoke(call)
                return call() if self.way.twice else result
            except RetryableError as error:
                # Each of a state's retriers counts for itself.
                at_server = isinstance(error, RosterServerUnavailable)
                failed[at_server] += 1
                if failed[at_server] >= (ATTEMPTS_AT_SERVER if at_server else ATTEMPTS):
                    raise

    def _shards(self, planned: Sequence[Sequence[int]]) -> list[list[int]]:
        if not self.way.shards:
            return [list(task) for task in planned]
        every = self._ordered([shard for task in planned for shard in task])
        return [every[begin : begin + self.way.shards] for begin in range(0, len(every), self.way.shards)]

    def _ordered(self, things: Sequence[T]) -> list[T]:
        if self.way.order is None:
            return list(things)
        return self.way.order.sample(things, len(things))


def _shards(pull: dict[str, Any], shards: list[int]) -> ShardsRequest:
    return parse_request(ShardsRequest, {**pull, "shards": shards})
