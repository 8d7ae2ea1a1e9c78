"""Integrations that are being disconnected, on the fake table and on moto."""

import pytest
from msgspec.structs import replace

from rostersync.errors import LeaseLost, NotConnected, StorageConflict
from rostersync.storage.integrations import Integration, Integrations, Leaving, Trouble
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
    assert integrations.left("maple", MAPLE.connected_at) == integrations.get("maple") == leaving()
    assert list(integrations.due(LATER)) == []
    with pytest.raises(NotConnected, match="kept"):
        integrations.leave("maple", Leaving("remove", 5))
    with pytest.raises(NotConnected):
        integrations.require("maple")


def test_what_follows_takes_the_place_in_one_write_and_only_as_it_was_chosen(
    integrations: Integrations,
) -> None:
    oak = replace(MAPLE, district_name="Oak", connected_at=MAPLE.connected_at + 1, hash_key=b"o" * 32)
    with pytest.raises(StorageConflict):
        integrations.follow("maple", KEEP, oak)
    integrations.leave("maple", KEEP)
    with pytest.raises(StorageConflict):
        integrations.follow("maple", Leaving("remove", 5), oak)
    integrations.follow("maple", KEEP, oak)
    read = integrations.left("maple", MAPLE.connected_at)
    assert read == replace(leaving(), following=oak)
    # Another one is chosen between reading and writing.
    elm = replace(oak, district_name="Elm")
    integrations.follow("maple", KEEP, elm)
    with pytest.raises(StorageConflict):
        integrations.succeed(read, oak)
    integrations.succeed(replace(read, following=elm), elm)
    assert integrations.get("maple") == elm
    assert integrations.left("maple", MAPLE.connected_at) is None


def test_rejected_credentials_can_be_disconnected(integrations: Integrations) -> None:
    integrations.record_trouble("maple", Trouble("credentials rejected", "run-1"))
    assert integrations.leave("maple", KEEP).leaving == KEEP


def test_only_what_is_being_disconnected_is_removed(integrations: Integrations) -> None:
    with pytest.raises(StorageConflict):
        integrations.remove("maple")
    with pytest.raises(LeaseLost):
        integrations.left("maple", MAPLE.connected_at)
    integrations.leave("maple", KEEP)
    integrations.remove("maple")
    integrations.remove("maple")
    assert integrations.left("maple", MAPLE.connected_at) is None
    with pytest.raises(NotConnected, match="nothing to end"):
        integrations.leave("maple", KEEP)
    integrations.connect(MAPLE)
    assert integrations.get("maple") == MAPLE
