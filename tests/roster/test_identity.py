from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rostersync.roster.identity import SHARDS, group_id, id_hash, keyed_hash, owner_id, shard_of

TEXTS = st.text(max_size=12)
KEY = b"key"


def test_ids_stay_what_they_were_when_stored() -> None:
    assert group_id("elm", "c-1", "o_1") == "g_53a21dc1f1bc11f745874afb"
    assert owner_id("elm", "ada@elm.example", (), KEY) == "o_8217b7970baf019ad342"
    assert shard_of("c-1") == 14
    assert id_hash("c-1") == 8458119715100675186
    assert keyed_hash(b"key", "ada@elm.example") == "75e841d475013f5cc29ba0ac53e8868c"


def test_shards_share_a_district_evenly() -> None:
    sizes = Counter(shard_of(f"student-{number}") for number in range(16_000))
    assert set(sizes) == set(range(SHARDS))
    assert max(sizes.values()) < 1_200


@given(TEXTS)
def test_an_id_hash_fits_64_bits(text: str) -> None:
    assert 0 <= id_hash(text) < 2**64


@given(st.tuples(TEXTS, TEXTS, TEXTS), st.tuples(TEXTS, TEXTS, TEXTS))
def test_rule_3_1_no_two_groups_share_an_id(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (group_id(*one) == group_id(*other)) == (one == other)


def test_a_separator_inside_an_id_does_not_make_two_groups_one() -> None:
    assert group_id("t", "a\x00b", "c") != group_id("t", "a", "b\x00c")
    assert group_id("t", "a\x001\x00b", "c") != group_id("t", "a", "1\x00b\x00c")


def test_an_owner_id_in_use_is_not_given_again() -> None:
    first = owner_id("elm", "ada@elm.example", (), KEY)
    second = owner_id("elm", "ada@elm.example", {first}, KEY)
    assert second != first
    assert owner_id("elm", "ada@elm.example", {first, second}, KEY) not in {first, second}
    assert owner_id("elm", "ada@elm.example", {second}, KEY) == first


def test_half_a_surrogate_pair_has_an_id_too() -> None:
    assert group_id("t", "\ud800", "o") != group_id("t", "\ud801", "o")
    assert 0 <= shard_of("\ud800") < SHARDS


def test_a_keyed_hash_depends_on_the_key() -> None:
    assert keyed_hash(b"one", "ada@elm.example") != keyed_hash(b"two", "ada@elm.example")


def test_an_owner_id_says_nothing_of_the_email_to_who_has_not_the_key() -> None:
    assert owner_id("elm", "ada@elm.example", (), KEY) != owner_id("elm", "ada@elm.example", (), b"other")
