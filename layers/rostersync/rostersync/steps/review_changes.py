"""Review: add the tallies up and decide what is published. The guard's place (RULES §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from rostersync.roster.owners import Finding
from rostersync.roster.readiness import Readiness
from rostersync.roster.records import COLLECTIONS, SetAside
from rostersync.steps.assign_owners import FINDINGS
from rostersync.steps.preview_readiness import judge_readiness
from rostersync.steps.requests import PullRequest
from rostersync.steps.staged_pull import ALL_SHARDS, SET_ASIDE, TALLY, StagedPull
from rostersync.steps.tallies import STATISTICS, add_up, under
from rostersync.storage import staged
from rostersync.storage.lines import encode_lines
from rostersync.storage.stores import Stores

NOTED: Final = "noted"
"""The section of a run's issues with what was taken and should be looked at all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a run found, in the shape of its run item. ``shards`` have something to publish."""

    outcome: str
    shards: tuple[int, ...]
    collections: dict[str, dict[str, int | None]]
    statistics: dict[str, int]
    changes: dict[str, dict[str, int]]
    without_groups: dict[str, int]
    notes: dict[str, int]
    warnings: tuple[str, ...]
    requests: int
    readiness: Readiness | None = None


def review_changes(request: PullRequest, stores: Stores) -> dict[str, Any]:
    """Stage the review; return whether to publish, which shards, and whether to deliver."""
    staged_pull = StagedPull(stores, request)
    run, pull = staged_pull.run, request.pull
    owners = staged.owners(*run, pull)
    tallies = []
    writes_of = {}
    for shard in ALL_SHARDS:
        mine = [
            msgspec.json.decode(staged_pull.section(key, section), type=dict[str, int])
            for key, section in (
                (staged.people(*run, pull, shard), TALLY),
                (owners, f"{TALLY}/{shard:x}"),
                (staged.classes(*run, pull, shard), TALLY),
                (staged.groups(*run, pull, shard), TALLY),
            )
        ]
        tallies += mine
        writes_of[shard] = sum(sum(under(tally, "writes").values()) for tally in mine)
    total = add_up(tallies)
    plan, verdict = staged_pull.plan, staged_pull.verdict
    shards = tuple(shard for shard in ALL_SHARDS if writes_of[shard])
    without = under(total, "without")
    statistics = {name: total[f"statistics/{name}"] for name in STATISTICS}
    review = Review(
        outcome="previewed" if plan.mode == "preview" else "published" if shards else "unchanged",
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
        changes={change: under(total, change) for change in ("added", "changed", "removed")},
        without_groups=without,
        notes=under(total, "noted"),
        warnings=(*verdict.warnings, *_no_groups(statistics, without)),
        requests=verdict.requests,
        readiness=judge_readiness(staged_pull, under(total, "noted")) if plan.mode == "preview" else None,
    )
    stores.staging.put_json(staged.review(*run, pull), review)
    _keep_issues(staged_pull, stores)
    return {
        "publish": review.outcome == "published",
        "deliver": review.outcome != "previewed",
        "changed": [found for task in plan.shards if (found := [shard for shard in task if shard in shards])],
    }


def _keep_issues(staged_pull: StagedPull, stores: Stores) -> None:
    """Keep what was set aside, and what was found about owners, for an admin to read (promises 5 and 9)."""
    owners = staged.owners(*staged_pull.run, staged_pull.request.pull)
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
