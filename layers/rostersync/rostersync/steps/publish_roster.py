"""Publish: write the changes of some shards, by value. The only step that changes roster and groups."""

from datetime import datetime

from rostersync.at_once import at_once
from rostersync.roster.due import to_be_sent_again
from rostersync.steps.reconcile_people import CHANGES
from rostersync.steps.requests import ShardsRequest
from rostersync.steps.staged_pull import StagedPull
from rostersync.storage import keys, staged
from rostersync.storage.changes import decode_changes
from rostersync.storage.sent import sent_of
from rostersync.storage.stores import Stores


def publish_roster(request: ShardsRequest, stores: Stores, *, now: datetime) -> None:
    """Write each shard's changes in any order and leave how many items were written.

    Run again, or beside itself, it writes the same items: the next run compares everything.
    Raises ``LeaseLost`` before it writes anything, ``StorageUnavailable`` in the middle.
    """
    staged_pull = StagedPull(stores, request)
    run, pull = staged_pull.run, request.pull
    for shard in request.shards:
        stores.leases.require(request.tenant_id, request.run_id, now)
        written = {}
        for kind, sources in {
            "roster": (
                (staged.people(*staged_pull.look, shard), CHANGES),
                (staged.owners(*staged_pull.look), f"{CHANGES}/{shard:x}"),
                (staged.classes(*staged_pull.look, shard), CHANGES),
            ),
            "groups": ((staged.groups(*staged_pull.look, shard), CHANGES),),
        }.items():
            written[kind] = 0
            for key, section in sources:
                puts, deletes = decode_changes(staged_pull.section(key, section))
                # Puts first: what remembers somebody is there before the item of that somebody goes.
                stores.table.write(puts, ())
                stores.table.write((), deletes)
                written[kind] += len(puts) + len(deletes)
        if staged_pull.plan.mode == "full":
            _let_everything_be_due(stores, request.tenant_id, shard)
        stores.staging.put_json(staged.published(*run, pull, shard), written)


def _let_everything_be_due(stores: Stores, tenant_id: str, shard: int) -> None:
    """Forget what was sent of a shard's groups, so that a full run ends by sending everything."""
    found = [
        (keys.owner_of(item["sk"]), sent_of(item))
        for item in stores.table.query(keys.groups_partition(tenant_id, shard))
        if keys.is_sent(item["sk"])
    ]
    at_once(lambda one: stores.sent.change(tenant_id, one[0], one[1], to_be_sent_again), found)
