"""What is to be sent to Senso, and what is known to have been sent (DESIGN §4)."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.roster.classes import Member
from rostersync.roster.due import (
    NOTHING_SENT,
    Due,
    Link,
    Sent,
    after_sending,
    before_sending,
    to_be_sent_again,
    told_of,
    what_is_due,
)
from rostersync.roster.groups import Group

OWNER = "o_" + "1" * 20
LINK = Link(OWNER, 5, "user-1")
EARLIER, LATER = Link(OWNER, 4, "user-9"), Link(OWNER, 6, "user-9")
ART, BIO = "g_" + "a" * 24, "g_" + "b" * 24


def group(group_id: str = ART, version: int = 10, *, says: int = 0) -> Group:
    """Return a group; two of one id say the same if ``says`` is equal."""
    member = Member(f"s{says}", "pebble@elm.example", "pebble@elm.example", "Pebble", "Mossynose")
    return Group(group_id, OWNER, "c1", "Art", version, version, (member,))


def tombstone(group_id: str = ART, version: int = 11) -> Group:
    return Group(group_id, OWNER, "c1", "Art", 10, version, removed=True, removed_at=version)


def sent(*groups: Group, link: Link = LINK) -> Sent:
    return Sent(link.link_id, {one.group_id: told_of(one) for one in groups})


def all_sent(due: Due, before: Sent, link: Link) -> Sent:
    """Return what is known once everything that was due was accepted."""
    groups = {one.group_id: told_of(one) for one in due.groups}
    return after_sending(before, link, groups, [group_id for group_id, _ in due.removed])


# -- What is due -----------------------------------------------------------------------------------------


def test_without_a_link_nothing_is_due():
    assert not what_is_due([group()], None, NOTHING_SENT)


def test_whoever_is_linked_gets_every_group():
    assert what_is_due([group(BIO), group(ART)], LINK, NOTHING_SENT) == Due(groups=(group(ART), group(BIO)))


def test_what_was_sent_under_this_link_in_this_version_is_not_due():
    assert not what_is_due([group()], LINK, sent(group()))


def test_another_version_that_says_something_else_is_due():
    changed = group(version=12, says=1)
    assert what_is_due([changed], LINK, sent(group())) == Due(groups=(changed,))


def test_a_name_and_members_are_what_a_group_says():
    for changed in (replace(group(version=12), name="Craft"), replace(group(version=12), members=())):
        assert what_is_due([changed], LINK, sent(group())) == Due(groups=(changed,))


def test_what_senso_is_not_shown_makes_nothing_due():
    for changed in (replace(group(version=12), name_version=12), replace(group(version=12), school="hill")):
        assert not what_is_due([changed], LINK, sent(group()))


def test_a_group_that_changed_and_changed_back_before_it_was_sent_is_not_due():
    assert not what_is_due([group(version=12)], LINK, sent(group(version=10)))


def test_a_removal_is_due_in_the_tombstones_version():
    assert what_is_due([tombstone(version=11)], LINK, sent(group())) == Due(removed=((ART, 11),))


def test_a_removal_whose_tombstone_has_expired_is_due_one_above_what_was_sent():
    assert what_is_due([], LINK, sent(group(version=10))) == Due(removed=((ART, 11),))
    assert what_is_due([], LINK, to_be_sent_again(sent(group(version=10)))) == Due(removed=((ART, 11),))


def test_a_removal_of_what_was_never_sent_under_this_link_is_not_due():
    assert not what_is_due([tombstone()], LINK, NOTHING_SENT)
    assert not what_is_due([tombstone()], LINK, sent())


def test_a_group_that_came_back_is_due_even_if_it_says_what_it_said():
    removed = all_sent(Due(removed=((ART, 11),)), sent(group(version=10)), LINK)
    assert what_is_due([group(version=12)], LINK, removed) == Due(groups=(group(version=12),))


def test_a_new_link_sends_everything_again_and_no_removal():
    before = sent(group(ART), group(BIO), link=EARLIER)
    assert what_is_due([group(ART), tombstone(BIO)], LINK, before) == Due(groups=(group(ART),))


def test_a_new_link_under_which_there_is_no_group_drops_what_came_under_the_old_one():
    before = sent(group(), link=EARLIER)
    assert what_is_due([tombstone()], LINK, before) == Due(only_link=True)
    assert what_is_due([group()], Link(OWNER, 5), before) == Due(only_link=True)


def test_a_new_link_is_not_told_where_there_is_nothing_to_drop():
    assert not what_is_due([group()], Link(OWNER, 5), NOTHING_SENT)
    assert not what_is_due([group()], Link(OWNER, 5), sent(link=EARLIER))


def test_a_link_to_nobody_is_told_once():
    nobody = Link(OWNER, 5)
    told = all_sent(Due(only_link=True), sent(group(), link=EARLIER), nobody)
    assert told == Sent(5, {})
    assert not what_is_due([group()], nobody, told)


def test_who_holds_an_old_link_sends_nothing():
    assert not what_is_due([group(version=12, says=1)], LINK, sent(group(), link=LATER))


# -- What was sent ---------------------------------------------------------------------------------------


def test_what_was_not_accepted_stays_due():
    told = after_sending(NOTHING_SENT, LINK, {ART: told_of(group(ART))}, [])
    assert what_is_due([group(ART), group(BIO)], LINK, told) == Due(groups=(group(BIO),))


def test_of_two_who_send_at_once_the_greater_version_counts():
    greater = sent(group(version=12, says=1))
    assert after_sending(greater, LINK, {ART: told_of(group(version=10))}, []) == greater


def test_what_is_known_of_a_newer_link_stays():
    newer = sent(group(), link=LATER)
    assert after_sending(newer, LINK, {ART: told_of(group(version=12))}, [BIO]) == newer


def test_a_new_link_forgets_what_was_sent_under_the_old_one():
    before = sent(group(ART), group(BIO), link=EARLIER)
    assert after_sending(before, LINK, {ART: told_of(group(ART))}, []) == sent(group(ART))


def test_everything_again_is_due_once_with_the_removals_there_were():
    again = to_be_sent_again(sent(group(ART), group(BIO)))
    assert to_be_sent_again(again) == again
    due = what_is_due([group(ART), tombstone(BIO)], LINK, again)
    assert due == Due(groups=(group(ART),), removed=((BIO, 11),))
    assert all_sent(due, again, LINK) == sent(group(ART))


def test_that_an_older_version_was_accepted_ends_no_doubt_about_a_newer_one():
    again = to_be_sent_again(sent(group(version=12)))
    assert after_sending(again, LINK, {ART: told_of(group(version=10))}, []) == again
    assert after_sending(again, LINK, {ART: told_of(group(version=12))}, []) == sent(group(version=12))


# -- A sender that dies ----------------------------------------------------------------------------------


def begun(before: Sent, *groups: Group, link: Link = LINK) -> Sent:
    """Return what is known when a sender has died with everything that was due on its way."""
    return before_sending(before, link, what_is_due(groups, link, before))


def test_what_may_have_arrived_is_due_again():
    assert what_is_due([group()], LINK, begun(NOTHING_SENT, group())) == Due(groups=(group(),))


def test_a_group_that_may_have_arrived_and_is_gone_is_removed():
    assert what_is_due([tombstone()], LINK, begun(NOTHING_SENT, group())) == Due(removed=((ART, 11),))


def test_a_group_that_changed_back_to_what_was_sent_before_the_doubt_is_due():
    before = begun(sent(group(version=5, says=1)), group(version=6, says=2))
    assert what_is_due([group(version=7, says=1)], LINK, before) == Due(groups=(group(version=7, says=1),))


def test_a_group_that_came_back_while_its_removal_was_in_doubt_is_due():
    before = begun(sent(group(version=5)), tombstone(version=6))
    assert what_is_due([group(version=7)], LINK, before) == Due(groups=(group(version=7),))


def test_what_may_have_arrived_under_a_link_that_is_over_is_dropped():
    before = begun(NOTHING_SENT, group())
    assert what_is_due([group()], Link(OWNER, 6), before) == Due(only_link=True)


def test_a_link_alone_is_due_until_it_is_known_to_have_arrived():
    over = Link(OWNER, 6)
    before = begun(sent(group()), group(), link=over)
    assert what_is_due([group()], over, before) == Due(only_link=True)


# -- Whatever happened before ----------------------------------------------------------------------------

IDS = ["g1", "g2", "g3", "g4"]
LINKS = st.builds(Link, st.just(OWNER), st.integers(1, 4), st.sampled_from(["", "user-1"]))


@st.composite
def owners(draw):
    """An owner's groups and tombstones, and what was sent of them, which had been stored before."""
    stored, told = [], []
    for group_id in draw(st.sets(st.sampled_from(IDS))):
        version = draw(st.integers(1, 5))
        if draw(st.booleans()):
            told.append(group(group_id, version, says=draw(st.integers(0, 1))))
        match draw(st.sampled_from(["same", "changed", "removed", "expired"])):
            case "same":
                stored.append(
                    told[-1] if told and told[-1].group_id == group_id else group(group_id, version)
                )
            case "changed":
                stored.append(group(group_id, draw(st.integers(6, 9)), says=draw(st.integers(0, 1))))
            case "removed":
                stored.append(tombstone(group_id, draw(st.integers(6, 9))))
    before = sent(*told, link=Link(OWNER, draw(st.integers(0, 4))))
    return stored, to_be_sent_again(before) if draw(st.booleans()) else before


@settings(max_examples=500)
@given(owners(), LINKS, st.integers(0, 2**32))
def test_once_everything_due_is_accepted_nothing_is_due(owner, link, seed):
    stored, before = owner
    due = what_is_due(stored, link, before)
    assert what_is_due(Random(seed).sample(stored, len(stored)), link, before) == due

    told = all_sent(due, before, link)
    assert not what_is_due(stored, link, told)
    if before.link_id <= link.link_id and link.user_id and due:
        # Senso has, under this link, what the groups say that there are, and no other.
        assert told.link_id == link.link_id
        there = {one.group_id: told_of(one).content for one in stored if not one.removed}
        assert {group_id: one.content for group_id, one in told.groups.items()} == there

    for group_id, version in due.removed:
        assert version > abs(before.groups[group_id].version)
