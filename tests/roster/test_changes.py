from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from rostersync.roster.changes import compare
from rostersync.roster.fingerprint import fingerprint
from rostersync.roster.records import Org

ROSTERS = st.dictionaries(
    st.sampled_from(list("abcdef")), st.sampled_from(["North", "South"]), max_size=6
).map(lambda names: {key: Org(sourced_id=key, name=name) for key, name in names.items()})


def prints(orgs: Mapping[str, Org]) -> dict[str, str]:
    return {key: fingerprint(org) for key, org in orgs.items()}


@given(ROSTERS, ROSTERS)
def test_applying_the_changes_gives_what_was_pulled(before: dict[str, Org], pulled: dict[str, Org]) -> None:
    changes = compare(prints(before), pulled)
    after = dict(before) | {org.sourced_id: org for org in changes.put}
    for removed in changes.removed:
        del after[removed]
    assert after == pulled
    assert changes.added + changes.changed == len(changes.put)
    assert changes.added + changes.changed + changes.unchanged == len(pulled)


@given(ROSTERS)
def test_what_is_stored_as_pulled_changes_nothing(orgs: dict[str, Org]) -> None:
    changes = compare(prints(orgs), orgs)
    assert (changes.put, changes.removed, changes.unchanged) == ((), (), len(orgs))


def test_what_was_set_aside_is_not_absent() -> None:
    before = {"a": Org(sourced_id="a"), "b": Org(sourced_id="b")}
    assert compare(prints(before), {}, kept={"a"}).removed == ("b",)


def test_a_rewrite_puts_everything_and_still_counts_what_changed() -> None:
    before = {"a": Org(sourced_id="a"), "b": Org(sourced_id="b")}
    pulled = {"b": Org(sourced_id="b", name="South"), "a": Org(sourced_id="a"), "c": Org(sourced_id="c")}
    changes = compare(prints(before), pulled, rewrite=True)
    assert [org.sourced_id for org in changes.put] == ["a", "b", "c"]
    assert (changes.added, changes.changed, changes.unchanged) == (1, 1, 1)
