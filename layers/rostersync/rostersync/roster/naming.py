"""Names of one owner's groups, told apart (RULES 3.2).

A name depends on the owner's classes and on nothing that a date, an enrollment or a term's end changes, so a
group is renamed only when a class of that owner appears, goes or is itself described otherwise.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from rostersync.roster.classes import Draft

MAX_NAME: Final = 200
"""Characters of a name. A longer title is cut, what tells it apart is not."""

_MAX_PARTS: Final = 100
_SHORTEST_HASH: Final = 4
_LONGEST_HASH: Final = 64
_PLACEHOLDER: Final = re.compile(r"\{(title|code|period|location|term|course)\}")


def name_groups(drafts: Iterable[Draft], template: str) -> dict[str, str]:
    """Return class id -> name for the drafts of one owner, ended and empty ones included.

    No two names are equal, by trimmed and case-folded comparison.
    """
    by_class = {draft.class_id: draft for draft in drafts}
    names = {class_id: _render(draft, template) for class_id, draft in by_class.items()}
    equal: defaultdict[str, list[Draft]] = defaultdict(list)
    for class_id, name in names.items():
        equal[_key(name)].append(by_class[class_id])
    # A name that needs nothing added is not taken away by one that does: "Art (2)" beside two called "Art".
    taken = set(equal)
    for key in sorted(equal):
        if len(equal[key]) > 1:
            told_apart = _tell_apart(equal[key], names, taken)
            taken.update(map(_key, told_apart.values()))
            names.update(told_apart)
    return names


def _render(draft: Draft, template: str) -> str:
    title = draft.title.strip() or draft.class_code.strip() or "Class"
    values = {
        "title": title,
        "code": draft.class_code,
        "period": draft.period,
        "location": draft.location,
        "term": draft.term,
        "course": draft.course,
    }
    name = _PLACEHOLDER.sub(lambda found: values[found[1]].strip(), template).strip()
    return (name or title)[:MAX_NAME].strip()


def _tell_apart(drafts: list[Draft], names: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    parts = {draft.class_id: _parts(draft) for draft in drafts}
    for column in zip(*parts.values(), strict=True):
        if all(column):
            told = {
                class_id: _add(names[class_id], part) for class_id, part in zip(parts, column, strict=True)
            }
            if not _clashes(told, taken):
                return told
    return _all_parts(parts, names, taken)


def _all_parts(
    parts: Mapping[str, tuple[str, ...]], names: Mapping[str, str], taken: set[str]
) -> dict[str, str]:
    together = {class_id: ", ".join(filter(None, values)) for class_id, values in parts.items()}
    told = {class_id: _add(names[class_id], text) for class_id, text in together.items()}
    still_equal = _clashes(told, taken)
    for length in range(_SHORTEST_HASH, _LONGEST_HASH + 1):
        # Four characters do, but for two ids in 65,536 whose hashes begin alike.
        for class_id in still_equal:
            told[class_id] = _add(names[class_id], together[class_id], _hash(class_id)[:length])
        if not _clashes(told, taken):
            break
    return told


def _clashes(told: Mapping[str, str], taken: set[str]) -> set[str]:
    """Return the classes whose name another of them has, or a class outside them."""
    times = Counter(map(_key, told.values()))
    return {class_id for class_id, name in told.items() if times[_key(name)] > 1 or _key(name) in taken}


def _parts(draft: Draft) -> tuple[str, ...]:
    return draft.period.strip(), draft.location.strip(), draft.class_code.strip(), draft.term.strip()


def _add(name: str, parts: str, short_hash: str = "") -> str:
    inside = ", ".join(filter(None, (parts[:_MAX_PARTS].strip(), short_hash)))
    if not inside:
        return name
    ending = f" ({inside})"
    return name[: MAX_NAME - len(ending)].rstrip() + ending


def _key(name: str) -> str:
    return name.strip().casefold()


def _hash(class_id: str) -> str:
    return hashlib.sha256(class_id.encode("utf-8", "surrogatepass")).hexdigest()
