"""Fetch: fill a task's windows, validate, set aside, spread over shards, stage."""

import random
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from rostersync.errors import RosterServerUnavailable
from rostersync.oneroster.normalising import NOT_A_RECORD
from rostersync.oneroster.payloads import Row
from rostersync.oneroster.pulling import Stop, pull
from rostersync.oneroster.server import RosterServer
from rostersync.oneroster.windows import Window
from rostersync.roster.classes import is_teacher_role
from rostersync.roster.completeness import Answer
from rostersync.roster.identity import shard_of
from rostersync.roster.records import Enrollment, Record, SetAside
from rostersync.roster.settings import RosterSettings
from rostersync.steps.budget import shared_budget
from rostersync.steps.requests import PullRequest
from rostersync.steps.staged_pull import (
    ENROLLED_TEACHERS,
    SET_ASIDE,
    TALLY,
    Part,
    StagedAnswer,
    StagedPull,
    ids_section,
    records_section,
)
from rostersync.storage import staged
from rostersync.storage.integrations import Integration
from rostersync.storage.lines import encode_lines
from rostersync.storage.stores import Stores

ROWS_PER_PART = 200_000
"""Rows that one invocation stages before it hands over to the next: what bounds its memory."""

IDLE_PARTS = 5
"""Invocations in a row that a server may put off without an answer before the run fails."""

PROGRESS_SECONDS = 2.0
"""How often the progress that the screen shows is written."""


class FetchRequest(PullRequest, frozen=True, kw_only=True):
    """One invocation for a task; parts follow each other until nothing remains."""

    task: Annotated[int, Meta(ge=0)]
    part: Annotated[int, Meta(ge=0)]


class Harvest(Struct):
    """What the pages of one part brought. Its methods are called under the pull's lock."""

    settings: RosterSettings
    records: dict[tuple[str, int], list[Record]] = field(default_factory=lambda: defaultdict(list))
    set_aside: list[SetAside] = field(default_factory=list)
    ids: dict[str, "array[int]"] = field(default_factory=lambda: defaultdict(lambda: array("Q")))
    answers: list[StagedAnswer] = field(default_factory=list)
    teachers: set[str] = field(default_factory=set)
    rows: Counter[str] = field(default_factory=Counter)

    def take(self, window: Window, answer: Answer, rows: Sequence[Row]) -> None:
        """Take one answer and its rows without the overlap."""
        collection = window.collection
        self.ids[collection].extend(answer.ids)
        self.answers.append(
            StagedAnswer(
                collection=collection,
                offset=answer.offset,
                rows=answer.rows,
                first=answer.first,
                last=answer.last,
                ids=len(answer.ids),
                total=answer.total,
                revision=answer.revision,
            )
        )
        self.rows[collection] += len(rows)
        for row in rows:
            if row.set_aside is not None:
                self.set_aside.append(row.set_aside)
            elif isinstance(row.record, Enrollment):
                # An enrollment lies with its class, so that a class is put together in one place.
                self.records[collection, shard_of(row.record.class_id)].append(row.record)
                if is_teacher_role(row.record.role, self.settings):
                    self.teachers.add(row.record.user_id)
            elif row.record is not None:
                self.records[collection, shard_of(row.sourced_id)].append(row.record)

    def sections(self, stop: Stop, idle: int) -> dict[str, bytes]:
        """Return the part as it is staged: one object, so that it is there whole or not at all."""
        part = Part(
            windows=stop.windows,
            wait_seconds=stop.wait_seconds,
            page_size=stop.page_size,
            largest_page=stop.largest_page,
            in_flight=stop.in_flight,
            answers=tuple(self.answers),
            set_aside=dict(Counter(row.collection for row in self.set_aside)),
            not_records=dict(Counter(row.collection for row in self.set_aside if row.reason == NOT_A_RECORD)),
            idle=idle,
        )
        sections = {
            TALLY: msgspec.json.encode(part),
            SET_ASIDE: encode_lines(self.set_aside),
            ENROLLED_TEACHERS: msgspec.json.encode(sorted(self.teachers)),
        }
        for collection, ids in self.ids.items():
            sections[ids_section(collection)] = ids.tobytes()
        for (collection, shard), records in self.records.items():
            sections[records_section(collection, shard)] = encode_lines(records)
        return sections


def fetch_pages(
    request: FetchRequest,
    stores: Stores,
    connect: Callable[[Integration], RosterServer],
    *,
    requests_in_flight: int,
    seconds_left: Callable[[], float],
) -> dict[str, Any]:
    """Stage one part of a task; return whether the task is done, else the seconds to wait before the next.

    Raises what the Roster Server's answers raise; a part that was not staged was not pulled.
    """
    staged_pull = StagedPull(stores, request)
    plan = staged_pull.plan
    if request.part == 0:
        pulled_before = staged_pull.previous_verdict
        if pulled_before is None:
            page_size, in_flight = plan.page_size, requests_in_flight
        else:
            page_size, in_flight = pulled_before.largest_page, pulled_before.in_flight
        windows, largest_page, idle = plan.tasks[request.task], page_size, 0
    else:
        _, before = staged_pull.part(request.task, request.part - 1)
        windows, page_size, in_flight = before.windows, before.page_size, before.in_flight
        largest_page = before.largest_page
        idle = before.idle
    harvest = Harvest(plan.settings)
    progress = _Progress(request, stores, staged_pull)

    def take(window: Window, answer: Answer, rows: Sequence[Row]) -> None:
        harvest.take(window, answer, rows)
        progress.show(harvest.rows)

    def room_left() -> float:
        return 0.0 if sum(harvest.rows.values()) >= ROWS_PER_PART else seconds_left()

    with shared_budget(connect(staged_pull.integration()), stores, request, plan.requests) as server:
        stop = pull(
            server,
            windows,
            page_size=page_size,
            largest_page=largest_page,
            in_flight=in_flight,
            seconds_left=room_left,
            take=take,
            wait=time.sleep,
            random=random.Random(),  # noqa: S311 - jitter
        )
    idle = 0 if harvest.answers else idle + 1
    if stop.windows and idle >= IDLE_PARTS:
        raise RosterServerUnavailable(
            f"the Roster Server put us off {idle} times in a row and sent nothing; run the sync again later"
        )
    key = staged.fetch_part(*staged_pull.run, request.pull, request.task, request.part)
    first = stores.staging.put_pack(key, harvest.sections(stop, idle), once=True)
    progress.show(harvest.rows, at_once=True)
    if not first:
        # Another invocation staged this part before: what it has left to read is what remains.
        _, part = staged_pull.part(request.task, request.part)
        return {"done": not part.windows, "waitSeconds": part.wait_seconds}
    return {"done": not stop.windows, "waitSeconds": stop.wait_seconds}


class _Progress:
    """Writes how many rows each task has, by value, for the screen."""

    def __init__(self, request: FetchRequest, stores: Stores, staged_pull: StagedPull) -> None:
        self._request = request
        self._runs = stores.runs
        self._shown_at = time.monotonic()
        self._before: Counter[str] = Counter()
        for number in range(request.part):
            _, part = staged_pull.part(request.task, number)
            for answer in part.answers:
                self._before[answer.collection] += answer.rows - (answer.offset > 0)

    def show(self, rows: Counter[str], *, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._shown_at >= PROGRESS_SECONDS:
            self._shown_at = time.monotonic()
            self._runs.put_progress(
                self._request.tenant_id, self._request.run_id, self._request.task, self._before + rows
            )
