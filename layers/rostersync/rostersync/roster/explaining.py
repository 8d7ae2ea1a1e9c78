"""Why an owner has no groups in Senso (RULES §6)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from rostersync.roster.groups import OwnersClass

NOT_SHARED: Final = "not shared by ClassLink"
NO_CLASS: Final = "on no class as teacher"
NO_GROUP: Final = "no class yields a group"
NOT_LINKED: Final = "user not linked"


@dataclass(frozen=True, slots=True)
class Explanation:
    """``reason`` is "" for an owner whose groups Senso has or is about to get.

    ``without_groups`` counts the owner's classes that yield no group, by reason.
    """

    reason: str = ""
    without_groups: Mapping[str, int] = field(default_factory=dict)


def explain_owner(classes: Iterable[OwnersClass], *, is_owner: bool, linked: bool) -> Explanation:
    """Return the first thing that keeps an owner from having groups, and what keeps single classes.

    ``is_owner``: the roster has a teacher with this e-mail today. ``classes`` as last published.
    """
    classes = tuple(classes)
    without = dict(Counter(one.reason for one in classes if one.reason))
    if not is_owner:
        return Explanation(NOT_SHARED)
    if not classes:
        return Explanation(NO_CLASS)
    if all(one.reason for one in classes):
        return Explanation(NO_GROUP, without)
    return Explanation("" if linked else NOT_LINKED, without)
