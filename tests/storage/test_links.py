"""One owner has one user and one user one owner, whoever writes at the same time."""

import pytest

from rostersync.errors import StorageConflict
from rostersync.roster.due import Link
from rostersync.storage.links import LinkedOwner, Links
from rostersync.storage.table import Equals, Table
from rostersync.storage.transactions import Check


@pytest.fixture
def links(table: Table) -> Links:
    """Nobody is linked yet."""
    return Links(table)


def test_a_link_is_found_from_both_sides(links: Links) -> None:
    assert links.of_owner("maple", "o1") is None
    assert links.tie("maple", None, "o1", "u1", now_ms=10) == ""
    assert links.of_owner("maple", "o1") == Link("o1", 10, "u1")
    assert links.of_user("maple", "u1") == LinkedOwner("o1", "")
    assert links.of_user("oak", "u1") == LinkedOwner()


def test_a_link_s_id_only_grows_though_the_clock_may_not(links: Links) -> None:
    links.tie("maple", None, "o1", "u1", now_ms=10)
    links.tie("maple", links.of_owner("maple", "o1"), "o1", "", now_ms=10)
    links.tie("maple", links.of_owner("maple", "o1"), "o1", "u1", now_ms=7)
    assert links.of_owner("maple", "o1") == Link("o1", 12, "u1")


def test_whoever_held_the_user_loses_it_and_is_named(links: Links) -> None:
    links.tie("maple", None, "o1", "u1", now_ms=10)
    assert links.tie("maple", None, "o2", "u1", now_ms=11) == "o1"
    assert links.of_owner("maple", "o1") == Link("o1", 11, "", lost=True)
    assert links.of_owner("maple", "o2") == Link("o2", 11, "u1")
    # Until the next change it is known whom the user had before: that owner may have yet to hear of it.
    assert links.of_user("maple", "u1") == LinkedOwner("o2", "o1")


def test_a_user_who_is_given_up_is_free(links: Links) -> None:
    links.tie("maple", None, "o1", "u1", now_ms=10)
    links.tie("maple", links.of_owner("maple", "o1"), "o1", "u2", now_ms=11)
    assert links.of_user("maple", "u1") == LinkedOwner("", "o1")
    assert links.of_user("maple", "u2") == LinkedOwner("o1", "")


def test_a_link_that_is_based_on_an_older_one_is_refused_whole(links: Links) -> None:
    links.tie("maple", None, "o1", "u1", now_ms=10)
    with pytest.raises(StorageConflict):
        links.tie("maple", None, "o1", "u2", now_ms=11)
    assert links.of_owner("maple", "o1") == Link("o1", 10, "u1")
    assert links.of_user("maple", "u2") == LinkedOwner()


def test_a_link_hangs_on_what_it_was_decided_by(links: Links, table: Table) -> None:
    table.put({"pk": "T#maple", "sk": "SEEN", "by": "then"})
    table.put({"pk": "T#maple", "sk": "SEEN", "by": "now"})
    provided = [Check(("T#maple", "SEEN"), [Equals("by", "then")])]
    with pytest.raises(StorageConflict):
        links.tie("maple", None, "o1", "u1", now_ms=10, provided=provided)
    assert links.of_owner("maple", "o1") is None


def test_a_match_takes_the_place_of_what_either_side_was_matched_to(links: Links) -> None:
    links.match("maple", "o1", "u1")
    links.match("maple", "o2", "u2")
    links.match("maple", "o1", "u2")
    assert (links.matched_user("maple", "o1"), links.matched_owner("maple", "u2")) == ("u2", "o1")
    assert (links.matched_user("maple", "o2"), links.matched_owner("maple", "u1")) == ("", "")
    assert links.all_matched("maple") == {"u2"}


def test_a_match_is_undone_on_both_sides_and_twice_is_once(links: Links) -> None:
    for user_id in ("u1", "u1", "", ""):
        links.match("maple", "o1", user_id)
    assert (links.matched_user("maple", "o1"), links.matched_owner("maple", "u1")) == ("", "")
