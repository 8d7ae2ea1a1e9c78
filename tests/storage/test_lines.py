"""Records as lines."""

from rostersync.roster.records import Person
from rostersync.storage.lines import decode_chosen, encode_lines

PEOPLE = [Person(sourced_id=one, given_name=f"line\nend {one}") for one in ("a", "b", "c\u2028")]


def test_of_many_lines_those_that_are_wanted_are_decoded() -> None:
    data = encode_lines(PEOPLE)
    keys = [person.sourced_id for person in PEOPLE]
    assert decode_chosen(data, keys, {"b", "c\u2028", "elsewhere"}, Person) == {
        "b": PEOPLE[1],
        "c\u2028": PEOPLE[2],
    }
    assert decode_chosen(b"", [], {"b"}, Person) == {}


def test_a_line_that_is_not_wanted_is_not_looked_at() -> None:
    assert decode_chosen(b"no JSON\n" + encode_lines(PEOPLE[:1]), ["x", "a"], {"a"}, Person) == {
        "a": PEOPLE[0]
    }
