"""Integrations that are being disconnected, on the fake table and on moto."""

from dataclasses import replace

import pytest

from rostersync.errors import LeaseLost, NotConnected, StorageConflict
from rostersync.storage.integrations import Integration, Integrations, Leaving
from rostersync.storage.table import Table
from tests.storage.test_integrations import LATER, MAPLE

KEEP = Leaving("keep", 1_772_452_900_000, "user-1")


@pytest.fixture
def integrations(table: Table) -> Integrations:
    found = Integrations(table)
    found.connect(MAPLE)
    return found


def leaving() -> Integration:
    return replace(MAPLE, status="disconnecting", leaving=KEEP)


def test_who_begins_first_is_remembered_and_there_are_no_more_nights(integrations: Integrations) -> None:
    assert integrations.leave("maple", KEEP) == leaving()
    assert integrations.leave("maple", Leaving("keep", 5, "user-2")) == leaving()
    assert integrations.left("maple") == integrations.get("maple") == leaving()
    assert list(integrations.due(LATER)) == []
    with pytest.raises(NotConnected, match="kept"):
        integrations.leave("maple", Leaving("remove", 5))
    with pytest.raises(NotConnected):
        integrations.require("maple")


def test_rejected_credentials_can_be_disconnected(integrations: Integrations) -> None:
    integrations.record_rejection("maple")
    assert integrations.leave("maple", KEEP).leaving == KEEP


def test_only_what_is_being_disconnected_is_removed(integrations: Integrations) -> None:
    with pytest.raises(StorageConflict):
        integrations.remove("maple")
    with pytest.raises(LeaseLost):
        integrations.left("maple")
    integrations.leave("maple", KEEP)
    integrations.remove("maple")
    integrations.remove("maple")
    assert integrations.left("maple") is None
    with pytest.raises(NotConnected, match="nothing to end"):
        integrations.leave("maple", KEEP)
    integrations.connect(MAPLE)
    assert integrations.get("maple") == MAPLE
