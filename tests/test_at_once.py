"""Several calls at a time: all are made, whatever one of them raises."""

import pytest

from rostersync.at_once import at_once


def test_results_come_in_the_order_of_the_things() -> None:
    assert at_once(lambda number: number * 2, range(50), workers=4) == list(range(0, 100, 2))


@pytest.mark.parametrize("bad", [0, 7, 49])
def test_an_error_keeps_no_other_call_from_being_made(bad: int) -> None:
    made: set[int] = set()

    def call(number: int) -> None:
        made.add(number)
        if number >= bad:
            raise ValueError(str(number))

    with pytest.raises(ValueError, match=f"^{bad}$"):
        at_once(call, range(50), workers=2)
    assert made == set(range(50))
