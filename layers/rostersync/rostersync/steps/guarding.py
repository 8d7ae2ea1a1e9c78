"""The guard's decision on a run: publish, publish nothing, or look again and hold (RULES §4 and §5)."""

from functools import cached_property
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from rostersync.errors import OtherDistrict
from rostersync.roster.guard import EVERYWHERE, NOT_KEPT, Counts, Trip, why_nothing
from rostersync.roster.holding import HeldList, Losses, judge
from rostersync.roster.losses import ClassLoss, LostGroup, LostPerson, LostRecord
from rostersync.steps.keeping import (
    GUARD,
    LOST_CLASSES,
    LOST_GROUPS,
    LOST_PEOPLE,
    LOST_RECORDS,
    Keeping,
    Summary,
    counts_of,
    held_of,
    put_held,
    summary_of,
)
from rostersync.steps.staged_pull import ALL_SHARDS, StagedPull
from rostersync.storage import staged
from rostersync.storage.lines import decode_lines
from rostersync.storage.staging import StagedPack

KEPT_MS: Final = 90 * 86_400_000
"""How long a held list is kept (RULES 4.5)."""

Way: TypeAlias = Literal["publish", "nothing", "hold"]


class Decision(Struct, frozen=True):
    """``way`` is how the run goes on; ``hold``: the steps look again, and what is held stays.

    ``held``: the run has a list of its own. ``stopped``: why nothing at all is published, "" if it is.
    """

    way: Way
    held: bool = False
    stopped: str = ""


PUBLISH_ALL: Final = Decision("publish")
"""Nothing is held by this run, and nothing stops it."""


class Guarding:
    """What a look at a pull takes away, and what is to be done about it."""

    def __init__(self, staged_pull: StagedPull) -> None:
        self.pull, self.plan = staged_pull, staged_pull.plan
        self.tenant_id, self.run_id = staged_pull.run

    @cached_property
    def counts(self) -> Counts:
        """What the run takes away and brings, counted."""
        total = Counts()
        for shard in ALL_SHARDS:
            for key in self._packs_of(shard):
                total.add(counts_of(self.pull.section(key, GUARD)))
        return total

    @cached_property
    def _judged(self) -> tuple[tuple[Trip, ...], HeldList]:
        return judge(self.counts, self.plan.guard, lambda: self._losses)

    @property
    def trips(self) -> tuple[Trip, ...]:
        """What is too much to go without a person."""
        return self._judged[0]

    @property
    def causes(self) -> tuple[Trip, ...]:
        """What was too much: found by this look, or by the one before it."""
        if not self.pull.holding:
            return self.trips
        mine = self.pull.staging.open_pack(staged.held(self.tenant_id, self.run_id))
        return tuple(Trip(*cause) for cause in summary_of(mine).causes)

    @property
    def stops(self) -> str:
        """Why nothing at all may be published, or ""."""
        return why_nothing(self.counts, self.plan.guard, held=bool(self.trips or self.plan.keeps))

    def decide(self) -> Decision:
        """Decide, and keep the list of what is held; made again it decides the same.

        Raises ``OtherDistrict`` for a roster whose schools share nothing with the stored ones.
        """
        if self.counts.is_other_district:
            raise OtherDistrict(
                "the schools of this roster share nothing with those of the one stored; nothing was changed. "
                "Look in Roster Server whose data it shares, or enter the credentials again"
            )
        if self.plan.mode == "preview":
            return Decision("nothing")
        if self.pull.holding:
            return self._look_again()
        earlier = self._list_of(self.plan.keeps)
        approved = self._list_of(self.plan.permits)
        why = self.stops
        if approved is not None and summary_of(approved).stopped == why:
            why = ""
        if not (why or self.trips):
            return PUBLISH_ALL
        if why and not self.trips and earlier is not None and summary_of(earlier).stopped:
            # It is on that list already, and whoever decides has been told.
            return Decision("nothing", stopped=why)
        found = self._judged[1]
        # An approval that comes to nothing has to be given again.
        for pack in (earlier, approved if why else None):
            found = found if pack is None else held_of(pack).joined_with(found)
        causes = tuple((trip.kind, trip.school, trip.lost, trip.of) for trip in self.trips)
        self._put(found, self._summary(found, causes, stopped=why))
        return Decision("nothing" if why else "hold", held=True, stopped=why)

    def _look_again(self) -> Decision:
        """Publish what is left when what is held stays; nothing, should it be too much still."""
        mine = self.pull.staging.open_pack(staged.held(self.tenant_id, self.run_id))
        held, summary = held_of(mine), summary_of(mine)
        if self.trips:
            earlier = self._list_of(self.plan.keeps)
            if earlier is not None and summary_of(earlier).stopped and held_of(earlier) == held:
                # It is on that list already, and whoever decides has been told.
                return Decision("nothing", stopped=NOT_KEPT)
            approved = self._list_of(self.plan.permits)
            held = held if approved is None else held_of(approved).joined_with(held)
            self._put(held, replace(summary, stopped=NOT_KEPT))
            return Decision("nothing", held=True, stopped=NOT_KEPT)
        held = held.without_what_went(self._losses.groups)
        self._put(held, self._summary(held, summary.causes))
        return Decision("publish", held=True)

    def _put(self, held: HeldList, summary: Summary) -> None:
        put_held(self.pull.staging, self.tenant_id, self.run_id, held, summary)

    def _list_of(self, run_id: str) -> StagedPack | None:
        return self.pull.staging.open_pack(staged.held(self.tenant_id, run_id)) if run_id else None

    def _packs_of(self, shard: int) -> tuple[str, ...]:
        return (
            staged.people(*self.pull.look, shard),
            staged.classes(*self.pull.look, shard),
            staged.groups(*self.pull.look, shard),
        )

    @cached_property
    def _losses(self) -> Losses:
        people: list[LostPerson] = []
        records: list[LostRecord] = []
        classes: list[ClassLoss] = []
        groups: list[LostGroup] = []
        for shard in ALL_SHARDS:
            of_people, of_classes, of_groups = self._packs_of(shard)
            people += decode_lines(self.pull.section(of_people, LOST_PEOPLE), LostPerson)
            records += decode_lines(self.pull.section(of_people, LOST_RECORDS), LostRecord)
            classes += decode_lines(self.pull.section(of_classes, LOST_CLASSES), ClassLoss)
            groups += decode_lines(self.pull.section(of_groups, LOST_GROUPS), LostGroup)
        losses = Losses(people=people, records=records, classes=classes, groups=groups)
        return losses if self.plan.permits == "" else losses.without(Keeping(self.pull).permitted)

    def _summary(
        self, held: HeldList, causes: tuple[tuple[str, str, int, int], ...], *, stopped: str = ""
    ) -> Summary:
        return Summary(
            held_at=self.plan.started_at,
            stopped=stopped,
            causes=causes,
            shares=held.shares(self.counts),
            largest=held.largest(),
            students_still_seen=held.students_still_seen,
        )


def reason_of(decision: Decision, trips: tuple[Trip, ...]) -> str:
    """Return why a run ends held, as a sentence that names nobody; "" for one that does not."""
    if decision.stopped:
        return f"nothing was published: {decision.stopped}; look at what would go, then approve or discard it"
    if not decision.held:
        return ""
    worst = max(trips, key=lambda trip: (trip.school == EVERYWHERE, trip.lost), default=None)
    what = f"{worst.lost} of {worst.of} {worst.kind} would go, in all or in one school; " if worst else ""
    return f"{what}removals wait for an approval, everything else was published"
