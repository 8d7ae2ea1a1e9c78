"""What was sent, and who was asked for: written by whoever did it, kept when two do at once."""

from functools import partial

import pytest

from rostersync.roster.due import NOTHING_SENT, Link, Sent, Told, after_sending, to_be_sent_again
from rostersync.storage.sent import SentGroups
from rostersync.storage.table import Table
from rostersync.storage.wanted import WantedUser, WantedUsers

LINK = Link("o1", 5, "u1")


@pytest.fixture
def sent(table: Table) -> SentGroups:
    """Nothing was sent yet."""
    return SentGroups(table)


@pytest.fixture
def wanted(table: Table) -> WantedUsers:
    """Nobody was asked for yet."""
    return WantedUsers(table)


def test_what_was_sent_comes_back(sent: SentGroups) -> None:
    assert sent.get("maple", "o1") == NOTHING_SENT
    sent.change("maple", "o1", NOTHING_SENT, lambda old: after_sending(old, LINK, {"g1": Told(7, "x")}, []))
    assert sent.get("maple", "o1") == Sent(5, {"g1": Told(7, "x")}, 1)
    assert sent.get("oak", "o1") == NOTHING_SENT


def test_two_who_send_at_once_both_count(sent: SentGroups) -> None:
    for versions in (
        {"g1": Told(7, "x"), "g2": Told(7, "x")},
        {"g2": Told(8, "x"), "g3": Told(8, "x")},
        {"g1": Told(6, "x")},
    ):
        # Each of them has read before any has written.
        sent.change(
            "maple", "o1", NOTHING_SENT, partial(after_sending, link=LINK, accepted=versions, removed=[])
        )
    assert sent.get("maple", "o1") == Sent(5, {"g1": Told(7, "x"), "g2": Told(8, "x"), "g3": Told(8, "x")}, 2)


def test_who_sent_under_an_older_link_writes_nothing(sent: SentGroups) -> None:
    sent.change("maple", "o1", NOTHING_SENT, lambda old: after_sending(old, LINK, {"g1": Told(7, "x")}, []))
    older = Link("o1", 4, "u0")
    sent.change("maple", "o1", NOTHING_SENT, lambda old: after_sending(old, older, {"g1": Told(9, "x")}, []))
    assert sent.get("maple", "o1") == Sent(5, {"g1": Told(7, "x")}, 1)


def test_what_is_to_be_sent_again_is_known_still(sent: SentGroups) -> None:
    sent.change("maple", "o1", NOTHING_SENT, lambda old: after_sending(old, LINK, {"g1": Told(7, "x")}, []))
    again = sent.change("maple", "o1", sent.get("maple", "o1"), to_be_sent_again)
    assert again == sent.get("maple", "o1") == Sent(5, {"g1": Told(-7, "x")}, 2)


ASKED = WantedUser(owner_id="o1", request_id="r1", role="teacher", site="north")


def test_a_request_goes_from_requested_over_no_answer_to_its_answer(wanted: WantedUsers) -> None:
    wanted.put("maple", ASKED)
    states = []
    for at in (10, 20):
        found = wanted.get("maple", "o1")
        assert found is not None
        wanted.note_asked("maple", found, at)
        states.append(wanted.get("maple", "o1").state)
    wanted.note_refused("maple", "o1", "r1", "no licence")
    states.append(wanted.get("maple", "o1").state)
    wanted.note_created("maple", "o1", "r1", "u1")
    states.append(wanted.get("maple", "o1").state)
    # A refusal that comes late takes nobody away.
    wanted.note_refused("maple", "o1", "r1", "no licence")
    states.append(wanted.get("maple", "o1").state)
    assert states == ["requested", "no answer", "refused", "created", "created"]


def test_an_answer_to_an_older_request_says_nothing_of_the_new_one(wanted: WantedUsers) -> None:
    wanted.put("maple", ASKED)
    wanted.note_refused("maple", "o1", "r0", "no licence")
    wanted.note_created("maple", "o2", "r1", "u1")
    assert wanted.get("maple", "o1") == ASKED
    assert wanted.get("maple", "o2") is None


def test_a_request_is_made_once_where_it_is_made_by_itself(wanted: WantedUsers) -> None:
    assert wanted.put_first("maple", ASKED) == ASKED
    other = WantedUser(owner_id="o1", request_id="r2", role="teacher", site="")
    assert wanted.put_first("maple", other) == ASKED
