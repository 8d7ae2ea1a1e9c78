"""RULES 3.2: names that tell an owner's classes apart."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.roster.classes import Draft, Member
from rostersync.roster.naming import MAX_NAME, name_groups


def draft(class_id: str, title: str = "Art", **more: Any) -> Draft:
    return Draft(owner_id="o", class_id=class_id, title=title, **more)


def names(*drafts: Draft, template: str = "{title}") -> list[str]:
    """Return the names in the order of the drafts."""
    named = name_groups(drafts, template)
    return [named[one.class_id] for one in drafts]


def test_rule_3_2_a_title_that_no_other_class_has_is_the_name() -> None:
    assert names(draft("a", " Art ", period="1"), draft("b", "Biology", period="1")) == ["Art", "Biology"]


@pytest.mark.parametrize("part", ["period", "location", "class_code", "term"])
def test_rule_3_2_equal_titles_are_told_apart_by_what_differs(part: str) -> None:
    one, other = draft("a", **{part: "X"}), draft("b", **{part: "Y"})
    assert names(one, other, draft("c", "Biology")) == ["Art (X)", "Art (Y)", "Biology"]


def test_rule_3_2_the_first_part_that_differs_is_taken() -> None:
    one = draft("a", period="1", location="Room 1", class_code="A", term="Fall")
    other = draft("b", period="1", location="Room 2", class_code="B", term="Spring")
    assert names(one, other) == ["Art (Room 1)", "Art (Room 2)"]


def test_rule_3_2_a_part_has_to_differ_for_all_of_them() -> None:
    drafts = [
        draft("a", period="1", term="Fall"),
        draft("b", period="2", term="Spring"),
        draft("c", period="2", term="Summer"),
    ]
    assert names(*drafts) == ["Art (Fall)", "Art (Spring)", "Art (Summer)"]


def test_a_part_that_one_of_them_lacks_does_not_tell_them_apart() -> None:
    assert names(draft("a", period="1", term="Fall"), draft("b", term="Spring")) == [
        "Art (Fall)",
        "Art (Spring)",
    ]


def test_rule_3_2_else_all_parts_together() -> None:
    drafts = [
        draft("a", period="1", class_code="A1", term="Fall"),
        draft("b", period="1", class_code="A1", term="Spring"),
        draft("c", period="2", class_code="A1", term="Spring"),
    ]
    assert names(*drafts) == ["Art (1, A1, Fall)", "Art (1, A1, Spring)", "Art (2, A1, Spring)"]


def test_rule_3_2_then_four_characters_of_the_hash_of_the_class_id() -> None:
    assert names(draft("a"), draft("b")) == ["Art (ca97)", "Art (3e23)"]
    assert names(draft("a", period="1"), draft("b", period="1"), draft("c", period="2")) == [
        "Art (1, ca97)",
        "Art (1, 3e23)",
        "Art (2)",
    ]


def test_hashes_that_begin_alike_grow_until_they_differ() -> None:
    # Both hashes begin with 3e18.
    assert names(draft("class-76"), draft("class-93")) == ["Art (3e187)", "Art (3e185)"]


def test_rule_3_2_titles_that_differ_in_case_and_margins_are_equal() -> None:
    assert names(draft("a", "ART", period="1"), draft("b", " art", period="2")) == ["ART (1)", "art (2)"]


def test_a_title_that_looks_like_a_name_told_apart_keeps_its_name() -> None:
    drafts = [
        draft("a", period="1", location="North"),
        draft("b", period="2", location="South"),
        draft("c", "Art (1)"),
    ]
    assert names(*drafts) == ["Art (North)", "Art (South)", "Art (1)"]


def test_rule_3_2_a_template_may_hold_every_part() -> None:
    one = draft("a", class_code="A1", period="2", location="Room 3", term="Fall", course="Visual Arts")
    template = "{course}: {title} {code} {period} {location} {term} {other} {"
    assert names(one, template=template) == ["Visual Arts: Art A1 2 Room 3 Fall {other} {"]


def test_a_title_with_braces_is_not_a_template() -> None:
    assert names(draft("a", "{code} {term}", class_code="A1")) == ["{code} {term}"]


def test_without_a_title_the_class_code_is_the_title() -> None:
    assert names(draft("a", " ", class_code="A1"), draft("b", "")) == ["A1", "Class"]
    assert names(draft("a", class_code="A1"), template="{period}") == ["Art"]


def test_a_long_title_is_cut_and_told_apart_all_the_same() -> None:
    long = "A" * 300
    one, other = names(draft("a", long + "x", period="1"), draft("b", long + "y", period="2"))
    assert (len(one), one[-4:], len(other), other[-4:]) == (MAX_NAME, " (1)", MAX_NAME, " (2)")
    assert [len(name) for name in names(draft("a", location=long), draft("b", location=long + "B"))] == [
        112,
        112,
    ]


TEXTS = st.sampled_from(["", "Art", "art ", "Art (1)", "1", "2", "Art (1, 2)", "x) (1", "Art (x)", "A" * 250])
DRAFTS = st.lists(
    st.builds(
        Draft,
        owner_id=st.just("o"),
        class_id=st.integers(0, 40).map(str),
        title=TEXTS,
        class_code=TEXTS,
        location=TEXTS,
        period=TEXTS,
        term=TEXTS,
    ),
    max_size=8,
    unique_by=lambda one: one.class_id,
)
TEMPLATES = st.sampled_from(["{title}", "{title} {period}", "{term}", "Group"])


@settings(max_examples=400)
@given(DRAFTS, TEMPLATES, st.randoms(use_true_random=False))
def test_rule_3_2_no_two_of_an_owners_names_are_equal_in_whatever_order(
    drafts: list[Draft], template: str, random: Any
) -> None:
    named = name_groups(drafts, template)
    assert len({name.strip().casefold() for name in named.values()}) == len(drafts)
    assert all(0 < len(name) <= MAX_NAME for name in named.values())
    shuffled = list(drafts)
    random.shuffle(shuffled)
    assert name_groups(shuffled, template) == named


@given(DRAFTS, st.data())
def test_rule_3_2_the_end_of_an_enrollment_or_a_term_renames_nothing(
    drafts: list[Draft], data: st.DataObject
) -> None:
    later = [
        replace(
            one,
            reason=data.draw(st.sampled_from(["", "term over", "no members"])),
            members=(Member("s-1", "", "", "", ""),) * data.draw(st.integers(0, 1)),
        )
        for one in drafts
    ]
    assert name_groups(later, "{title}") == name_groups(drafts, "{title}")
