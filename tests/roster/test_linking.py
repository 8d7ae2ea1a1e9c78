"""RULES 2.4: one owner has at most one user, and one user one owner."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.roster.emails import normalise_email
from rostersync.roster.linking import Claim, User, assign_users, emails_compared_as, first_of

PICKLE = User("user-1", "pickle@elm.example")
WAFFLE = User("user-2", "waffle@elm.example")
REWRITE = {"old.example": "elm.example"}


def assigned(claims, users, domains=None):
    return assign_users(claims, users, domains or {})


def test_rule_2_4_equal_email_links():
    assert assigned([Claim("o1", PICKLE.email)], [PICKLE, WAFFLE]) == {"o1": "user-1"}
    assert assigned([Claim("o1", "ember@elm.example")], [PICKLE]) == {}


def test_rule_2_4_a_match_by_hand_comes_before_equal_email():
    claims = [Claim("o1", PICKLE.email, matched="user-2"), Claim("o2", WAFFLE.email)]
    assert assigned(claims, [PICKLE, WAFFLE]) == {"o1": "user-2"}


def test_rule_2_4_who_is_matched_to_one_user_leaves_the_other_free():
    claims = [Claim("o1", PICKLE.email, matched="user-2"), Claim("o2", "ember@elm.example", linked="user-1")]
    assert assigned(claims, [PICKLE, WAFFLE]) == {"o1": "user-2", "o2": "user-1"}


def test_rule_2_4_a_match_with_a_user_who_is_gone_counts_for_nothing():
    assert assigned([Claim("o1", PICKLE.email, matched="user-9")], [PICKLE]) == {"o1": "user-1"}


def test_rule_2_4_equal_email_comes_before_the_link_there_was():
    claims = [Claim("o1", WAFFLE.email, linked="user-1")]
    assert assigned(claims, [PICKLE, WAFFLE]) == {"o1": "user-2"}


def test_rule_2_4_the_link_there_was_stays_where_no_email_is_equal():
    claims = [Claim("o1", "ember@elm.example", linked="user-1")]
    assert assigned(claims, [PICKLE]) == {"o1": "user-1"}


@pytest.mark.parametrize(
    "winner", [Claim("o2", PICKLE.email), Claim("o2", "ember@elm.example", matched="user-1")]
)
def test_rule_2_4_an_owner_may_lose_the_user_to_who_has_the_better_claim(winner):
    claims = [Claim("o1", "quill@elm.example", linked="user-1"), winner]
    assert assigned(claims, [PICKLE]) == {"o2": "user-1"}


def test_rule_2_4_a_user_who_is_gone_is_nobodys():
    assert assigned([Claim("o1", PICKLE.email, linked="user-1")], []) == {}


def test_an_owner_who_has_left_keeps_the_link_until_somebody_else_has_a_claim():
    left = Claim("o1", "", linked="user-1")
    assert assigned([left], [PICKLE]) == {"o1": "user-1"}
    assert assigned([left, Claim("o2", PICKLE.email)], [PICKLE]) == {"o2": "user-1"}


def test_an_owner_who_has_left_has_no_match():
    assert assigned([Claim("o1", "", matched="user-1")], [PICKLE]) == {}


def test_a_user_without_an_email_is_found_by_match_and_by_link_only():
    nameless = User("user-3", "")
    assert assigned([Claim("o1", "", linked="user-3")], [nameless]) == {"o1": "user-3"}
    assert assigned([Claim("o1", PICKLE.email, matched="user-3")], [nameless]) == {"o1": "user-3"}
    assert assigned([Claim("o1", "")], [nameless]) == {}


def test_rule_2_1_the_domain_rewrite_applies_to_users_too():
    assert assigned([Claim("o1", "pickle@elm.example")], [User("user-3", "pickle@old.example")], REWRITE) == {
        "o1": "user-3"
    }


def test_of_two_users_with_one_email_after_the_rewrite_the_one_who_has_it_is_taken():
    old = User("user-0", "pickle@old.example")
    assert assigned([Claim("o1", PICKLE.email)], [old, PICKLE], REWRITE) == {"o1": "user-1"}
    assert first_of([User("user-9", "pickle@old.example"), old], PICKLE.email) == old


def test_of_two_users_with_one_email_the_one_matched_to_another_is_left_out():
    old = User("user-0", "pickle@old.example")
    claims = [Claim("o1", PICKLE.email), Claim("o2", "ember@elm.example", matched="user-1")]
    assert assigned(claims, [old, PICKLE], REWRITE) == {"o1": "user-0", "o2": "user-1"}


def test_every_email_that_compares_as_one_is_known():
    assert emails_compared_as("pickle@elm.example", REWRITE) == ["pickle@elm.example", "pickle@old.example"]
    assert emails_compared_as("pickle@oak.example", REWRITE) == ["pickle@oak.example"]
    # A rewritten domain that is itself rewritten compares as something else.
    swap = {"elm.example": "oak.example", "oak.example": "elm.example"}
    assert emails_compared_as("pickle@elm.example", swap) == ["pickle@oak.example"]


# -- Whatever the claims are -----------------------------------------------------------------------------

DOMAINS = st.sampled_from(["elm.example", "old.example", "oak.example"])
EMAILS = st.builds("{}@{}".format, st.sampled_from(["pickle", "waffle", "ember"]), DOMAINS)
REWRITES = st.dictionaries(DOMAINS, DOMAINS, max_size=2)
USER_IDS = [f"user-{number}" for number in range(6)]


@st.composite
def tenants(draw):
    """Claims as a tenant has them: an e-mail, a match and a link are of one owner each."""
    domains = draw(REWRITES)
    users = [
        User(one, draw(st.just("") | EMAILS))
        for one in draw(st.lists(st.sampled_from(USER_IDS), unique=True))
    ]
    number = draw(st.integers(0, 5))
    emails = draw(st.lists(EMAILS.map(lambda email: normalise_email(email, domains)), unique=True))
    matched, linked = draw(st.permutations(USER_IDS)), draw(st.permutations(USER_IDS))
    has = [draw(st.tuples(st.booleans(), st.booleans())) for _ in range(number)]
    claims = [
        Claim(
            f"o{place}",
            emails[place] if place < len(emails) else "",
            matched[place] if has[place][0] else "",
            linked[place] if has[place][1] else "",
        )
        for place in range(number)
    ]
    return claims, users, domains


@settings(max_examples=500)
@given(tenants(), st.integers(0, 2**32))
def test_rule_2_4_whatever_the_claims_are(tenant, seed):
    claims, users, domains = tenant
    random = Random(seed)
    got = assign_users(claims, users, domains)
    assert assign_users(random.sample(claims, len(claims)), random.sample(users, len(users)), domains) == got

    # One owner, one user; and only users there are.
    known = {user.user_id: normalise_email(user.email, domains) for user in users}
    assert len(set(got.values())) == len(got)
    assert set(got.values()) <= set(known)

    matched = {claim.owner_id: claim.matched for claim in claims if claim.email and claim.matched in known}
    for claim in claims:
        if claim.owner_id in matched:
            assert got[claim.owner_id] == claim.matched
            continue
        equal = {one for one, email in known.items() if claim.email and email == claim.email}
        if equal - set(matched.values()):
            assert got[claim.owner_id] in equal
        elif claim.owner_id in got:
            assert got[claim.owner_id] == claim.linked

    # Nobody is without the user there was but for somebody whose claim is better.
    for claim in claims:
        if claim.owner_id not in got and claim.linked in known:
            assert claim.linked in got.values()

    # Decided again from what it gave, it gives the same.
    again = [Claim(one.owner_id, one.email, one.matched, got.get(one.owner_id, "")) for one in claims]
    assert assign_users(again, users, domains) == got


@given(EMAILS, REWRITES, EMAILS)
def test_an_email_is_compared_as_another_exactly_if_it_is_listed(email, domains, other):
    assert (other in emails_compared_as(email, domains)) == (normalise_email(other, domains) == email)
