"""Seal: judge whether the pull is complete; read enrolled teachers who are in no people collection."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from rostersync.errors import PullIncomplete, RosterServerUnreliable
from rostersync.oneroster.lookup import read_users
from rostersync.oneroster.payloads import Row
from rostersync.oneroster.server import RosterServer
from rostersync.roster import completeness
from rostersync.roster.completeness import Answer
from rostersync.roster.identity import id_hash
from rostersync.roster.merging import newest
from rostersync.roster.records import COLLECTIONS, PEOPLE_COLLECTIONS, Enrollment, Person, SetAside
from rostersync.steps.budget import may_pull_again, shared_budget
from rostersync.steps.requests import PullRequest
from rostersync.steps.staged_pull import (
    ALL_SHARDS,
    ENROLLED_TEACHERS,
    PULLS,
    SET_ASIDE,
    TALLY,
    USERS,
    Part,
    StagedPull,
    Verdict,
    ids_section,
    records_section,
)
from rostersync.steps.tallies import add_up
from rostersync.storage import staged
from rostersync.storage.integrations import Integration
from rostersync.storage.lines import decode_lines, encode_lines
from rostersync.storage.stores import Stores

Parts: TypeAlias = Sequence[tuple[str, Part]]

UNREAD = "{} more enrolled teachers are in no collection of people; share teachers in Roster Server"

EMPTY_NOW = (
    "nothing was received, and there was something before; if that is meant, enter the credentials again"
)

USERS_READ = 200
"""Enrolled teachers read one by one at the most; above it a permission is missing, not a few records."""


def seal_pull(
    request: PullRequest,
    stores: Stores,
    connect: Callable[[Integration], RosterServer],
    *,
    requests_in_flight: int,
) -> dict[str, Any]:
    """Stage the verdict on a pull; return whether it is complete.

    Raises ``PullIncomplete`` when the last pull allowed is not, naming collection and reason, and
    ``RosterServerUnreliable`` when so many requests failed that there is to be no other.
    """
    staged_pull = StagedPull(stores, request)
    parts = list(staged_pull.parts())
    answers = _answers(staged_pull, parts)
    judged = {collection: _judge(staged_pull, collection, answers[collection]) for collection in COLLECTIONS}
    reasons = {collection: found.reason for collection, found in judged.items() if found.reason}
    not_empty = _not_empty(staged_pull, judged)
    for collection in not_empty & {one for one, found in judged.items() if not found.received}:
        # A server that announces no totals, and for once sends nothing, looks like one that has nothing.
        reasons.setdefault(collection, EMPTY_NOW)
    not_records = dict(add_up(part.not_records for _, part in parts))
    before = staged_pull.previous_verdict
    for collection, count in not_records.items():
        # What is no record may hide one. When it comes again as often, it is the server's own.
        if before is None or before.not_records.get(collection, 0) != count:
            reasons.setdefault(collection, f"{count} rows are no records")
    verdict = Verdict(
        complete=not reasons,
        reasons=reasons,
        parts=tuple(key for key, _ in parts),
        received={collection: found.received for collection, found in judged.items()},
        set_aside=dict(add_up(part.set_aside for _, part in parts)),
        in_flight=min([requests_in_flight, *(part.in_flight for _, part in parts)]),
        largest_page=min([staged_pull.plan.page_size, *(part.largest_page for _, part in parts)]),
        not_records=not_records,
        repeated={
            collection: {f"{one:x}": count for one, count in found.repeated.items()}
            for collection, found in judged.items()
            if found.repeated
        },
        not_empty=tuple(sorted(not_empty)),
    )
    users: list[Person] = []
    users_set_aside: list[SetAside] = []
    if verdict.complete:
        known = {one for people in PEOPLE_COLLECTIONS for answer in answers[people] for one in answer.ids}
        missing = sorted(
            teacher for teacher in _enrolled_teachers(staged_pull, parts) if id_hash(teacher) not in known
        )
        planned = staged_pull.plan.requests
        with shared_budget(connect(staged_pull.integration()), stores, request, planned) as server:
            users, users_set_aside, unknown = _read_users(server, missing[:USERS_READ], verdict.in_flight)
        unread = (*unknown, *missing[USERS_READ:])
        verdict = replace(
            verdict,
            placed=_place_repeated(staged_pull, verdict.parts, judged["enrollments"].repeated),
            unread=unread,
            warnings=(UNREAD.format(len(unread)),) if unread else (),
        )
    stores.staging.put_pack(
        staged.verdict(*staged_pull.run, request.pull),
        {
            TALLY: msgspec.json.encode(verdict),
            USERS: encode_lines(users),
            SET_ASIDE: encode_lines(users_set_aside),
        },
        once=True,
    )
    if reasons:
        _require_another_pull(request, stores, reasons)
    return {"complete": verdict.complete}


def _require_another_pull(request: PullRequest, stores: Stores, reasons: Mapping[str, str]) -> None:
    """Raise ``PullIncomplete`` after the last pull, ``RosterServerUnreliable`` after too many failures."""
    listed = "; ".join(f"{collection}: {reason}" for collection, reason in sorted(reasons.items()))
    if request.pull == PULLS:
        raise PullIncomplete(
            f"after {PULLS} pulls the roster could still not be shown to be complete ({listed}); "
            "nothing was changed. Run the sync again when the Roster Server's data is at rest"
        )
    sent = stores.runs.requests(request.tenant_id, request.run_id)
    if not may_pull_again(sent, request.pull):
        raise RosterServerUnreliable(
            f"the roster could not be shown to be complete ({listed}), and {sent.failed} of {sent.sent} "
            "requests failed: too many to pull it once more. Nothing was changed; run the sync again later"
        )


def _answers(staged_pull: StagedPull, parts: Parts) -> Mapping[str, list[Answer]]:
    """Return every answer of the pull with its ids, by collection."""
    answers: dict[str, list[Answer]] = defaultdict(list)
    for key, part in parts:
        taken: Counter[str] = Counter()
        ids: dict[str, array[int]] = {}
        for one in part.answers:
            if one.collection not in ids:
                ids[one.collection] = array("Q", staged_pull.section(key, ids_section(one.collection)))
            begin = taken[one.collection]
            taken[one.collection] += one.ids
            answers[one.collection].append(
                Answer(
                    offset=one.offset,
                    rows=one.rows,
                    first=one.first,
                    last=one.last,
                    ids=ids[one.collection][begin : begin + one.ids],
                    total=one.total,
                    revision=one.revision,
                )
            )
    return answers


def _judge(staged_pull: StagedPull, collection: str, answers: list[Answer]) -> completeness.Verdict:
    """Judge one collection by its answers, the pull before, and what was shared when this one was planned."""
    before = staged_pull.previous_verdict
    earlier = None
    if before is not None:
        earlier = {int(one, 16): count for one, count in before.repeated.get(collection, {}).items()}
    plan = staged_pull.plan
    found = completeness.judge(collection, answers, plan.announced[collection], earlier)
    if found.complete and any(answer.revision != plan.revisions[collection] for answer in answers):
        return replace(found, complete=False, reason="what the server shares was changed during the pull")
    if found.complete and plan.found.get(collection, found.received) != found.received:
        # Without a total a page that begins too late looks like the whole of a small collection.
        reason = f"{found.received} rows were received and {plan.found[collection]} found when it was planned"
        return replace(found, complete=False, reason=reason)
    return found


def _not_empty(staged_pull: StagedPull, judged: Mapping[str, completeness.Verdict]) -> set[str]:
    """Return the collections of which a row was seen: on connecting, or by the run, in this pull too."""
    plan, before = staged_pull.plan, staged_pull.previous_verdict
    return {
        *plan.not_empty,
        *(before.not_empty if before else ()),
        *(collection for collection, found in judged.items() if found.received),
        *(collection for collection, rows in plan.found.items() if rows),
    }


def _enrolled_teachers(staged_pull: StagedPull, parts: Parts) -> set[str]:
    return {
        teacher
        for key, _ in parts
        for teacher in msgspec.json.decode(staged_pull.section(key, ENROLLED_TEACHERS), type=list[str])
    }


def _read_users(
    server: RosterServer, teachers: list[str], in_flight: int
) -> tuple[list[Person], list[SetAside], list[str]]:
    """Read ``/users/{id}`` for each; 404 twice is absence, any other error is the pull's.

    Returns people, rows set aside, and the ids answered with somebody else: nothing is known of them.
    """
    rows: list[tuple[str, Row]] = []
    for _ in range(2):
        answers = list(zip(teachers, read_users(server.user, teachers, in_flight=in_flight), strict=True))
        rows += [(teacher, row) for teacher, row in answers if row is not None]
        teachers = [teacher for teacher, row in answers if row is None]
    right = [row for teacher, row in rows if row.sourced_id == teacher]
    people = [row.record for row in right if isinstance(row.record, Person)]
    unknown = [teacher for teacher, row in rows if row.sourced_id != teacher]
    return people, [row.set_aside for row in right if row.set_aside is not None], unknown


def _place_repeated(
    staged_pull: StagedPull, parts: Iterable[str], repeated: Mapping[int, int]
) -> dict[str, str]:
    """Return for each enrollment id that came more than once the class of the row that counts (RULES 1.1).

    Enrollments lie with their class, so only here can two rows of one id with different classes meet.
    """
    if not repeated:
        return {}
    winners: dict[str, Enrollment] = {}
    for key in parts:
        for shard in ALL_SHARDS:
            section = staged_pull.section(key, records_section("enrollments", shard))
            for row in decode_lines(section, Enrollment):
                if id_hash(row.sourced_id) in repeated:
                    winner = winners.get(row.sourced_id)
                    winners[row.sourced_id] = row if winner is None else newest(winner, row)
    return {sourced_id: winner.class_id for sourced_id, winner in winners.items()}
