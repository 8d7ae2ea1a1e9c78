"""A night of a lean district, state by state, each invocation in a process of its own."""

import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from benchmarks.lean_aws import LeanBus, LeanDynamoDB, LeanS3, Meter
from benchmarks.lean_district import LeanDistrict
from rostersync.clock import milliseconds
from rostersync.observability import collect_seldom
from rostersync.oneroster.server import RosterServer
from rostersync.oneroster.windows import Window
from rostersync.roster.records import COLLECTIONS
from rostersync.roster.settings import RosterSettings
from rostersync.senso.bus import Bus
from rostersync.steps.assign_owners import assign_owners
from rostersync.steps.deliver_groups import deliver_groups
from rostersync.steps.fetch_pages import FetchRequest, fetch_pages
from rostersync.steps.plan_pull import cut_windows, deal
from rostersync.steps.publish_roster import publish_roster
from rostersync.steps.reconcile_classes import reconcile_classes
from rostersync.steps.reconcile_groups import reconcile_groups
from rostersync.steps.reconcile_people import reconcile_people
from rostersync.steps.requests import LookRequest, PullRequest, ShardsRequest, parse_request
from rostersync.steps.review_changes import review_changes
from rostersync.steps.seal_pull import seal_pull
from rostersync.steps.staged_pull import Plan
from rostersync.storage import staged
from rostersync.storage.integrations import Integration
from rostersync.storage.secrets import Secrets
from rostersync.storage.staging import Staging
from rostersync.storage.stores import Stores
from rostersync.storage.table import Table

TENANT: Final = "springfield"
FETCH_TASKS: Final = 2
REQUESTS_IN_FLIGHT: Final = 4
PAGE_SIZE: Final = 5_000
AT_ONCE: Final = 2
"""Invocations at once on this machine; it has few cores."""

_FORK: Final = multiprocessing.get_context("fork")


@dataclass
class StepCost:
    """What the invocations of one step took: CPU seconds of our code, the longest and the largest of them."""

    invocations: int = 0
    cpu: float = 0.0
    longest: float = 0.0
    peak_bytes: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)

    def take(self, found: Mapping[str, Any]) -> None:
        """Add one invocation."""
        self.invocations += 1
        self.cpu += found["cpu"]
        self.longest = max(self.longest, found["cpu"])
        self.peak_bytes = max(self.peak_bytes, found["peak"])
        self.counts.update(found["counts"])
        self.most |= Counter(found["counts"])


@dataclass(frozen=True)
class Night:
    """One run over a district, over what earlier ones left in ``folder``; ``shards``: those of each task."""

    folder: Path
    district: LeanDistrict
    started: datetime
    shards: tuple[tuple[int, ...], ...]

    @property
    def run_id(self) -> str:
        """The run's name."""
        return f"night-{milliseconds(self.started)}"

    def run(self) -> dict[str, StepCost]:
        """Run every state that works on records; return what each took."""
        costs: dict[str, StepCost] = {}
        self._prepare()
        look = {"tenantId": TENANT, "runId": self.run_id, "pull": 1}

        def shards(step: str, tasks: Iterable[tuple[int, ...]] = self.shards) -> None:
            requests = [parse_request(ShardsRequest, {**look, "shards": task}) for task in tasks]
            costs[step] = self._map([_Invocation(self, step, request) for request in requests])

        costs["fetch_pages"] = StepCost()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for found in pool.map(lambda task: self._fetch(look, task), range(FETCH_TASKS)):
                for one in found:
                    costs["fetch_pages"].take(one)
        costs["seal_pull"] = self._map([_Invocation(self, "seal_pull", parse_request(PullRequest, look))])
        shards("reconcile_people")
        request = parse_request(LookRequest, look)
        costs["assign_owners"] = self._map([_Invocation(self, "assign_owners", request)])
        shards("reconcile_classes")
        shards("reconcile_groups")
        review = _Invocation(self, "review_changes", request)
        answer = review.run()
        costs["review_changes"] = StepCost()
        costs["review_changes"].take(answer)
        if answer["result"]["publish"]:
            shards("publish_roster", answer["result"]["changed"])
        shards("deliver_groups")
        LeanDynamoDB(self.folder / "table", Meter()).settle()
        return costs

    def _fetch(self, look: dict[str, Any], task: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while not found or not found[-1]["result"]["done"]:
            request = parse_request(FetchRequest, {**look, "task": task, "part": len(found)})
            found.append(_Invocation(self, "fetch_pages", request).run())
        return found

    def _map(self, invocations: list["_Invocation"]) -> StepCost:
        cost = StepCost()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for found in pool.map(_Invocation.run, invocations):
                cost.take(found)
        return cost

    def _prepare(self) -> None:
        """Leave what Plan leaves, with as many tasks for every size; connect and take the lease."""
        stores = stores_in(self.folder, Meter())
        connect(stores, "https://roster.example/ims/oneroster/v1p1")
        stores.leases.acquire(TENANT, self.run_id, self.started, 100_000)
        totals = self.district.totals
        plan = Plan(
            mode="changes",
            today=self.started.date().isoformat(),
            started_at=milliseconds(self.started),
            page_size=PAGE_SIZE,
            tasks=deal(windows_of(totals, PAGE_SIZE), FETCH_TASKS),
            shards=self.shards,
            announced=dict(totals),
            revisions=dict.fromkeys(COLLECTIONS, "1"),
            settings=RosterSettings(),
            secret_version="1",
            requests=len(COLLECTIONS),
        )
        stores.staging.put_json(staged.plan(TENANT, self.run_id, 1), plan)


@dataclass(frozen=True)
class _Invocation:
    night: Night
    step: str
    request: Any

    def run(self) -> dict[str, Any]:
        """Call the step in a process of its own; return its costs and its result."""
        ours, theirs = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=self._work, args=(theirs,))
        process.start()
        theirs.close()
        try:
            found: dict[str, Any] = ours.recv()
        except EOFError:
            raise RuntimeError(f"{self.step} died") from None
        finally:
            process.join()
        return found

    def _work(self, answer: Any) -> None:
        # As every function's handler does before its step.
        collect_seldom()
        meter = Meter()
        stores, district = stores_in(self.night.folder, meter), self.night.district
        begun = time.process_time()
        result = _STEPS[self.step](self.request, stores, district, self.night.started, meter)
        cpu = time.process_time() - begun - meter.aside - district.rendering
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        answer.send({"cpu": cpu, "peak": peak, "counts": meter.counts, "result": result})
        answer.close()


def stores_in(folder: Path, meter: Meter) -> Stores:
    """Return the real stores over a folder."""
    return Stores(
        table=Table(cast("Any", LeanDynamoDB(folder / "table", meter)), "table"),
        staging=Staging(cast("Any", LeanS3(folder / "staging", meter)), "staging"),
        secrets=Secrets(cast("Any", None), prefix=""),
    )


def windows_of(totals: Mapping[str, int], page: int) -> list[Window]:
    """Return the windows that Plan would cut of collections that announce these totals."""
    return [window for one in COLLECTIONS for window in cut_windows(one, totals[one], False, page, 1)]


def connect(stores: Stores, server_url: str) -> None:
    """Connect the tenant to a server; its secret is never read."""
    stores.integrations.connect(
        Integration(
            tenant_id=TENANT,
            server_url=server_url,
            ability={},
            secret_arn="",
            secret_version="1",
            client_id_masked="",
            hash_key=b"k" * 32,
            due_at="2026-10-05T02:00Z",
        )
    )


def _fetch(request: Any, stores: Stores, district: LeanDistrict, _: datetime, meter: Meter) -> Any:
    found = fetch_pages(
        request,
        stores,
        lambda _: cast("RosterServer", district),
        requests_in_flight=REQUESTS_IN_FLIGHT,
        seconds_left=lambda: 260.0,
    )
    meter.add("requests", district.requests_sent)
    return found


def _seal(request: Any, stores: Stores, district: LeanDistrict, _: datetime, __: Meter) -> Any:
    connect = cast("Any", lambda _: district)
    sealed = seal_pull(request, stores, connect, requests_in_flight=REQUESTS_IN_FLIGHT)
    if not sealed["complete"]:
        raise RuntimeError("the lean district's pull is not complete")
    return sealed


def _plain(step: Callable[[Any, Stores], Any]) -> Callable[..., Any]:
    return lambda request, stores, *_: step(request, stores)


def _publish(request: Any, stores: Stores, _: LeanDistrict, now: datetime, __: Meter) -> None:
    publish_roster(request, stores, now=now)


def _deliver(request: Any, stores: Stores, _: LeanDistrict, now: datetime, meter: Meter) -> None:
    deliver_groups(request, stores, Bus(cast("Any", LeanBus(meter)), "bus"), now=now)


_STEPS: Final[dict[str, Callable[..., Any]]] = {
    "fetch_pages": _fetch,
    "seal_pull": _seal,
    "reconcile_people": _plain(reconcile_people),
    "assign_owners": _plain(assign_owners),
    "reconcile_classes": _plain(reconcile_classes),
    "reconcile_groups": _plain(reconcile_groups),
    "review_changes": _plain(review_changes),
    "publish_roster": _publish,
    "deliver_groups": _deliver,
}

FIRST_NIGHT: Final = datetime(2026, 10, 5, 6, 0, tzinfo=UTC)
