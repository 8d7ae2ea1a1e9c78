"""What stays although the pull has it no more, as the steps that compare see it; what may go (RULES §4)."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import msgspec
from msgspec import Struct, field

from rostersync.roster.guard import Counts
from rostersync.roster.holding import HeldList, Staying
from rostersync.roster.losses import LostGroup, LostPerson
from rostersync.roster.records import AcademicSession, Course, Person
from rostersync.steps.staged_pull import StagedPull
from rostersync.storage import staged
from rostersync.storage.lines import decode_lines, encode_lines
from rostersync.storage.staging import StagedPack, Staging

GUARD: Final = "guard"
"""The section with what a part of the run takes away, counted."""

BEFORE: Final = "before"
LOST_PEOPLE: Final = "lost/people"
LOST_RECORDS: Final = "lost/records"
LOST_CLASSES: Final = "lost/classes"
LOST_GROUPS: Final = "lost/groups"

WITHOUT: Final = "without"
"""The section with the classes that yield no groups, by reason. Like the next, while removals are stopped."""

SHOWN_ALL_THE_SAME: Final = "shown all the same"
"""The section with those of them that have groups which stay, by reason."""

STAYING: Final = "staying"
SUMMARY: Final = "summary"


class Before(Struct, kw_only=True):
    """How a shard was stored, as far as it is another now; ``added`` holds by collection what is new."""

    people: Sequence[Person] = ()
    sessions: Sequence[AcademicSession] = ()
    courses: Sequence[Course] = ()
    added: dict[str, Sequence[str]] = field(default_factory=dict)

    @property
    def is_same(self) -> bool:
        """Whether the shard is as it was."""
        return not (self.people or self.sessions or self.courses or any(self.added.values()))

    def added_to(self, collection: str) -> frozenset[str]:
        """Return the ids that were not there."""
        return frozenset(self.added.get(collection, ()))


class Summary(Struct, frozen=True, kw_only=True):
    """What is shown of a held list. ``shares`` by school, "*" for all, and kind: how many go of how many.

    ``causes`` are what was too much, (kind or collection, school, lost, of). ``stopped`` is "" or why nothing
    at all was published.
    """

    held_at: int
    stopped: str
    causes: tuple[tuple[str, str, int, int], ...]
    shares: dict[str, dict[str, tuple[int, int]]]
    largest: tuple[LostGroup, ...]
    students_still_seen: int


def before_of(section: bytes) -> Before:
    """Return how a shard was stored; an empty section: as it is now."""
    return msgspec.json.decode(section, type=Before) if section else Before()


def put_held(staging: Staging, tenant_id: str, run_id: str, held: HeldList, summary: Summary) -> None:
    """Keep what a run holds."""
    staging.put_pack(
        staged.held(tenant_id, run_id),
        {
            STAYING: msgspec.json.encode(held.staying, order="sorted"),
            LOST_PEOPLE: encode_lines(held.people),
            LOST_CLASSES: msgspec.json.encode(held.classes),
            LOST_GROUPS: encode_lines(held.groups),
            SUMMARY: msgspec.json.encode(summary, order="sorted"),
        },
    )


def held_of(pack: StagedPack) -> HeldList:
    """Return what was kept."""
    return HeldList(
        people=tuple(decode_lines(pack.section(LOST_PEOPLE), LostPerson)),
        classes=msgspec.json.decode(pack.section(LOST_CLASSES), type=tuple[tuple[str, str], ...]),
        groups=tuple(decode_lines(pack.section(LOST_GROUPS), LostGroup)),
        staying=staying_of(pack),
    )


def staying_of(pack: StagedPack) -> Staying:
    """Return what stays by it."""
    return msgspec.json.decode(pack.section(STAYING), type=Staying)


def summary_of(pack: StagedPack) -> Summary:
    """Return what is shown of it."""
    return msgspec.json.decode(pack.section(SUMMARY), type=Summary)


def counts_of(section: bytes) -> Counts:
    """Return the counts of one part of a run."""
    return msgspec.json.decode(section, type=Counts)


class Keeping:
    """What stays in this look at the pull, and what may go. Nothing is read unless a list is there."""

    def __init__(self, pull: StagedPull) -> None:
        self.pull = pull
        self.everything = pull.plan.additions_only

    @cached_property
    def staying(self) -> Staying:
        """What stays by the list of this run, else by that of an earlier one."""
        tenant_id, run_id = self.pull.run
        list_of = run_id if self.pull.holding else self.pull.plan.keeps
        return (
            staying_of(self.pull.staging.open_pack(staged.held(tenant_id, list_of))) if list_of else Staying()
        )

    @cached_property
    def permitted(self) -> HeldList:
        """What somebody has approved."""
        tenant_id, run_id = self.pull.run[0], self.pull.plan.permits
        return held_of(self.pull.staging.open_pack(staged.held(tenant_id, run_id))) if run_id else HeldList()

    def person(self, one: str) -> bool:
        """Say whether somebody stays."""
        return self.everything or one in self.staying.people

    def with_email(self, one: str, *, teacher: bool) -> bool:
        """Say whether somebody who stays keeps the e-mail too: while nothing may go, every teacher.

        With another e-mail a teacher may be another owner, and then the groups of the first go.
        """
        return one in self.staying.moved or (self.everything and teacher)

    def record(self, collection: str, one: str) -> bool:
        """Say whether an org, a session or a course stays."""
        return self.everything or one in self.staying.records.get(collection, ())

    def section(self, one: str) -> bool:
        """Say whether a class stays."""
        return self.everything or one in self.staying.classes

    def row(self, class_id: str, one: str) -> bool:
        """Say whether an enrollment of a class stays."""
        return self.everything or one in self.staying.rows.get(class_id, ())

    @property
    def any_rows(self) -> bool:
        """Whether any enrollment stays."""
        return self.everything or bool(self.staying.rows)
