"""Changes on their way through staging, and records as lines."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.roster.classes import Draft, Member
from rostersync.roster.records import Person, SetAside
from rostersync.roster.settings import RosterSettings
from rostersync.storage.attributes import Item, Key
from rostersync.storage.changes import ChangedItems, decode_changes, encode_changes
from rostersync.storage.lines import decode_lines, encode_lines
from tests.storage.rosters import people

values = st.one_of(
    st.text(max_size=5),
    st.integers(-(2**53), 2**53),
    st.booleans(),
    st.binary(max_size=5),
    st.just(["a", ""]),
)
items = st.fixed_dictionaries({"pk": st.text(max_size=3), "sk": st.text(max_size=3), "value": values})
keys = st.tuples(st.text(max_size=3), st.text(max_size=3))


@settings(max_examples=60)
@given(st.lists(items, max_size=4), st.lists(keys, max_size=4))
def test_changes_come_back_as_they_were(puts: list[Item], deletes: list[Key]) -> None:
    assert decode_changes(encode_changes(puts, deletes)) == (puts, deletes)


def test_a_section_that_was_not_staged_holds_no_changes() -> None:
    assert decode_changes(b"") == ([], [])


def test_of_two_changes_of_one_key_the_later_counts() -> None:
    changed = ChangedItems()
    changed.put({"pk": "P", "sk": "1", "n": 1})
    changed.delete(("P", "1"))
    changed.delete(("P", "2"))
    changed.put({"pk": "P", "sk": "2", "n": 2})
    assert len(changed) == 2
    assert decode_changes(changed.encode()) == ([{"pk": "P", "sk": "2", "n": 2}], [("P", "1")])


def test_the_order_in_which_changes_were_found_does_not_matter() -> None:
    one, other = ChangedItems(), ChangedItems()
    for changed, order in ((one, (1, 2, 3)), (other, (3, 1, 2))):
        for number in order:
            changed.put({"pk": "P", "sk": str(number)})
    assert one.encode() == other.encode()


@settings(max_examples=40)
@given(st.lists(people, max_size=4))
def test_records_come_back_from_their_lines(records: list[Person]) -> None:
    assert decode_lines(encode_lines(records), Person) == records


def test_lines_carry_what_lies_within_a_record() -> None:
    draft = Draft("o_1", "c1", "Art\nand\u2028more", members=(Member("s1", "", "", "Ada", "Example"),))
    assert decode_lines(encode_lines(iter([draft, draft])), Draft) == [draft, draft]
    aside = SetAside(collection="users", sourced_id="u1", field="role", reason="guardian")
    assert decode_lines(encode_lines([aside]), SetAside) == [aside]
    settings_chosen = RosterSettings(schools_excluded=frozenset({"b", "a"}))
    assert decode_lines(encode_lines([settings_chosen]), RosterSettings) == [settings_chosen]
    assert decode_lines(b"", Draft) == []
