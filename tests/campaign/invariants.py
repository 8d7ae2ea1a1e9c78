"""What holds after every run, whatever went wrong in it: one function a promise, "" or what is broken.

Any test that runs the steps may ask them: they look at a table, a run item and what is right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Final, cast

from rostersync.roster.records import Person
from rostersync.steps.keeping import held_of
from rostersync.storage import items, staged
from rostersync.storage.leases import Lease
from rostersync.storage.runs import RunRecord
from rostersync.storage.table import Item
from simulator.oracle import RightGroup
from tests.fakes import FakeTable
from tests.steps.driver import LONGEST_FUNCTION_SECONDS, TENANT, FakeStores
from tests.steps.published import BOOKKEEPING, Published, published

Key = tuple[str, str]
Items = Mapping[Key, Item]

WELL: Final = frozenset({"published", "unchanged"})
ENDS: Final = WELL | {"previewed", "held", "failed"}
DENIED: Final = frozenset({401, 403})
MOST_STUDENTS_PERCENT: Final = 10
FEW: Final = 5


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What a right sync gives; ``moments`` are the groups at each moment of a pull in which rows moved."""

    moments: tuple[dict[Key, RightGroup], ...]
    statistics: dict[str, int]
    without: dict[str, int]
    collections: dict[str, dict[str, int]]

    @property
    def still(self) -> bool:
        """Whether nothing moved, so that one answer alone is right."""
        return len(self.moments) == 1


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One run and what it left. ``keeps``: the run on whose undecided list was what stays, before this one.

    ``before`` and ``after`` are all the items of the table, ``answered`` the statuses in the order in which
    answers reached the client, 0 for none. ``hidden``: rows of answers that were null, each of which may hide
    a record.
    ``permissions_moved``: pages of the last pull had different ``x-perm-rev``.
    """

    run: RunRecord
    stores: FakeStores
    before: Items
    after: Items
    truth: Truth
    keeps: str
    publishing: bool
    requests: int
    most_requests: int
    answered: tuple[int, ...]
    oauth2: bool
    lease: Lease | None
    now_ms: int
    harmless: bool
    hidden: bool
    permissions_moved: bool

    @cached_property
    def same(self) -> bool:
        """Whether roster and groups are as they were, versions and tombstones too."""
        return kept(self.before) == kept(self.after)

    @cached_property
    def published(self) -> Published:
        """What the table means."""
        return published(cast("FakeTable", SimpleNamespace(items=self.after)))

    @property
    def exact(self) -> bool:
        """Whether what is published has to be the truth itself."""
        return (
            self.run.outcome in WELL
            and self.truth.still
            and not self.hidden
            and (not self.keeps or self.keeps == self.run.permits)
        )


def it_ends_with_a_reason(seen: Seen) -> str:
    """Every run ends in one of the five ways; a failed or held one says why, naming nobody."""
    run = seen.run
    if run.outcome not in ENDS or not run.finished_at:
        return f"the run ended as {run.outcome!r}"
    if (run.outcome == "failed") != bool(run.error) or run.error == "UnexpectedError":
        return f"{run.outcome} with the error {run.error!r}"
    if run.outcome in {"failed", "held"} and not run.reason:
        return f"{run.outcome} without a reason"
    return "a reason names somebody" if "@" in run.reason else ""


def failed_leaves_everything(seen: Seen) -> str:
    """A run that failed before Publish, and a preview, leave roster and groups exactly as they were."""
    if seen.publishing or seen.run.outcome not in {"failed", "previewed"}:
        return ""
    return "" if seen.same else f"{seen.run.outcome}, and the table is another"


def stopped_leaves_everything(seen: Seen) -> str:
    """Where nothing may be published, nothing is."""
    if not seen.run.stopped or seen.same:
        return ""
    return "nothing was to be published, and the table is another"


def success_is_the_truth(seen: Seen) -> str:
    """Published or unchanged, the groups are the oracle's: members, names, and which there are."""
    if not seen.exact:
        return ""
    (right,) = seen.truth.moments
    found = seen.published.groups
    if found.keys() != right.keys():
        missing, more = len(right.keys() - found.keys()), len(found.keys() - right.keys())
        return f"{missing} groups are missing, {more} too many"
    members = [key for key in right if _members(found[key]) != right[key].members]
    if members:
        lost = sum(len(right[key].members - _members(found[key])) for key in members)
        more = sum(len(_members(found[key]) - right[key].members) for key in members)
        return f"the members of {len(members)} groups are others: {lost} missing, {more} too many"
    names = [key for key in right if right[key].name not in {None, found[key][0]}]
    return f"the names of {len(names)} groups are others" if names else ""


def success_is_within_what_was_there(seen: Seen) -> str:
    """Of rows that moved during the pull either state is right; what stayed throughout is published."""
    if seen.truth.still or seen.run.outcome not in WELL or seen.hidden or seen.keeps:
        return ""
    found = {key: _members(group) for key, group in seen.published.groups.items()}
    moments = [{key: group.members for key, group in moment.items()} for moment in seen.truth.moments]
    always = set.intersection(*map(set, moments))
    ever = set.union(*map(set, moments))
    if not always <= found.keys() <= ever:
        return "a group that was there throughout is missing, or one is there that never was"
    for key, members in found.items():
        states = [moment.get(key, frozenset()) for moment in moments]
        if not frozenset.intersection(*states) <= members <= frozenset.union(*states):
            return "a member who was there throughout is missing, or one is there who never was"
    return ""


def what_is_held_stays(seen: Seen) -> str:
    """Nothing on the undecided list goes: people, classes, enrollments."""
    run_id = seen.run.run_id if seen.run.held is not None else seen.keeps
    if (
        not run_id
        or run_id == seen.run.permits
        or seen.run.stopped
        or seen.run.outcome not in WELL | {"held"}
    ):
        return ""
    held = held_of(seen.stores.staging.open_pack(staged.held(TENANT, run_id)))
    now = seen.published
    if not {person.sourced_id for person in held.people} <= now.people().keys():
        return "a person on the held list went"
    if not {class_id for class_id, _ in held.classes} <= now.classes().keys():
        return "a class on the held list went"
    for class_id, rows in held.staying.rows.items():
        if class_id in now.classes():
            stored = items.class_roster_of(now.classes()[class_id]).enrollments
            if not rows <= {row.sourced_id for row in stored}:
                return "an enrollment on the held list went"
    return ""


def many_go_by_a_person_only(seen: Seen) -> str:
    """More than a tenth of the students, and more than a few, go with an approval only (RULES 4.2)."""
    if seen.run.permits or (seen.publishing and seen.run.outcome == "failed"):
        return ""
    were, are = _students(seen.before), _students(seen.after)
    gone = len(were - are)
    if gone > FEW and gone * 100 > len(were) * MOST_STUDENTS_PERCENT:
        return f"{gone} of {len(were)} students went, and nobody was asked"
    return ""


def sums_add_up(seen: Seen) -> str:
    """Rows received = kept + set aside + duplicates; classes = with groups + without (promise 9)."""
    run = seen.run
    if run.outcome == "failed":
        return ""
    for name, row in run.collections.items():
        if row["received"] != sum(row[part] or 0 for part in ("kept", "setAside", "duplicates")):
            return f"the rows of {name} do not add up"
        expected = seen.truth.collections[name]
        if seen.exact and {**row, "announced": 0} != {**expected, "announced": 0}:
            return f"{name} served {expected} and were counted {row}"
    if not seen.exact:
        return ""
    if run.statistics != seen.truth.statistics:
        return f"the statistics are {run.statistics} and should be {seen.truth.statistics}"
    without = {reason: count for reason, count in run.without_groups.items() if count}
    if without != seen.truth.without:
        return f"classes without groups are {without} and should be {seen.truth.without}"
    return ""


def unchanged_wrote_nothing(seen: Seen) -> str:
    """A run that calls itself unchanged has not written a roster or group item (promise 6)."""
    if seen.run.outcome != "unchanged" or seen.same:
        return ""
    return "unchanged, and the table is another"


def the_server_is_spared(seen: Seen) -> str:
    """At most what three pulls are planned with, and 60 more."""
    most = seen.most_requests
    return "" if seen.requests <= most else f"{seen.requests} requests, {most} are the most"


def a_denial_is_final(seen: Seen) -> str:
    """After a 401 or a 403 at most one more request; with OAuth 2 a token may have expired first."""
    for place, status in enumerate(seen.answered):
        later = seen.answered[place + 1 :]
        renewed = seen.oauth2 and status == 401 and later[:1] != (401,)
        if status in DENIED and not renewed and len(later) > 1:
            return f"{len(later)} requests after a {status}"
    return ""


def no_lease_outlives_its_run(seen: Seen) -> str:
    """A run that ended has no lease, or what is left of one while a function may still be writing."""
    if seen.lease is None:
        return ""
    left = (seen.lease.expires_at - seen.now_ms) / 1000
    if seen.publishing and left <= LONGEST_FUNCTION_SECONDS:
        return ""
    return f"run {seen.lease.run_id} holds the lease for {left:.0f} seconds more"


def moved_permissions_are_not_trusted(seen: Seen) -> str:
    """What was pulled under two states of the permissions does not belong together."""
    if not seen.permissions_moved or seen.run.outcome == "failed":
        return ""
    return f"x-perm-rev moved in the last pull, and the run is {seen.run.outcome}"


def harmless_is_harmless(seen: Seen) -> str:
    """A server that is merely odd or slow is read."""
    return f"failed with {seen.run.error}" if seen.harmless and seen.run.outcome == "failed" else ""


INVARIANTS: Final[tuple[Callable[[Seen], str], ...]] = (
    it_ends_with_a_reason,
    failed_leaves_everything,
    stopped_leaves_everything,
    success_is_the_truth,
    success_is_within_what_was_there,
    what_is_held_stays,
    many_go_by_a_person_only,
    sums_add_up,
    unchanged_wrote_nothing,
    the_server_is_spared,
    a_denial_is_final,
    no_lease_outlives_its_run,
    moved_permissions_are_not_trusted,
    harmless_is_harmless,
)


def broken(seen: Seen) -> list[str]:
    """Return what a run broke, each with the name of the invariant."""
    found = [(invariant.__name__, invariant(seen)) for invariant in INVARIANTS]
    return [f"{name}: {text}" for name, text in found if text]


def stored_items(table: FakeTable) -> Items:
    """Return every item as it stands there; nobody changes one, each write puts another in its place."""
    partitions = table._partitions
    return {(pk, sk): item for pk, partition in partitions.items() for sk, item in partition.items()}


def kept(stored: Items) -> Items:
    """Return the items of roster and groups."""
    return {key: item for key, item in stored.items() if item["kind"] not in BOOKKEEPING}


def _members(group: tuple[Any, ...]) -> frozenset[str]:
    return frozenset(one.sourced_id for one in group[1])


def _students(stored: Items) -> set[str]:
    people = [items.record_of(item, Person) for item in stored.values() if item["kind"] == "person"]
    return {one.sourced_id for one in people if "students" in one.collections and one.active and one.enabled}
