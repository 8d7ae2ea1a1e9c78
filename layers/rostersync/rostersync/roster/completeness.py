"""Whether the answers of a pull show that nothing was missed (DESIGN §2, promise 1).

The proof, for a collection under a fixed order: an answer is a gapless slice of the list at one moment. If
each answer begins with the row that the one before ended with, the slices cover the order without a gap, up
to the last row of the last answer; and that was the end of the list if its total says so, or if asking
for what comes after it brought nothing. A row that was there throughout is inside the slice that covers it.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress, dropwhile, islice, pairwise
from operator import eq
from typing import Final

from msgspec import Struct, field

REPEATS_KEPT: Final = 200_000
"""Repeated ids that are remembered for the next pull; a list with more is not believed at all."""


class Answer(Struct, frozen=True):
    """One page as it was received: rows ``offset`` to ``offset + rows`` of a collection.

    An answer that continues another begins with the last row of that one, its overlap row. ``rows`` counts
    it, ``ids`` does not hold it. ``first`` and ``last`` are 64-bit hashes of the first and the last row's
    id, or of its content when it has none; 0 when there is no row. ``ids`` are the hashes of the ids of its
    rows, an ``array("Q")`` where there are many; rows without an id are not in it. ``total`` is the announced
    one (None: the server announces none), ``revision`` is ``x-perm-rev`` or ``""``.
    """

    offset: int
    rows: int
    first: int
    last: int
    ids: Sequence[int] = field(default_factory=lambda: array("Q"))
    total: int | None = None
    revision: str = ""


class Verdict(Struct, frozen=True):
    """``reason`` is "" when complete. ``received`` counts rows, overlaps once.

    ``repeated`` maps the hash of each id that came more than once to how often it came: the next pull, whose
    cuts are other, is judged with it as ``earlier``.
    """

    complete: bool
    reason: str
    received: int
    repeated: Mapping[int, int]


def judge(
    collection: str,
    answers: Iterable[Answer],
    announced: int | None,
    earlier: Mapping[int, int] | None = None,
) -> Verdict:
    """Say whether the answers, in any order, hold the whole collection, and if not why in words for a person.

    ``announced`` is the total that the plan was made with (None: the server announces none). ``earlier`` is
    ``repeated`` of the pull before, whose cuts were other: an id that repeats exactly as it did then is the
    server's own repetition and not a sign that pages shifted.

    Uses about 60 bytes and a microsecond for each row.
    """
    # Answers that begin together: the one that brought no more than its overlap row comes first.
    ordered = sorted(answers, key=lambda answer: (answer.offset, answer.rows))
    received = sum(answer.rows for answer in ordered) - sum(answer.rows > 0 for answer in ordered[1:])
    repeated = _repeated(ordered)
    fault = (
        _gap(ordered)
        or _unfinished(collection, ordered, received, announced)
        or _moved(ordered, announced)
        or _shifted(ordered, repeated, earlier or {})
    )
    return Verdict(
        complete=not fault,
        reason=fault,
        received=received,
        repeated=repeated if len(repeated) <= REPEATS_KEPT else {},
    )


def _gap(ordered: Sequence[Answer]) -> str:
    if not ordered:
        return "nothing was received"
    if ordered[0].offset != 0:
        return f"the first row received is row {ordered[0].offset}"
    for before, after in pairwise(ordered):
        if before.rows == 0 or after.rows == 0:
            return f"no row was received at row {after.offset}"
        if after.offset != before.offset + before.rows - 1:
            return f"rows {before.offset + before.rows - 1} and {after.offset} are not the same row"
        if after.first != before.last:
            return f"another record was found at row {after.offset} the second time"
    return ""


def _unfinished(collection: str, ordered: Sequence[Answer], received: int, announced: int | None) -> str:
    if announced is None:
        # Nothing came after the overlap row, or nothing at all came: that is how a list without a total ends.
        shows_end = ordered[-1].rows == (1 if len(ordered) > 1 else 0)
        return "" if shows_end else f"the end was not reached after {received} {collection}"
    return "" if received == announced else f"{received} {collection} were received and {announced} announced"


def _moved(ordered: Sequence[Answer], announced: int | None) -> str:
    if any(answer.total != announced for answer in ordered):
        return "the announced total changed during the pull"
    if any(answer.revision != ordered[0].revision for answer in ordered):
        return "x-perm-rev changed during the pull"
    return ""


def _repeated(ordered: Sequence[Answer]) -> dict[int, int]:
    # One sort of all hashes instead of a table: millions of them fit, and the loop runs outside Python code.
    hashes = sorted(chain.from_iterable(answer.ids for answer in ordered))
    again = compress(hashes, map(eq, hashes, islice(hashes, 1, None)))
    return {identifier: times + 1 for identifier, times in Counter(again).items()}


def _shifted(ordered: Sequence[Answer], repeated: Mapping[int, int], earlier: Mapping[int, int]) -> str:
    if len(repeated) > REPEATS_KEPT:
        return f"more than {REPEATS_KEPT} ids were received more than once"
    suspects = {identifier for identifier, times in repeated.items() if earlier.get(identifier) != times}
    if not suspects:
        return ""
    in_one_answer: set[int] = set()
    in_several: set[int] = set()
    for position, answer in enumerate(ordered):
        # Rows that go on with the id of the overlap row repeat it inside this one answer: no sign of a shift.
        rest = dropwhile(answer.first.__eq__, answer.ids) if position > 0 else answer.ids
        found = suspects.intersection(rest)
        in_several |= found & in_one_answer
        in_one_answer |= found
    return f"{len(in_several)} ids were received in two places" if in_several else ""
