"""Review: add the tallies up, let the guard judge, decide what is published (RULES §4)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from rostersync.roster.owners import Finding
from rostersync.roster.readiness import Readiness
from rostersync.roster.records import COLLECTIONS, SetAside
from rostersync.steps.assign_owners import FINDINGS
from rostersync.steps.guarding import PUBLISH_ALL, Decision, Guarding, reason_of
from rostersync.steps.keeping import SHOWN_ALL_THE_SAME
from rostersync.steps.preview_readiness import judge_readiness
from rostersync.steps.requests import LookRequest
from rostersync.steps.staged_pull import ALL_SHARDS, SET_ASIDE, TALLY, StagedPull
from rostersync.steps.tallies import STANDS, STATISTICS, add_up, under
from rostersync.storage import staged
from rostersync.storage.lines import encode_lines
from rostersync.storage.stores import Stores

NOTED: Final = "noted"
"""The section of a run's issues with what was taken and should be looked at all the same."""

WOULD_BE_HELD: Final = "a sync of this would be held: it takes away more than may go without an approval"
WOULD_BE_STOPPED: Final = "a sync of this would publish nothing before an approval: {}"
REMOVALS_STOPPED: Final = "removals are stopped: what ClassLink has no more stays"


class Review(Struct, frozen=True, kw_only=True):
    """What a run found, in the shape of its run item. ``shards`` have something to publish, and will be.

    ``held``: the run has a list of its own; ``stopped`` says why nothing is published though there is.
    ``approved`` and ``over`` name the runs whose lists are decided with this one: somebody has approved it,
    or nothing on it is missing any more; "" for none.
    """

    outcome: str
    reason: str
    held: bool
    approved: str
    over: str
    stopped: str
    shards: tuple[int, ...]
    collections: dict[str, dict[str, int | None]]
    statistics: dict[str, int]
    changes: dict[str, dict[str, int]]
    with_groups: int
    without_groups: dict[str, int]
    notes: dict[str, int]
    warnings: tuple[str, ...]
    readiness: Readiness | None = None


def review_changes(request: LookRequest, stores: Stores) -> dict[str, Any]:
    """Stage the review; return whether to hold, to publish, which shards, and whether to deliver.

    Raises ``OtherDistrict``.
    """
    staged_pull = StagedPull(stores, request)
    owners = staged.owners(*staged_pull.look)
    tallies = []
    writes_of = {}
    for shard in ALL_SHARDS:
        mine = [
            msgspec.json.decode(staged_pull.section(key, section), type=dict[str, int])
            for key, section in (
                (staged.people(*staged_pull.look, shard), TALLY),
                (owners, f"{TALLY}/{shard:x}"),
                (staged.classes(*staged_pull.look, shard), TALLY),
                (staged.groups(*staged_pull.look, shard), TALLY),
            )
        ]
        tallies += mine
        writes_of[shard] = sum(sum(under(tally, "writes").values()) for tally in mine)
    total = add_up(tallies)
    plan, verdict = staged_pull.plan, staged_pull.verdict
    guarding = Guarding(staged_pull)
    decision = guarding.decide()
    if decision.way == "hold":
        return {"hold": True, "publish": False, "deliver": False, "changed": []}
    publishes = decision.way == "publish"
    shards = tuple(shard for shard in ALL_SHARDS if writes_of[shard] and publishes)
    shown = _shown_all_the_same(staged_pull) if plan.additions_only else Counter()
    without = {
        reason: left for reason, count in under(total, "without").items() if (left := count - shown[reason])
    }
    statistics = {name: total[f"statistics/{name}"] for name in STATISTICS}
    review = Review(
        outcome=_outcome(plan.mode, decision, shards),
        reason=reason_of(decision, guarding.causes),
        held=decision.held,
        approved="" if decision.stopped else plan.permits,
        over="" if decision != PUBLISH_ALL or plan.additions_only or total[STANDS] else plan.keeps,
        stopped=decision.stopped,
        shards=shards,
        collections={
            collection: {
                "announced": plan.announced[collection],
                "received": verdict.received[collection],
                "kept": total[f"kept/{collection}"],
                "setAside": verdict.set_aside.get(collection, 0),
                "duplicates": total[f"duplicates/{collection}"],
            }
            for collection in COLLECTIONS
        },
        statistics=statistics,
        changes={}
        if decision.stopped
        else {change: under(total, change) for change in ("added", "changed", "removed")},
        with_groups=total["classes/with groups"] + shown.total(),
        without_groups=without,
        notes=under(total, "noted"),
        warnings=(
            *verdict.warnings,
            *_no_groups(statistics, without),
            *(_what_a_sync_would_meet(guarding) if plan.mode == "preview" else ()),
            *((REMOVALS_STOPPED,) if plan.additions_only else ()),
        ),
        readiness=judge_readiness(staged_pull, under(total, "noted")) if plan.mode == "preview" else None,
    )
    stores.staging.put_json(staged.review(*staged_pull.look), review)
    _keep_issues(staged_pull, stores)
    return {
        "hold": False,
        "publish": bool(shards),
        "deliver": review.outcome != "previewed",
        "changed": [found for task in plan.shards if (found := [shard for shard in task if shard in shards])],
    }


def _shown_all_the_same(staged_pull: StagedPull) -> Counter[str]:
    """Count, by reason, classes that yield no groups and have some: while removals are stopped these stay.

    The groups of one class lie with its owners, each in a shard of its own; it is one class all the same.
    """
    return Counter(staged_pull.united(staged.groups, SHOWN_ALL_THE_SAME).values())


def _what_a_sync_would_meet(guarding: Guarding) -> tuple[str, ...]:
    if why := guarding.stops:
        return (WOULD_BE_STOPPED.format(why),)
    return (WOULD_BE_HELD,) if guarding.trips else ()


def _outcome(mode: str, decision: Decision, shards: tuple[int, ...]) -> str:
    if mode == "preview":
        return "previewed"
    if decision.held or decision.stopped:
        return "held"
    return "published" if shards else "unchanged"


def _keep_issues(staged_pull: StagedPull, stores: Stores) -> None:
    """Keep what was set aside, and what was found about owners, for an admin to read (promises 5 and 9)."""
    owners = staged.owners(*staged_pull.look)
    findings = msgspec.json.decode(staged_pull.section(owners, FINDINGS), type=list[Finding])
    found = [
        SetAside(collection="teachers", sourced_id=teacher_id, field="email", reason=finding.kind)
        for finding in findings
        for teacher_id in finding.teacher_ids
    ]
    stores.staging.put_pack(
        staged.issues(*staged_pull.run),
        {SET_ASIDE: encode_lines(staged_pull.rows_set_aside), NOTED: encode_lines(found)},
    )


def _no_groups(statistics: Mapping[str, int], without: Mapping[str, int]) -> tuple[str, ...]:
    """Warn of a roster that yields nothing, naming the rule that excluded most (RULES 1.7)."""
    people = statistics["teachers"] + statistics["students"]
    if statistics["groups"] or not people or not without:
        return ()
    reason, classes = max(without.items(), key=lambda item: (item[1], item[0]))
    return (f"no class yields a group; most of them, {classes}, because of: {reason}",)
