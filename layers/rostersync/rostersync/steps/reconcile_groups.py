"""Groups: an owner's drafts together, named apart, against that owner's stored groups."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import msgspec

from rostersync.roster import groups as rules
from rostersync.roster.classes import Draft
from rostersync.roster.guard import Counts
from rostersync.roster.losses import Baseline, LostGroup, LostPerson, Permitted, count_groups
from rostersync.roster.statistics import Statistics
from rostersync.steps.assign_owners import OWNERS, OWNERS_BEFORE
from rostersync.steps.keeping import GUARD, LOST_GROUPS, LOST_PEOPLE, SHOWN_ALL_THE_SAME, WITHOUT, Keeping
from rostersync.steps.preview_readiness import IN_GROUPS, InGroups
from rostersync.steps.reconcile_classes import baselines_section, drafts_section
from rostersync.steps.reconcile_people import CHANGES
from rostersync.steps.requests import ShardsRequest
from rostersync.steps.staged_pull import ALL_SHARDS, TALLY, StagedPull
from rostersync.steps.tallies import Tally, count_statistics
from rostersync.storage import items, keys, staged
from rostersync.storage.changes import ChangedItems
from rostersync.storage.lines import decode_lines, encode_lines
from rostersync.storage.stores import Stores
from rostersync.storage.table import Item


def reconcile_groups(request: ShardsRequest, stores: Stores) -> None:
    """Stage, for each shard of owners, the groups and class lists to write."""
    staged_pull = StagedPull(stores, request)
    keeping = Keeping(staged_pull)
    permitted = _permitted(staged_pull, keeping)
    without = staged_pull.united(staged.classes, WITHOUT) if keeping.everything else {}
    for shard in request.shards:
        key = staged.groups(*staged_pull.look, shard)
        stores.staging.put_pack(
            key, _reconcile(staged_pull, stores, shard, permitted, without, keep=keeping.everything)
        )


def _reconcile(
    staged_pull: StagedPull,
    stores: Stores,
    shard: int,
    permitted: Permitted,
    without: Mapping[str, str],
    *,
    keep: bool,
) -> dict[str, bytes]:
    """Return a shard's sections; ``without`` are classes that yield no groups, with ``keep``, by reason."""
    tenant_id, plan = staged_pull.request.tenant_id, staged_pull.plan
    drafts: dict[str, list[Draft]] = defaultdict(list)
    baselines: dict[str, dict[str, Baseline]] = defaultdict(dict)
    for class_shard in ALL_SHARDS:
        key = staged.classes(*staged_pull.look, class_shard)
        for draft in decode_lines(staged_pull.section(key, drafts_section(shard)), Draft):
            drafts[draft.owner_id].append(draft)
        for one in decode_lines(staged_pull.section(key, baselines_section(shard)), Baseline):
            baselines[one.owner_id][one.class_id] = one
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
    counts = Counts()
    lost: list[LostGroup] = []
    changed = ChangedItems()
    in_groups = InGroups()
    shown_all_the_same: dict[str, str] = {}
    for owner_id in sorted({*drafts, *groups, *class_lists}):
        result = rules.reconcile_groups(
            tenant_id,
            owner_id,
            drafts[owner_id],
            groups[owner_id],
            version=plan.started_at,
            settings=plan.settings,
            rewrite=plan.mode == "full",
            keep=keep,
        )
        lost += count_groups(
            counts,
            groups[owner_id].values(),
            result.current,
            baselines[owner_id],
            permitted,
        )
        shown_all_the_same |= {
            group.class_id: without[group.class_id] for group in result.current if group.class_id in without
        }
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
    sections = {
        TALLY: msgspec.json.encode(tally),
        CHANGES: changed.encode(),
        GUARD: msgspec.json.encode(counts, order="sorted"),
        LOST_GROUPS: encode_lines(lost),
    }
    if keep:
        sections[SHOWN_ALL_THE_SAME] = msgspec.json.encode(shown_all_the_same, order="sorted")
    if plan.mode == "preview":
        sections[IN_GROUPS] = msgspec.json.encode(in_groups, order="deterministic")
    return sections


def _permitted(staged_pull: StagedPull, keeping: Keeping) -> Permitted:
    held = keeping.permitted
    approved = {person.sourced_id for person in held.people}
    people: set[str] = set()
    owners: set[str] = set()
    if approved:
        for shard in ALL_SHARDS:
            section = staged_pull.section(staged.people(*staged_pull.look, shard), LOST_PEOPLE)
            people |= {one.sourced_id for one in decode_lines(section, LostPerson)} & approved
        pack = staged.owners(*staged_pull.look)
        now = msgspec.json.decode(staged_pull.section(pack, OWNERS), type=dict[str, str])
        before_section = staged_pull.section(pack, OWNERS_BEFORE)
        before = msgspec.json.decode(before_section, type=dict[str, str]) if before_section else now
        owners = {before[one] for one in people if one in before and one not in now}
    return Permitted(
        people=people,
        owners=owners,
        groups={group.group_id: group for group in held.groups},
    )
