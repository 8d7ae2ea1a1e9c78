"""``DELETE /integration``: who may, what it answers, and what it starts."""

from typing import Any

import pytest

from rostersync.errors import StorageUnavailable
from tests.api.portal import Portal, served
from tests.steps.driver import TENANT, FakeStores


@pytest.mark.parametrize("groups", ["keep", "remove"])
def test_an_admin_disconnects_and_says_what_becomes_of_the_groups(portal: Portal, groups: str) -> None:
    for _ in range(2):
        answer = portal.ask("DELETE", "/integration", query=f"groups={groups}")
        assert (answer.status, answer.body) == (202, {"status": "disconnecting", "groups": groups})
    event = {"tenantId": TENANT, "groups": groups, "connectedAt": 0}
    assert portal.executions.started == [("disconnect", f"{TENANT}-0-1", event)] * 2
    integration = portal.stores.integrations.get(TENANT)
    assert integration is not None
    assert integration.status == "disconnecting"
    assert integration.leaving is not None
    assert integration.leaving.actor == "user-1"


def test_the_other_choice_is_refused_in_words(portal: Portal) -> None:
    portal.ask("DELETE", "/integration", query="groups=remove")
    refused = portal.ask("DELETE", "/integration", query="groups=keep")
    assert (refused.status, refused.code) == (409, "not-connected")
    assert "being disconnected already, and its groups in Senso are removed" in refused.body["detail"]
    assert len(portal.executions.started) == 1


def test_what_could_not_be_started_is_started_by_pressing_again(portal: Portal) -> None:
    portal.executions.error = StorageUnavailable("busy")
    assert portal.ask("DELETE", "/integration", query="groups=keep").status == 503
    portal.executions.error = None
    assert portal.ask("DELETE", "/integration", query="groups=keep").status == 202
    assert len(portal.executions.started) == 1


@pytest.mark.parametrize("query", ["", "groups=", "groups=some", "groups=Keep"])
def test_nothing_is_chosen_for_whoever_does_not_choose(portal: Portal, query: str) -> None:
    before = portal.stores.table.items
    refused = portal.ask("DELETE", "/integration", query=query)
    assert (refused.status, refused.code) == (400, "invalid-input")
    assert portal.stores.table.items == before
    assert portal.executions.started == []


@pytest.mark.parametrize("asked", [{"roles": "[reader]"}, {"claims": {}}, {"claims": {"roles": "admin"}}])
def test_who_may_not_act_disconnects_nobody(portal: Portal, asked: dict[str, Any]) -> None:
    before = portal.stores.table.items
    refused = portal.ask("DELETE", "/integration", query="groups=remove", **asked)
    assert (refused.status, refused.code) == (403, "forbidden")
    assert portal.stores.table.items == before
    assert portal.executions.started == []


def test_another_tenant_is_the_token_s_and_is_not_connected(portal: Portal) -> None:
    before = portal.stores.table.items
    refused = portal.ask("DELETE", "/integration", query=f"groups=keep&tenantId={TENANT}", tenant="other")
    assert (refused.status, refused.code) == (409, "not-connected")
    assert portal.stores.table.items == before
    assert portal.executions.started == []


def test_where_there_is_nothing_it_says_so() -> None:
    with served(Portal(stores=FakeStores())) as portal:
        refused = portal.ask("DELETE", "/integration", query="groups=keep")
    assert (refused.status, refused.code) == (409, "not-connected")
