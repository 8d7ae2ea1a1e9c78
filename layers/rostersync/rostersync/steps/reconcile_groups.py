"""Groups: an owner's drafts together, named apart, against that owner's stored groups."""

from collections import Counter, defaultdict

import msgspec

from rostersync.roster import groups as rules
from rostersync.roster.classes import Draft
from rostersync.roster.statistics import Statistics
from rostersync.steps.preview_readiness import IN_GROUPS, InGroups
from rostersync.steps.reconcile_classes import drafts_section
from rostersync.steps.reconcile_people import CHANGES
from rostersync.steps.requests import ShardsRequest
from rostersync.steps.staged_pull import ALL_SHARDS, TALLY, StagedPull
from rostersync.steps.tallies import Tally, count_statistics
from rostersync.storage import items, keys, staged
from rostersync.storage.changes import ChangedItems
from rostersync.storage.lines import decode_lines
from rostersync.storage.stores import Stores
from rostersync.storage.table import Item


def reconcile_groups(request: ShardsRequest, stores: Stores) -> None:
    """Stage, for each shard of owners, the groups and class lists to write."""
    staged_pull = StagedPull(stores, request)
    for shard in request.shards:
        key = staged.groups(*staged_pull.run, request.pull, shard)
        stores.staging.put_pack(key, _reconcile(staged_pull, stores, shard))


def _reconcile(staged_pull: StagedPull, stores: Stores, shard: int) -> dict[str, bytes]:
    tenant_id, plan = staged_pull.request.tenant_id, staged_pull.plan
    drafts: dict[str, list[Draft]] = defaultdict(list)
    for class_shard in ALL_SHARDS:
        key = staged.classes(*staged_pull.run, staged_pull.request.pull, class_shard)
        for draft in decode_lines(staged_pull.section(key, drafts_section(shard)), Draft):
            drafts[draft.owner_id].append(draft)
    groups: dict[str, dict[str, rules.Group]] = defaultdict(dict)
    for item in stores.table.query(keys.groups_partition(tenant_id, shard)):
        if not keys.is_sent(item["sk"]):
            group = items.group_of(item)
            groups[group.owner_id][group.group_id] = group
    class_lists: dict[str, Item] = {
        keys.owner_of(item["sk"]): item
        for item in stores.table.query(keys.owners_partition(tenant_id, shard), keys.CLASS_LIST_PREFIX)
    }
    tally: Tally = Counter()
    changed = ChangedItems()
    in_groups = InGroups()
    for owner_id in sorted({*drafts, *groups, *class_lists}):
        result = rules.reconcile_groups(
            tenant_id,
            owner_id,
            drafts[owner_id],
            groups[owner_id],
            version=plan.started_at,
            settings=plan.settings,
            rewrite=plan.mode == "full",
        )
        for group in result.put:
            changed.put(items.group_item(tenant_id, group))
        for change in ("added", "changed", "removed"):
            tally[f"{change}/groups"] += getattr(result, change)
        count_statistics(
            tally,
            Statistics(
                groups=len(result.current), memberships=sum(len(group.members) for group in result.current)
            ),
        )
        if plan.mode == "preview":
            in_groups.note(result.current)
        before = class_lists.get(owner_id)
        if result.classes:
            now = items.class_list_item(tenant_id, owner_id, result.classes)
            if before is None or before["fp"] != now["fp"] or plan.mode == "full":
                changed.put(now)
        elif before is not None:
            changed.delete((before["pk"], before["sk"]))
    tally["writes/groups"] += len(changed)
    sections = {TALLY: msgspec.json.encode(tally), CHANGES: changed.encode()}
    if plan.mode == "preview":
        sections[IN_GROUPS] = msgspec.json.encode(in_groups, order="deterministic")
    return sections
