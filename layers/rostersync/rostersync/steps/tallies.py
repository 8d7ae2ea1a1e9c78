"""Counts that steps leave beside their changes: flat, so that adding them up needs to know nothing of them.

Keys are ``subject/name``: ``kept/teachers``, ``added/groups``, ``writes/roster``, ``classes/with groups``,
``without/no members``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from rostersync.roster.changes import Changes
from rostersync.roster.statistics import Statistics

Tally: TypeAlias = Counter[str]

STATISTICS: Final = ("teachers", "students", "classes", "groups", "memberships")

DELIVERY: Final = {
    "linked": "linked",
    "newlyLinked": "newly linked",
    "waiting": "waiting",
    "groups": "sent/groups",
    "removals": "sent/removals",
    "events": "sent/events",
    "usersAskedFor": "users asked for",
}
"""What a run tells of its delivery, and the tally's name for it."""


def count_changes(tally: Tally, kind: str, changes: Changes[object]) -> None:
    """Count what a comparison found under a kind of record."""
    tally[f"added/{kind}"] += changes.added
    tally[f"changed/{kind}"] += changes.changed
    tally[f"removed/{kind}"] += len(changes.removed)


def count_statistics(tally: Tally, statistics: Statistics) -> None:
    """Count a shard's part of the statistics."""
    for name in STATISTICS:
        tally[f"statistics/{name}"] += getattr(statistics, name)


STANDS: Final = "stands"
"""Stored records that stood in for pulled ones because they are on a list, or hang on what is."""


def add_up(tallies: Iterable[Mapping[str, int]]) -> Tally:
    """Return the sum of tallies."""
    total: Tally = Counter()
    for tally in tallies:
        total.update(tally)
    return total


def under(tally: Mapping[str, int], subject: str) -> dict[str, int]:
    """Return the counts of one subject, without its name, zeros left out."""
    prefix = f"{subject}/"
    return {
        key.removeprefix(prefix): count for key, count in tally.items() if key.startswith(prefix) and count
    }
