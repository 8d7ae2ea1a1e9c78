"""Two tenants with the same sourcedIds, e-mails, class ids and user ids never meet (promise 7)."""

import json
from datetime import timedelta
from typing import Any, Final

import pytest

from rostersync.errors import StagedObjectMissing
from rostersync.roster.guard import GuardSettings
from rostersync.steps.finish_disconnect import FinishDisconnectRequest, finish_disconnect
from rostersync.steps.link_users import link_users, read_message
from rostersync.steps.purge_shards import PurgeRequest, purge_shards
from rostersync.steps.requests import parse_request
from rostersync.storage import staged
from rostersync.storage.integrations import GroupsLeft, Leaving
from tests.api.portal import Portal, served
from tests.fakes import FakeBus
from tests.steps.driver import NOW, FakeStores, connected, sync
from tests.steps.guarded import students_of, two_schools, without_people
from tests.steps.published import published
from tests.steps.rosters import serve

ONE: Final = "oak"
OTHER: Final = "oak-2"
"""An id that begins with the other's: a prefix that is cut too short reaches both."""

HOUR: Final = timedelta(hours=1)
EMAIL: Final = "hill-t0@hill.example"
FEWER: Final = without_people(two_schools(), students_of("hill", 30))


class Twins:
    """Two tenants in one deployment, with the same district."""

    def __init__(self) -> None:
        self.stores: FakeStores = connected(ONE, OTHER, guard=GuardSettings())
        self.bus = FakeBus()
        self.clock = NOW

    def sync(self, tenant_id: str, roster: Any = None, **how: Any) -> Any:
        self.clock += HOUR
        server = serve(two_schools() if roster is None else roster)
        how.setdefault("run_id", f"run-{self.clock:%d-%H}")
        return sync(self.stores, server, tenant_id=tenant_id, bus=self.bus, now=self.clock, **how)

    def hear(self, tenant_id: str, kind: str, **detail: Any) -> None:
        detail = {"schemaVersion": 1, "tenantId": tenant_id, "at": "2026-10-05T01:00:00Z", **detail}
        body = json.dumps({"source": "senso.portal", "detail-type": kind, "detail": detail})
        link_users(read_message(body), self.stores, self.bus, now=self.clock)

    def disconnect(self, tenant_id: str, groups: GroupsLeft) -> None:
        self.stores.integrations.leave(tenant_id, Leaving(groups, 5))
        shards = {"tenantId": tenant_id, "connectedAt": 0, "shards": list(range(16))}
        purge_shards(parse_request(PurgeRequest, shards), self.stores, self.bus, now=self.clock)
        last = parse_request(FinishDisconnectRequest, {"tenantId": tenant_id, "connectedAt": 0})
        finish_disconnect(last, self.stores, self.bus, now=self.clock, default_time_zone="UTC")

    def everything_of(self, tenant_id: str) -> tuple[Any, ...]:
        """Return all that is kept for a tenant, in every store."""
        stores = self.stores
        items = {key: item for key, item in stores.table.items.items() if key[0].split("#")[1] == tenant_id}
        objects = {key: body for key, body in stores.staging.s3.objects.items() if f"/{tenant_id}/" in key}
        integration = stores.integrations.get(tenant_id)
        secret = stores.secrets.get(integration.secret) if integration is not None else None
        return items, objects, secret

    def told(self, tenant_id: str) -> list[Any]:
        """Return what Senso was told of a tenant."""
        return [event for event in self.bus.events if event[1]["tenantId"] == tenant_id]


def test_nothing_that_one_tenant_does_changes_or_tells_anything_of_the_other() -> None:
    twins = Twins()
    for tenant_id in (OTHER, ONE):
        twins.sync(tenant_id, run_id="first")
    twins.hear(OTHER, "User Added", userId="u1", email=EMAIL)
    assert twins.told(OTHER)
    before, heard = twins.everything_of(OTHER), twins.told(OTHER)
    assert all(len(part) for part in before[:2])
    twins.hear(ONE, "User Added", userId="u1", email=EMAIL)
    assert twins.sync(ONE, FEWER, run_id="held").outcome == "held"
    assert twins.sync(ONE, mode="full").outcome in {"published", "unchanged"}
    assert twins.sync(ONE, mode="preview").outcome == "previewed"
    twins.hear(ONE, "User Changed", userId="u1", email="hill-t1@hill.example")
    twins.hear(ONE, "User Removed", userId="u1", at="2026-10-05T01:30:00Z")
    assert twins.told(ONE)
    assert twins.everything_of(OTHER) == before
    assert twins.told(OTHER) == heard


def test_the_same_roster_gives_each_its_own_owners_and_groups() -> None:
    twins = Twins()
    for tenant_id in (ONE, OTHER):
        twins.sync(tenant_id)
    mine, theirs = (published(twins.stores.table, tenant_id) for tenant_id in (ONE, OTHER))
    assert mine.groups.keys() == theirs.groups.keys()

    def ids(tenant_id: str) -> set[str]:
        items = twins.everything_of(tenant_id)[0]
        return {key[1] for key, item in items.items() if item["kind"] in {"owner", "group"}}

    assert ids(ONE)
    assert not ids(ONE) & ids(OTHER)


@pytest.mark.parametrize("groups", ["keep", "remove"])
@pytest.mark.parametrize(("leaves", "stays"), [(ONE, OTHER), (OTHER, ONE)])
def test_disconnecting_one_leaves_everything_of_the_other(
    groups: GroupsLeft, leaves: str, stays: str
) -> None:
    twins = Twins()
    for tenant_id in (ONE, OTHER):
        twins.sync(tenant_id)
        twins.hear(tenant_id, "User Added", userId="u1", email=EMAIL)
        assert twins.sync(tenant_id, FEWER, run_id="held").outcome == "held"
    before, heard = twins.everything_of(stays), twins.told(stays)
    twins.disconnect(leaves, groups)
    items, objects, secret = twins.everything_of(leaves)
    left = {item["kind"] for item in items.values()}
    history = {"run", "progress", "requests"}
    assert left <= (history if groups == "remove" else history | {"link", "linked", "sent"})
    assert (objects, secret) == ({}, None)
    assert twins.everything_of(stays) == before
    assert twins.told(stays) == heard
    with pytest.raises(StagedObjectMissing):
        twins.stores.staging.open_pack(staged.held(leaves, "held"))
    twins.stores.staging.open_pack(staged.held(stays, "held"))


def test_the_api_shows_and_changes_nothing_of_the_other() -> None:
    twins = Twins()
    with served(Portal(stores=twins.stores, bus=twins.bus)) as portal:
        portal.clock = twins.clock
        for tenant_id in (ONE, OTHER):
            twins.sync(tenant_id)
        assert twins.sync(OTHER, FEWER, run_id="theirs").outcome == "held"
        (owner,) = {
            portal.ask("POST", "/owners/find", {"email": EMAIL}, tenant=OTHER).body["ownerId"] for _ in "12"
        }
        before = twins.everything_of(OTHER)
        for method, path, body in (
            ("GET", "/runs/theirs", None),
            ("GET", "/runs/theirs/issues", None),
            ("GET", "/runs/theirs/held", None),
            ("POST", "/runs/theirs/issues/table", None),
            ("POST", "/runs/theirs/approve", None),
            ("POST", "/runs/theirs/discard", None),
            ("GET", f"/owners/{owner}/groups", None),
            ("POST", f"/owners/{owner}/resync", None),
            ("PUT", f"/owners/{owner}/user", {"email": EMAIL}),
        ):
            answer = portal.ask(method, path, body, tenant=ONE)
            assert (answer.status, answer.code) == (404, "not-found"), path
            assert EMAIL not in str(answer.body)
        assert portal.ask("PATCH", "/integration/settings", {"paused": True}, tenant=ONE).status == 200
        assert twins.everything_of(OTHER) == before
