"""Review: add the tallies up and decide what is published. The guard's place (RULES §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from rostersync.roster.records import COLLECTIONS
from rostersync.steps.requests import PullRequest
from rostersync.steps.staged_pull import ALL_SHARDS, TALLY, StagedPull
from rostersync.steps.tallies import STATISTICS, add_up, under
from rostersync.storage import staged
from rostersync.storage.stores import Stores


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
    )
    stores.staging.put_json(staged.review(*run, pull), review)
    return {
        "publish": review.outcome == "published",
        "deliver": review.outcome != "previewed",
        "changed": [found for task in plan.shards if (found := [shard for shard in task if shard in shards])],
    }


def _no_groups(statistics: Mapping[str, int], without: Mapping[str, int]) -> tuple[str, ...]:
    """Warn of a roster that yields nothing, naming the rule that excluded most (RULES 1.7)."""
    people = statistics["teachers"] + statistics["students"]
    if statistics["groups"] or not people or not without:
        return ()
    reason, classes = max(without.items(), key=lambda item: (item[1], item[0]))
    return (f"no class yields a group; most of them, {classes}, because of: {reason}",)
