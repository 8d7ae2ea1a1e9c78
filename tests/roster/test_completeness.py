from array import array
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.roster import completeness
from rostersync.roster.completeness import Answer, judge


def answer(offset: int, ids: Sequence[int], *, total: int | None = None, revision: str = "") -> Answer:
    """Make the answer that a list of ids, in which 0 stands for a row without id, gives at an offset."""
    new = [identifier for identifier in ids[1 if offset else 0 :] if identifier]
    first, last = (ids[0], ids[-1]) if ids else (0, 0)
    return Answer(offset, len(ids), first, last, array("Q", new), total, revision)


def pages(ids: Sequence[int], cuts: Sequence[int], *, total: bool = True) -> list[Answer]:
    """Read a list that stands still, ending an answer at each cut; without a total, past its end."""
    starts = [0, *(cut - 1 for cut in cuts)]
    ends = [*cuts, len(ids)]
    announced = len(ids) if total else None
    answers = [
        answer(start, ids[start:end], total=announced) for start, end in zip(starts, ends, strict=True)
    ]
    if not total and ids:
        answers.append(replace(answer(len(ids) - 1, ids[-1:]), ids=array("Q")))
    return answers


def test_answers_that_share_their_boundaries_and_reach_the_total_are_complete() -> None:
    verdict = judge("classes", pages([3, 5, 7, 9, 11], [2, 4]), 5)
    assert (verdict.complete, verdict.reason, verdict.received, verdict.repeated) == (True, "", 5, {})


@pytest.mark.parametrize("announced", [0, None])
def test_an_empty_collection_is_complete(announced: int | None) -> None:
    verdict = judge("classes", [answer(0, [], total=announced)], announced)
    assert verdict.complete
    assert verdict.received == 0


@pytest.mark.parametrize("ids", [[3], [3, 5], [3, 5, 7]])
def test_without_a_total_an_answer_with_nothing_new_is_the_end(ids: list[int]) -> None:
    verdict = judge("classes", pages(ids, [], total=False), None)
    assert verdict.complete
    assert verdict.received == len(ids)


@pytest.mark.parametrize("ids", [[3], [3, 5], [3, 5, 7]])
def test_without_a_total_a_short_answer_is_not_the_end(ids: list[int]) -> None:
    verdict = judge("classes", [answer(0, ids)], None)
    assert verdict.reason == f"the end was not reached after {len(ids)} classes"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([], "nothing was received"),
        ([answer(1, [5, 7, 9], total=4)], "the first row received is row 1"),
        ([answer(0, [3, 5], total=4), answer(2, [7, 9], total=4)], "rows 1 and 2 are not the same row"),
        ([answer(0, [3, 5, 7], total=4), answer(1, [5, 7, 9], total=4)], "rows 2 and 1 are not the same row"),
        ([answer(0, [3, 5], total=4)] * 2, "rows 1 and 0 are not the same row"),
        (
            [answer(0, [3, 5], total=4), answer(1, [7, 9, 11], total=4)],
            "another record was found at row 1 the second time",
        ),
        ([answer(0, [3, 5, 7, 9], total=4), answer(4, [], total=4)], "no row was received at row 4"),
        ([answer(0, [3, 5, 7], total=4)], "3 classes were received and 4 announced"),
        ([answer(0, [3, 5, 7, 9, 11], total=4)], "5 classes were received and 4 announced"),
        ([answer(0, [], total=4)], "0 classes were received and 4 announced"),
        (
            [answer(0, [3, 5], total=4), answer(1, [5, 7, 9], total=5)],
            "the announced total changed during the pull",
        ),
        ([answer(0, [3, 5, 7, 9])], "the announced total changed during the pull"),
        (
            [answer(0, [3, 5], total=4, revision="1"), answer(1, [5, 7, 9], total=4, revision="2")],
            "x-perm-rev changed during the pull",
        ),
        ([answer(0, [3, 5], total=4), answer(1, [5, 3, 9], total=4)], "1 ids were received in two places"),
    ],
)
def test_what_does_not_hold_the_whole_list_is_not_complete(answers: list[Answer], reason: str) -> None:
    verdict = judge("classes", answers, 4)
    assert not verdict.complete
    assert verdict.reason == reason


def test_rows_without_an_id_and_repeats_inside_an_answer_count_as_rows() -> None:
    verdict = judge("classes", pages([0, 3, 3, 3, 0, 0, 9], [5, 6]), 7)
    assert verdict.complete
    assert verdict.received == 7
    assert verdict.repeated == {3: 3}


def test_an_id_repeated_by_neighbours_may_be_cut_anywhere() -> None:
    for cut in range(1, 6):
        assert judge("classes", pages([3, 5, 5, 5, 5, 7], [cut]), 6).complete


def test_an_id_in_two_places_is_the_servers_own_when_other_cuts_show_it_again() -> None:
    ids = [3, 5, 7, 9, 3]
    first = judge("classes", pages(ids, [2]), 5)
    assert not first.complete
    assert first.repeated == {3: 2}
    assert judge("classes", pages(ids, [4]), 5, first.repeated).complete
    assert not judge("classes", pages(ids, [4]), 5, {3: 3}).complete
    assert not judge("classes", pages(ids, [4]), 5, {5: 2}).complete
    assert not judge("classes", pages(ids, [4]), 5, {}).complete


def test_a_list_of_repeats_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completeness, "REPEATS_KEPT", 2)
    verdict = judge("classes", pages([3, 3, 5, 5, 7, 7], []), 6, {3: 2, 5: 2, 7: 2})
    assert verdict.reason == "more than 2 ids were received more than once"
    assert verdict.repeated == {}


@st.composite
def lists_and_cuts(draw: st.DrawFn) -> tuple[list[int], list[int], list[int]]:
    ids = draw(st.lists(st.integers(0, 6), min_size=1, max_size=14))
    cuts = st.lists(st.integers(2, max(2, len(ids) - 1)), unique=True, max_size=5).map(sorted)
    inside = cuts.map(lambda found: [cut for cut in found if cut < len(ids)])
    return ids, draw(inside), draw(inside)


@given(lists_and_cuts(), st.booleans(), st.randoms(use_true_random=False))
def test_a_list_that_stands_still_is_complete_by_the_second_pull_however_dirty(
    drawn: tuple[list[int], list[int], list[int]], total: bool, random: Random
) -> None:
    ids, cuts, other_cuts = drawn
    announced = len(ids) if total else None
    first = judge("classes", pages(ids, cuts, total=total), announced)
    answers = pages(ids, other_cuts, total=total)
    random.shuffle(answers)
    second = judge("classes", answers, announced, first.repeated)
    assert second.complete
    assert second.received == len(ids)


class MovingList:
    """A list of rows in the order of their ids, into and out of which rows go between two answers."""

    def __init__(self, random: Random, restlessness: float) -> None:
        self.random = random
        self.restlessness = restlessness
        self.ids = sorted(random.sample(range(1, 60), random.randrange(0, 24)))
        self.throughout = set(self.ids)

    def answer(self, offset: int, rows: int, announces: bool) -> Answer:
        while self.random.random() < self.restlessness:
            self._move()
        found = self.ids[offset : offset + rows]
        return answer(offset, found, total=len(self.ids) if announces else None)

    def _move(self) -> None:
        outside = [identifier for identifier in range(1, 60) if identifier not in self.ids]
        if self.ids and self.random.random() < 0.5:
            gone = self.random.choice(self.ids)
            self.ids.remove(gone)
            self.throughout.discard(gone)
        else:
            self.ids = sorted([*self.ids, self.random.choice(outside)])


def pull(server: MovingList, random: Random, announces: bool) -> tuple[list[Answer], int | None]:
    """Read windows in any order and turn by turn, with pages of any size; stop each where no row comes."""
    count = len(server.ids)
    window = random.randrange(2, 12)
    starts = [0, *range(window - 1, count - 1, window - 1)]
    unread: list[tuple[int, int | None]] = [
        (start, start + window if start != starts[-1] else count if announces else None) for start in starts
    ]
    answers = []
    while unread:
        offset, end = unread.pop(random.randrange(len(unread)))
        wanted = random.randrange(2, 8)
        got = server.answer(offset, wanted if end is None else min(wanted, end - offset), announces)
        answers.append(got)
        reached = offset + got.rows
        went_on = got.rows > 1 or (end is None and got.rows == len(answers) == 1)
        if went_on and (end is None or reached < end):
            unread.append((reached - 1, end))
    return answers, count if announces else None


@settings(max_examples=1_500)
@given(st.integers(0, 2**32), st.booleans(), st.sampled_from([0.05, 0.15, 0.4]))
def test_no_row_that_was_there_throughout_a_complete_pull_is_lost(
    seed: int, announces: bool, restlessness: float
) -> None:
    random = Random(seed)
    server = MovingList(random, restlessness)
    answers, announced = pull(server, random, announces)
    verdict = judge("classes", answers, announced)
    received = {identifier for got in answers for identifier in got.ids}
    if verdict.complete:
        assert server.throughout <= received
        assert verdict.received == len(received)


def test_a_moving_list_is_sometimes_complete_and_sometimes_not() -> None:
    verdicts = []
    for seed in range(400):
        server = MovingList(Random(seed), 0.1)
        before = set(server.throughout)
        answers, announced = pull(server, Random(seed), announces=seed % 2 == 0)
        verdicts.append((judge("classes", answers, announced).complete, server.throughout == before))
    assert {(True, True), (True, False), (False, False)} <= set(verdicts)
