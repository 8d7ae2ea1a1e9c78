"""No two things meet in one key, and no tenant's key is another's."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.roster.identity import SHARDS
from rostersync.roster.records import AcademicSession, Class, Course, Org, Person
from rostersync.storage import keys, staged
from tests.storage.rosters import ids

KINDS = (Org, AcademicSession, Course, Class, Person)


@settings(max_examples=60)
@given(st.lists(ids, min_size=1, max_size=6, unique=True))
def test_no_two_records_have_one_key(sourced_ids: list[str]) -> None:
    tenants = ("maple", "maple-2")
    found = [keys.record(tenant, kind, one) for tenant, kind, one in product(tenants, KINDS, sourced_ids)]
    found += [keys.gone(tenant, one) for tenant, one in product(tenants, sourced_ids)]
    found += [keys.email(tenant, one) for tenant, one in product(tenants, sourced_ids)]
    assert len(set(found)) == len(found)


@settings(max_examples=60)
@given(ids)
def test_an_id_comes_back_from_its_key(sourced_id: str) -> None:
    assert keys.sourced_id_of(keys.record("maple", Person, sourced_id)[1]) == sourced_id


def test_a_key_says_whose_it_is() -> None:
    assert keys.tenant_of(keys.integration("maple")[0]) == "maple"
    assert keys.tenant_of(keys.run("maple", "run-1")[0]) == "maple"
    assert keys.owner_of(keys.group("maple", "o_1", "g_1")[1]) == "o_1"
    assert keys.owner_of(keys.class_list("maple", "o_1")[1]) == "o_1"
    assert keys.owner_of(keys.link("maple", "o_1")[1]) == "o_1"
    assert keys.is_sent(keys.sent("maple", "o_1")[1])
    assert not keys.is_sent(keys.group("maple", "o_1", "g_1")[1])


def test_an_owners_groups_lie_side_by_side() -> None:
    partition, sk = keys.group("maple", "o_1", "g_1")
    assert sk.startswith(keys.groups_prefix("o_1"))
    assert not keys.group("maple", "o_12", "g_1")[1].startswith(keys.groups_prefix("o_1"))
    assert keys.sent("maple", "o_1")[0] == partition
    assert keys.sent("maple", "o_1")[1].startswith(keys.groups_prefix("o_1"))


def test_the_longest_id_fits_every_key() -> None:
    longest = "é" * (keys.MAX_ID_BYTES // 2)
    for kind in KINDS:
        assert len(keys.record("maple", kind, longest)[1].encode()) <= 1_024
    assert len(keys.gone("maple", longest)[1].encode()) <= 1_024
    assert len(keys.email("maple", longest)[1].encode()) <= 1_024


def test_shards_are_16_partitions() -> None:
    assert len({keys.roster_partition("maple", shard) for shard in range(SHARDS)}) == SHARDS


def test_staged_objects_lie_apart_by_run_and_pull() -> None:
    assert staged.plan("maple", "run-1", 2) == "staging/runs/maple/run-1/pull-2/plan.json"
    assert staged.fetch_part("maple", "run-1", 2, 3, 4) == (
        "staging/runs/maple/run-1/pull-2/fetch/0003/0004.pack"
    )
    every = [
        key
        for tenant, run, pull in product(("maple", "oak"), ("run-1", "run-2"), (1, 2))
        for key in (
            *(
                place(tenant, run, pull, holding)
                for place in (staged.owners, staged.review)
                for holding in (False, True)
            ),
            *(
                place(tenant, run, pull, holding, 10)
                for place in (staged.people, staged.classes, staged.groups)
                for holding in (False, True)
            ),
            staged.plan(tenant, run, pull),
            staged.verdict(tenant, run, pull),
            staged.fetch_part(tenant, run, pull, 0, 0),
            staged.fetch_part(tenant, run, pull, 0, 1),
            staged.published(tenant, run, pull, 10),
        )
    ]
    assert len(set(every)) == len(every)
    assert all(key.startswith("staging/") for key in every)
    assert staged.plan("maple", "run-1", 1).startswith(staged.of_tenant("maple"))
    assert not staged.plan("maple-2", "run-1", 1).startswith(staged.of_tenant("maple"))
    assert staged.night_tenants("night-1").startswith("staging/nights/")
