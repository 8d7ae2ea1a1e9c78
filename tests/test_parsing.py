"""What is said of a value that is not as it should be: where and what, and nothing of the value."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from rostersync.parsing import convert, mistake, shaped

SECRET = "Jane Invented"


class Inner(Struct, forbid_unknown_fields=True):
    """Part of one."""

    name: Annotated[str, shaped("^[a-z]+$")]


class Outer(Struct, rename="camel", forbid_unknown_fields=True):
    """What is read."""

    number: Annotated[int, Meta(ge=1, le=3)] = 1
    of_three: Literal["a", "b", "c"] = "a"
    several: tuple[Inner, ...] = ()
    free: str = ""
    perhaps: int | None = None


def mistake_in(value: Any) -> tuple[str, str]:
    with pytest.raises(msgspec.ValidationError) as caught:
        convert(value, Outer)
    return mistake(caught.value)


@pytest.mark.parametrize(
    ("value", "place", "words"),
    [
        ({"number": 4}, "number", "Expected `int` <= 3"),
        ({"number": SECRET}, "number", "Expected `int`, got `str`"),
        ({"ofThree": SECRET}, "ofThree", "none of the expected values"),
        ({"several": [{"name": "a"}, {"name": SECRET}]}, "several[1].name", "Expected `str` matching regex"),
        ({"several": [{}]}, "several[0].name", "missing"),
        ({"several": [{"name": "a", "colour": SECRET}]}, "colour", "not a field of this input"),
        ({"colour": SECRET}, "colour", "not a field of this input"),
        ({SECRET: 1}, "an unknown field", "not a field of this input"),
        ({f"colour` {SECRET}": 1}, "an unknown field", "not a field of this input"),
        ({f"{SECRET}` - at `$.colour": 1}, "an unknown field", "not a field of this input"),
        (None, "", "Expected `object`, got `null`"),
        (SECRET, "", "Expected `object`, got `str`"),
    ],
)
def test_a_mistake_is_placed_and_described(value: Any, place: str, words: str) -> None:
    found = mistake_in(value)
    assert found[0] == place
    assert found[1].startswith(words)


@given(st.text(min_size=1), st.booleans())
@example("w`", False)
@example("w` - at `$.x", True)
def test_no_name_that_somebody_made_up_is_repeated_unless_it_looks_like_a_field(
    name: str, deep: bool
) -> None:
    strange = {f"{name} {SECRET}": 1}
    place, words = mistake_in({"several": [{"name": "a", **strange}]} if deep else strange)
    assert "Jane" not in place + words
    assert place == "an unknown field"


@pytest.mark.parametrize("text", ["abc\n", "abc\r\n", "\nabc", "abc\n\n"])
def test_a_pattern_goes_to_the_very_end(text: str) -> None:
    assert mistake_in({"several": [{"name": text}]})[0] == "several[0].name"


@pytest.mark.parametrize("text", ["\ud800", "a\udc00b"])
def test_a_text_that_is_not_unicode_is_refused_and_not_quoted(text: str) -> None:
    for value in (
        {"number": text},
        {"ofThree": text},
        {"several": [{"name": text}]},
        {"free": text},
        {text: 1},
    ):
        place, words = mistake_in(value)
        assert (place + words).isascii()
        assert "ud800" not in place + words


def test_a_number_may_come_as_jsonata_writes_it() -> None:
    assert {convert({"number": number}, Outer).number for number in (2, 2.0)} == {2}
    assert {mistake_in({"number": number})[0] for number in (2.5, "2", True, None)} == {"number"}


def test_of_texts_numbers_are_read_and_nothing_is_made_of_null_elsewhere() -> None:
    assert convert({"number": "2"}, Outer, from_texts=True).number == 2
    assert mistake_in({"perhaps": "null"})[0] == "perhaps"
