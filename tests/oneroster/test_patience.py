from email.utils import formatdate
from random import Random

import pytest

from rostersync.errors import AccessDenied, RosterServerUnavailable, RosterSyncError, UnexpectedAnswer
from rostersync.oneroster.lookup import read_users
from rostersync.oneroster.patience import back_off, cool_down, patiently, read_retry_after
from rostersync.oneroster.payloads import Row
from rostersync.oneroster.signals import Busy, Refused, TooHeavy
from tests.oneroster.fake_pages import row

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("12", 12.0),
        (" 0.5 ", 0.5),
        ("-1", 0.0),
        ("99999", 900.0),
        ("nan", None),
        ("later", None),
        (formatdate(NOW + 30, usegmt=True), 30.0),
        (formatdate(NOW - 30, usegmt=True), 0.0),
        ("Wed, 99 Foo 2024", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_has_a_cap(header: str | None, seconds: float | None) -> None:
    assert read_retry_after(header, NOW) == seconds


def test_back_off_doubles_with_full_jitter_up_to_a_cap() -> None:
    dice = Random(7)
    for failures, most in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 10.0), (50, 10.0)):
        waits = [back_off(failures, dice) for _ in range(200)]
        assert 0 <= min(waits) < most * 0.1
        assert most * 0.9 < max(waits) <= most


def test_what_the_server_asks_for_is_never_cut_short() -> None:
    assert cool_down(Busy("429", 5.0), 4, Random(1)) == 5.0
    assert cool_down(TooHeavy("503", 90.0), 1, Random(1)) == 90.0
    assert cool_down(Busy("429", 0.0), 4, Random(1)) > 0


def test_a_question_is_asked_until_it_is_answered() -> None:
    waits: list[float] = []
    troubles: list[RosterSyncError] = [Busy("429", 2.0), TooHeavy("503"), RosterServerUnavailable("reset")]

    def ask() -> str:
        if troubles:
            raise troubles.pop(0)
        return "yes"

    assert patiently(ask, wait=waits.append, random=Random(1)) == "yes"
    assert waits[0] == 2.0
    assert len(waits) == 3


@pytest.mark.parametrize(
    ("trouble", "leaves", "asked"),
    [
        (Busy("429"), RosterServerUnavailable, 4),
        (TooHeavy("503"), RosterServerUnavailable, 4),
        (Busy("429", 60.0), RosterServerUnavailable, 1),
        (Refused("400", 400), UnexpectedAnswer, 1),
        (AccessDenied("403"), AccessDenied, 1),
    ],
)
def test_an_error_leaves_by_the_name_that_the_state_machines_know(
    trouble: RosterSyncError, leaves: type[Exception], asked: int
) -> None:
    times = 0

    def ask() -> None:
        nonlocal times
        times += 1
        raise trouble

    with pytest.raises(leaves) as raised:
        patiently(ask, wait=lambda _: None, random=Random(1))
    assert type(raised.value) is leaves
    assert times == asked


def test_users_are_read_in_their_order() -> None:
    found = read_users(lambda each: None if each == "b" else row(each), ["c", "b", "a"], in_flight=2)
    assert [each and each.sourced_id for each in found] == ["c", None, "a"]
    assert read_users(row, [], in_flight=2) == []


def test_after_an_error_no_more_users_are_asked_for() -> None:
    asked: list[str] = []

    def user(sourced_id: str) -> Row | None:
        asked.append(sourced_id)
        raise AccessDenied("403")

    with pytest.raises(AccessDenied):
        read_users(user, [f"u{number}" for number in range(200)], in_flight=1)
    assert len(asked) == 1
