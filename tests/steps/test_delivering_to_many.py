"""A district of 30,000 owners: sent in batches, and nothing that a state carries grows with it."""

from math import ceil
from pathlib import Path

import yaml

from rostersync.roster.classes import Member
from rostersync.roster.groups import Group
from rostersync.roster.identity import group_id, owner_id, shard_of
from rostersync.roster.owners import Owner
from rostersync.steps.deliver_groups import deliver_groups
from rostersync.steps.requests import ShardsRequest, parse_request
from rostersync.steps.staged_pull import Plan
from rostersync.storage import items, staged
from rostersync.storage.users import KnownUser
from tests.fakes import FakeBus
from tests.steps.driver import LEASE_SECONDS, NOW, TENANT, connected

OWNERS = 30_000
MEMBERS = tuple(
    Member(f"s{number}", f"s{number}@hill.example", "", "Fictional", "Sample") for number in range(25)
)
NOTHING_TO_SAY: dict[str, object] = {
    **dict.fromkeys(("outcome", "reason", "stopped", "approved", "over"), ""),
    "held": False,
    **{name: {} for name in ("collections", "statistics", "changes", "without_groups", "notes")},
    **{name: [] for name in ("shards", "warnings")},
    **dict.fromkeys(("requests", "with_groups"), 0),
}
SYNC = yaml.safe_load((Path(__file__).parents[2] / "statemachines/sync.asl.yaml").read_text())


def test_30_000_owners_are_linked_and_delivered_in_batches() -> None:
    stores, bus = connected(), FakeBus()
    owners_of: dict[int, int] = dict.fromkeys(range(16), 0)
    for number in range(OWNERS):
        email = f"t{number}@hill.example"
        one = owner_id(TENANT, email, (), b"k" * 32)
        group = Group(group_id(TENANT, f"c{number}", one), one, f"c{number}", "Art", 1, 1, MEMBERS, "hill")
        owners_of[shard_of(one)] += 1
        stores.table.write(
            [
                items.owner_item(TENANT, Owner(one, email, 1)),
                items.email_item(TENANT, email, one),
                items.group_item(TENANT, group),
            ],
            [],
        )
        stores.users.record(TENANT, KnownUser(user_id=f"u{number}", email=email, changed_at=1))
    stores.leases.acquire(TENANT, "run", NOW, LEASE_SECONDS)
    plan = Plan(
        mode="changes",
        today="2026-10-05",
        started_at=int(NOW.timestamp() * 1000),
        page_size=5_000,
        tasks=(),
        shards=tuple((shard,) for shard in range(16)),
        announced={},
        revisions={},
        settings=stores.integrations.require(TENANT).settings,
        secret_version="",
        requests=0,
    )
    stores.staging.put_json(staged.plan(TENANT, "run", 1), plan)
    stores.staging.put_json(staged.review(TENANT, "run", 1, False), NOTHING_TO_SAY)
    for shard in range(16):
        request = parse_request(
            ShardsRequest, {"tenantId": TENANT, "runId": "run", "pull": 1, "shards": [shard]}
        )
        deliver_groups(request, stores, bus, now=NOW)
    assert len(bus.of("Groups Changed")) == OWNERS
    assert {event["link"]["userId"] for event in bus.of("Groups Changed")} == {f"u{n}" for n in range(OWNERS)}
    # Ten events a call; the last call of each 200 and of a task may be less full, and one asks for the users.
    assert bus.eventbridge.calls <= 1 + sum(ceil(count / 10) + 1 for count in owners_of.values())


def test_an_iteration_of_deliver_gets_and_returns_the_same_few_numbers_whatever_the_district() -> None:
    state = SYNC["States"]["Deliver"]
    (task,) = state["ItemProcessor"]["States"].values()
    assert state["Items"] == "{% $shards %}"
    assert (
        task["Arguments"]["Payload"]
        == "{% $merge([$run, {'pull': $pull, 'holding': $holding, 'shards': $states.input.shards}]) %}"
    )
    assert task["Output"] == state["Output"] == {}
