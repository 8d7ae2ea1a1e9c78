"""Promise 9: every number of a run can be reconciled with the others, and with what is stored."""

from collections.abc import Iterator
from typing import Final

from rostersync.roster.identity import SHARDS
from rostersync.roster.records import Person
from rostersync.steps.list_issues import IssuesRequest, list_issues
from rostersync.steps.requests import parse_request
from rostersync.storage import items, keys
from rostersync.storage.attributes import Item
from rostersync.storage.runs import RunRecord
from rostersync.storage.stores import Stores

THROUGH: Final = frozenset({"published", "unchanged", "held", "previewed"})
"""Outcomes of a run that has seen the whole roster."""


def assert_reconciled(run: RunRecord, stores: Stores) -> None:
    """Fail unless a run that came through adds up; nothing is demanded of one that failed."""
    if run.outcome not in THROUGH:
        return
    for collection, counts in run.collections.items():
        parts = {how: counts[how] or 0 for how in ("kept", "setAside", "duplicates")}
        assert counts["received"] == sum(parts.values()), (run.run_id, collection, counts)
    _assert_the_issues_are_the_rows_set_aside(run, stores)
    if run.outcome != "previewed" and not run.stopped:
        _assert_what_is_stored_is_what_was_counted(run, stores)


def _assert_the_issues_are_the_rows_set_aside(run: RunRecord, stores: Stores) -> None:
    listed = {}
    for collection, counts in run.collections.items():
        event = {"tenantId": run.tenant_id, "runId": run.run_id, "collection": collection, "limit": 1_000}
        page = list_issues(parse_request(IssuesRequest, event), stores)
        assert page.total == sum(page.counts.get(collection, {}).values())
        if page.total <= len(page.issues):
            listed[collection] = sum(not one.taken for one in page.issues)
            assert listed[collection] == counts["setAside"], (run.run_id, collection, page.counts)


def _assert_what_is_stored_is_what_was_counted(run: RunRecord, stores: Stores) -> None:
    classes = [items.class_roster_of(item).record for item in _items(stores, run.tenant_id, "class")]
    groups = [items.group_of(item) for item in _items(stores, run.tenant_id, "group")]
    people = [items.record_of(item, Person) for item in _items(stores, run.tenant_id, "person")]
    shown = [group for group in groups if not group.removed]
    counting = [person for person in people if person.active and person.enabled]
    with_groups = {group.class_id for group in shown}
    counted = run.with_groups, run.without_groups
    assert run.with_groups == len(with_groups), (run.run_id, counted)
    assert len(classes) == run.with_groups + sum(run.without_groups.values()), (run.run_id, counted)
    assert run.statistics == {
        "teachers": sum("teachers" in person.collections for person in counting),
        "students": sum("students" in person.collections for person in counting),
        "classes": sum(one.active for one in classes),
        "groups": len(shown),
        "memberships": sum(len(group.members) for group in shown),
    }


def _items(stores: Stores, tenant_id: str, kind: str) -> Iterator[Item]:
    partition = {
        "class": keys.classes_partition,
        "group": keys.groups_partition,
        "person": keys.roster_partition,
    }[kind]
    for shard in range(SHARDS):
        for item in stores.table.query(partition(tenant_id, shard)):
            if item["kind"] == kind:
                yield item
