"""An owner's groups from run to run: RULES 3.1 and 3.4, DESIGN §4."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.roster.classes import Draft, Member
from rostersync.roster.groups import Group, OwnerGroups, OwnersClass, reconcile_groups
from rostersync.roster.identity import group_id
from rostersync.roster.settings import RosterSettings

SAM = Member("s-1", "sam", "", "Sam", "Sample")
ART = Draft(owner_id="o", class_id="c-1", title="Art", school="north", members=(SAM,))
ART_ID = group_id("elm", "c-1", "o")


def reconcile(
    drafts: Sequence[Draft], stored: Mapping[str, Group] | None = None, version: int = 10, **more: Any
) -> OwnerGroups:
    return reconcile_groups(
        "elm", "o", drafts, stored or {}, version=version, settings=RosterSettings(), **more
    )


def applied(stored: Mapping[str, Group], got: OwnerGroups) -> dict[str, Group]:
    return dict(stored) | {group.group_id: group for group in got.put}


def test_a_first_draft_becomes_a_group_with_the_runs_version() -> None:
    got = reconcile([ART])
    group = Group(ART_ID, "o", "c-1", "Art", 10, 10, (SAM,), "north")
    assert (got.put, got.current, got.added) == ((group,), (group,), 1)
    assert got.classes == (OwnersClass("c-1", "Art", "", ART_ID, "north"),)


def test_an_unchanged_group_is_not_written() -> None:
    stored = applied({}, reconcile([ART]))
    got = reconcile([ART], stored, 20)
    assert got.put == ()
    assert got.current == tuple(stored.values())
    assert (got.added, got.changed, got.removed) == (0, 0, 0)


def test_changed_members_bring_a_new_version_and_the_name_keeps_its_own() -> None:
    stored = applied({}, reconcile([ART]))
    got = reconcile([replace(ART, members=(SAM, replace(SAM, sourced_id="s-2")))], stored, 20)
    assert [(group.version, group.name_version, len(group.members)) for group in got.put] == [(20, 10, 2)]
    assert got.changed == 1


def test_a_changed_name_brings_a_new_name_version() -> None:
    stored = applied({}, reconcile([ART]))
    (group,) = reconcile([replace(ART, title="Arts")], stored, 20).put
    assert (group.name, group.version, group.name_version) == ("Arts", 20, 20)


def test_a_changed_school_is_a_change() -> None:
    stored = applied({}, reconcile([ART]))
    assert reconcile([replace(ART, school="south")], stored, 20).put[0].version == 20


def test_a_version_grows_even_when_the_clock_goes_back() -> None:
    stored = applied({}, reconcile([ART], version=100))
    assert reconcile([replace(ART, title="Arts")], stored, 50).put[0].version == 101
    assert reconcile([], stored, 50).put[0].version == 101


def test_a_group_that_is_no_longer_yielded_leaves_a_tombstone() -> None:
    stored = applied({}, reconcile([ART]))
    got = reconcile([replace(ART, reason="no members", members=())], stored, 20)
    assert got.put == (Group(ART_ID, "o", "c-1", "Art", 10, 20, (), "north", removed=True, removed_at=20),)
    assert (got.current, got.removed) == ((), 1)
    assert got.classes == (OwnersClass("c-1", "Art", "no members", "", "north"),)


def test_a_tombstone_is_left_alone() -> None:
    stored = applied({}, reconcile([ART]))
    stored = applied(stored, reconcile([], stored, 20))
    assert reconcile([], stored, 30).put == ()
    assert reconcile([], stored, 30, rewrite=True).put == ()


def test_rule_3_4_a_group_that_comes_back_keeps_its_id_and_gets_a_higher_version() -> None:
    stored = applied({}, reconcile([ART]))
    stored = applied(stored, reconcile([], stored, 20))
    got = reconcile([ART], stored, 20)
    assert got.put == (Group(ART_ID, "o", "c-1", "Art", 10, 21, (SAM,), "north"),)
    assert got.added == 1


def test_a_rewrite_puts_every_current_group_with_the_version_it_has() -> None:
    stored = applied({}, reconcile([ART]))
    biology = replace(ART, class_id="c-2", title="Biology")
    got = reconcile([biology, ART], stored, 20, rewrite=True)
    assert {group.class_id: group.version for group in got.put} == {"c-1": 10, "c-2": 20}
    assert (got.added, got.changed, got.removed) == (1, 0, 0)


def test_rule_3_2_ended_and_empty_classes_take_part_in_telling_names_apart() -> None:
    ended = replace(ART, class_id="c-2", period="2", reason="term over", members=())
    got = reconcile([ended, replace(ART, period="1")])
    assert [(one.class_id, one.name, one.reason) for one in got.classes] == [
        ("c-1", "Art (1)", ""),
        ("c-2", "Art (2)", "term over"),
    ]


DRAFTS = st.lists(
    st.builds(
        Draft,
        owner_id=st.just("o"),
        class_id=st.sampled_from(["c-1", "c-2", "c-3"]),
        title=st.sampled_from(["Art", "Biology"]),
        period=st.sampled_from(["1", "2"]),
        reason=st.sampled_from(["", "", "no members"]),
        members=st.sampled_from([(SAM,), (SAM, replace(SAM, sourced_id="s-2"))]),
    ).map(lambda one: replace(one, members=()) if one.reason else one),
    max_size=3,
    unique_by=lambda one: one.class_id,
)


def meaning(groups: Sequence[Group]) -> list[tuple[str, str, tuple[Member, ...]]]:
    return [(group.group_id, group.name, group.members) for group in groups]


@settings(max_examples=200)
@given(st.lists(st.tuples(DRAFTS, st.booleans()), max_size=5))
def test_rule_3_4_the_groups_are_those_that_a_first_sync_of_today_would_give(
    runs: list[tuple[list[Draft], bool]],
) -> None:
    stored: dict[str, Group] = {}
    for version, (drafts, rewrite) in enumerate(runs, start=1):
        got = reconcile(drafts, stored, version, rewrite=rewrite)
        for group in got.put:
            before = stored.get(group.group_id)
            if before is not None:
                assert group.version > before.version or (rewrite and group == before)
                assert group.name_version >= before.name_version
        stored = applied(stored, got)
        current = [stored[key] for key in sorted(stored) if not stored[key].removed]
        assert current == list(got.current)
        first = reconcile(drafts)
        assert meaning(current) == meaning(first.current)
        assert got.classes == first.classes
        assert reconcile(drafts, stored, version + 1).put == ()
