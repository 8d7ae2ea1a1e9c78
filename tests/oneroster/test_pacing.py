from random import Random

from rostersync.errors import RosterServerUnavailable
from rostersync.oneroster.pacing import Pace
from rostersync.oneroster.signals import Busy, Refused, TooHeavy


def pace(page_size: int = 1000, in_flight: int = 4) -> Pace:
    return Pace(page_size=page_size, in_flight=in_flight, random=Random(1))


def succeed(paced: Pace, times: int = 1, asked: int | None = None) -> None:
    for _ in range(times):
        ticket = paced.send()
        paced.succeeded(ticket, asked or paced.page_size)
        paced.back()


def test_as_many_requests_go_out_as_are_allowed_in_flight() -> None:
    paced = pace(in_flight=2)
    paced.send()
    assert paced.may_send()
    paced.send()
    assert not paced.may_send()
    paced.back()
    assert paced.may_send()


def test_after_a_failure_one_request_at_a_time_until_one_succeeds() -> None:
    paced = pace()
    ticket = paced.send()
    paced.failed(ticket, 1000, RosterServerUnavailable("reset"))
    paced.back()
    probe = paced.send()
    assert probe.wait > 0
    assert not paced.may_send()
    paced.succeeded(probe, 1000)
    assert paced.may_send()


def test_requests_that_fail_together_are_one_failure() -> None:
    paced = pace(in_flight=4)
    tickets = [paced.send() for _ in range(4)]
    for ticket in tickets:
        paced.failed(ticket, 1000, Busy("429", 1.0))
        paced.back()
    assert paced.in_flight == 2
    assert not paced.is_exhausted


def test_an_answer_sent_for_before_a_failure_does_not_end_the_caution() -> None:
    paced = pace()
    early, failing = paced.send(), paced.send()
    paced.failed(failing, 1000, RosterServerUnavailable("reset"))
    paced.succeeded(early, 1000)
    paced.back()
    paced.back()
    paced.send()
    assert not paced.may_send()


def test_a_page_is_halved_and_then_quartered_down_to_the_smallest() -> None:
    paced, asked, tried = pace(page_size=5000), 5000, []
    for _ in range(6):
        tried.append(asked)
        ticket = paced.send()
        asked = paced.failed(ticket, asked, TooHeavy("503"))
        paced.back()
    assert tried == [5000, 2501, 1251, 313, 79, 20]
    assert asked == paced.page_size == 10


def test_a_size_that_worked_before_is_tried_again_and_then_made_smaller_this_once() -> None:
    paced = pace()
    succeed(paced)
    assert paced.failed(paced.send(), 1000, TooHeavy("503")) == 1000
    paced.back()
    assert paced.failed(paced.send(), 1000, TooHeavy("503"), before=1) == 501
    assert paced.page_size == 1000


def test_a_small_part_of_a_page_that_fails_does_not_make_pages_small() -> None:
    paced = pace()
    assert paced.failed(paced.send(), 13, TooHeavy("503")) == 10
    assert paced.page_size == 1000


def test_a_larger_page_is_tried_again_ever_more_rarely() -> None:
    paced = pace()
    paced.failed(paced.send(), 1000, TooHeavy("503"))
    paced.back()
    assert paced.page_size == 501
    succeed(paced, 4)
    assert paced.page_size == 1000
    paced.failed(paced.send(), 1000, TooHeavy("503"))
    paced.back()
    succeed(paced, 7)
    assert paced.page_size == 501
    succeed(paced)
    assert paced.page_size == 1000


def test_a_refused_size_is_never_tried_again() -> None:
    paced = pace()
    paced.failed(paced.send(), 1000, Refused("400", 400))
    paced.back()
    succeed(paced, 100)
    assert paced.page_size == 501


def test_a_server_is_given_up_after_four_failures_or_eight_of_any_kind() -> None:
    paced = pace()
    for _ in range(4):
        assert not paced.is_exhausted
        paced.failed(paced.send(), 1000, RosterServerUnavailable("reset"))
        paced.back()
    assert paced.is_exhausted
    shrinking, asked = pace(page_size=10_000), 10_000
    for _ in range(8):
        assert not shrinking.is_exhausted
        asked = shrinking.failed(shrinking.send(), asked, TooHeavy("503"))
        shrinking.back()
    assert shrinking.is_exhausted
