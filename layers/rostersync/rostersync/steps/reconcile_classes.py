"""Classes: class, enrollments, people, owners, terms and courses come together; drafts for the owners."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from functools import cached_property

import msgspec

from rostersync.roster.changes import Changes, compare
from rostersync.roster.classes import (
    ClassOutcome,
    ClassRoster,
    Draft,
    draft_groups,
    enrolled_on,
    too_large,
)
from rostersync.roster.guard import CLASSES, Counts
from rostersync.roster.holding import class_stands, row_stands
from rostersync.roster.identity import shard_of
from rostersync.roster.losses import BY_ITSELF, Baseline, ClassLoss, Side, baselines, class_loss
from rostersync.roster.merging import merge
from rostersync.roster.records import Class, Enrollment
from rostersync.roster.statistics import count_classes
from rostersync.roster.terms import why_not_current
from rostersync.steps.keeping import GUARD, LOST_CLASSES, WITHOUT, Keeping
from rostersync.steps.neighbours import Neighbours, Surroundings
from rostersync.steps.reconcile_people import CHANGES
from rostersync.steps.requests import ShardsRequest
from rostersync.steps.staged_pull import TALLY, StagedPull
from rostersync.steps.tallies import STANDS, Tally, count_changes, count_statistics
from rostersync.storage import items, keys, staged
from rostersync.storage.changes import ChangedItems
from rostersync.storage.lines import encode_lines
from rostersync.storage.stores import Stores


def drafts_section(owner_shard: int) -> str:
    """Return the section of a class shard's pack that holds the drafts for one shard of owners."""
    return f"drafts/{owner_shard:x}"


def baselines_section(owner_shard: int) -> str:
    """Return the section that holds what classes yield as stored, where they yield something else now."""
    return f"baselines/{owner_shard:x}"


def reconcile_classes(request: ShardsRequest, stores: Stores) -> None:
    """Stage, for each shard, the changes of its classes and a draft for each owner enrolled as teacher."""
    staged_pull = StagedPull(stores, request)
    keeping = Keeping(staged_pull)
    shards = [_Shard(staged_pull, keeping, stores, shard) for shard in request.shards]
    enrolled = {one for shard in shards for one in shard.enrolled}
    neighbours = Neighbours(staged_pull, enrolled)
    for shard in shards:
        key = staged.classes(*staged_pull.look, shard.shard)
        stores.staging.put_pack(key, shard.reconcile(neighbours))


class _Shard:
    def __init__(self, staged_pull: StagedPull, keeping: Keeping, stores: Stores, shard: int) -> None:
        self.pull, self.keeping, self.shard = staged_pull, keeping, shard
        self.tenant_id = staged_pull.request.tenant_id
        self.partition = keys.classes_partition(self.tenant_id, shard)
        self.tally: Tally = Counter()
        self.stored = {
            item["sk"].removeprefix(keys.CLASS_PREFIX): item for item in stores.table.query(self.partition)
        }
        self.counts = Counts()
        self.losses: list[ClassLoss] = []
        self.baselines: dict[int, list[Baseline]] = defaultdict(list)

    @cached_property
    def changes(self) -> Changes[ClassRoster]:
        """What the shard's classes are against those stored."""
        return compare(
            {one: item["fp"] for one, item in self.stored.items()},
            self.rosters,
            rewrite=self.pull.plan.mode == "full",
        )

    @cached_property
    def were(self) -> Mapping[str, ClassRoster]:
        """The classes that are others now, or are gone, as they were stored."""
        changed = (*self.changes.differing, *self.changes.removed)
        return {one: items.class_roster_of(self.stored[one]) for one in changed}

    @property
    def enrolled(self) -> set[str]:
        """Everybody who is, or was, enrolled on a class of the shard."""
        return {
            row.user_id
            for rosters in (self.rosters, self.were)
            for one in rosters.values()
            for row in one.enrollments
        }

    @cached_property
    def rosters(self) -> Mapping[str, ClassRoster]:
        """The shard's classes as they are now, with their active enrollments."""
        aside = self.pull.set_aside
        rows = list(self.pull.records("classes", self.shard, Class))
        records = merge(rows)
        self.tally["kept/classes"] += len(records)
        self.tally["duplicates/classes"] += len(rows) - len(records)
        for one in aside.get("classes", frozenset()) & self.stored.keys() - records.keys():
            records[one] = items.class_roster_of(self.stored[one]).record
        enrollments = self._enrollments()
        enrollments_aside, placed = aside.get("enrollments", frozenset()), self.pull.verdict.placed
        if enrollments_aside:
            # Set aside is not absent: the stored enrollment of that id stays with its class.
            for item in self.stored.values():
                for row in items.class_roster_of(item).enrollments:
                    # Unless a good row of that id came too: its place may be another class, in another shard.
                    if row.sourced_id in enrollments_aside and row.sourced_id not in placed:
                        enrollments.setdefault(row.sourced_id, row)
        # Before enrollments find their classes: some may have stayed when their class went.
        self._let_classes_stay(records)
        by_class: dict[str, list[Enrollment]] = defaultdict(list)
        for row in enrollments.values():
            if row.class_id not in records:
                self.tally["noted/enrollments without class"] += 1
            elif row.active:
                by_class[row.class_id].append(row)
        self._let_rows_stay(records, by_class, enrollments)
        return {
            one: ClassRoster(record, tuple(sorted(by_class[one], key=_row_of)))
            for one, record in records.items()
        }

    def _let_classes_stay(self, records: dict[str, Class]) -> None:
        """Let classes that stay be as stored, where the pull has less of them."""
        for class_id, item in self.stored.items():
            if self.keeping.section(class_id):
                stored = items.class_roster_of(item).record
                if class_stands(stored, records.get(class_id)):
                    records[class_id] = stored
                    self.tally[STANDS] += 1

    def _let_rows_stay(
        self,
        records: Mapping[str, Class],
        by_class: dict[str, list[Enrollment]],
        enrollments: Mapping[str, Enrollment],
    ) -> None:
        """Let enrollments that stay be as stored, where the pull has less of them."""
        if not self.keeping.any_rows:
            return
        today = self.pull.plan.today
        for class_id in self.stored.keys() & records.keys():
            less = [
                row
                for row in items.class_roster_of(self.stored[class_id]).enrollments
                if self.keeping.row(class_id, row.sourced_id)
                and row_stands(row, enrollments.get(row.sourced_id), today)
            ]
            if not less:
                continue
            # An id may be another every night: who is there under another has not gone, and of an id that is
            # somebody else's now both rows count.
            there = {(row.user_id, row.role) for row in by_class[class_id] if enrolled_on(row, today)}
            staying = [row for row in less if (row.user_id, row.role) not in there]
            self.tally[STANDS] += len(staying)
            same = {_row_of(row) for row in staying}
            by_class[class_id] = [*(row for row in by_class[class_id] if _row_of(row) not in same), *staying]

    def _enrollments(self) -> dict[str, Enrollment]:
        """Return the shard's enrollments; of an id that came with several classes only its place's row."""
        rows = list(self.pull.records("enrollments", self.shard, Enrollment))
        placed = self.pull.verdict.placed
        kept = merge(row for row in rows if placed.get(row.sourced_id, row.class_id) == row.class_id)
        self.tally["kept/enrollments"] += len(kept)
        self.tally["duplicates/enrollments"] += len(rows) - len(kept)
        return kept

    def reconcile(self, neighbours: Neighbours) -> dict[str, bytes]:
        """Return the shard's sections."""
        drafts: dict[int, list[Draft]] = defaultdict(list)
        without: dict[str, str] = {}
        for roster in self.rosters.values():
            outcome = self._outcome(roster, neighbours.now)
            self._count(roster.record.sourced_id, outcome, neighbours)
            for draft in outcome.drafts:
                drafts[shard_of(draft.owner_id)].append(draft)
            self.tally["classes/with groups"] += not outcome.reason
            if outcome.reason:
                self.tally[f"without/{outcome.reason}"] += 1
                without[roster.record.sourced_id] = outcome.reason
            self.tally["noted/classes without term"] += outcome.no_term
            self.tally["noted/members who cannot be recognised"] += outcome.unrecognised
            self.tally["noted/enrollments without person"] += outcome.dangling
        for one in self.changes.removed:
            self._count(one, None, neighbours)
        changed = self._changes()
        count_statistics(self.tally, count_classes(roster.record for roster in self.rosters.values()))
        self.tally["writes/roster"] += len(changed)
        return {
            TALLY: msgspec.json.encode(self.tally),
            CHANGES: changed.encode(),
            GUARD: msgspec.json.encode(self.counts, order="sorted"),
            LOST_CLASSES: encode_lines(self.losses),
            **({WITHOUT: msgspec.json.encode(without)} if self.keeping.everything else {}),
            **{baselines_section(shard): encode_lines(found) for shard, found in self.baselines.items()},
            **{drafts_section(shard): encode_lines(found) for shard, found in drafts.items()},
        }

    def _outcome(self, roster: ClassRoster, around: Surroundings) -> ClassOutcome:
        plan = self.pull.plan
        outcome = draft_groups(
            roster, around.people, around.owner_of, around.calendar, plan.settings, plan.today
        )
        fits = all(items.members_fit(draft.members) for draft in outcome.drafts)
        return outcome if fits else too_large(outcome)

    def _count(self, class_id: str, outcome: ClassOutcome | None, neighbours: Neighbours) -> None:
        """Count a class, which may be new or gone, and note what it loses and what it yielded as stored."""
        now, plan = self.rosters.get(class_id), self.pull.plan
        was = self.were.get(class_id) or (now if class_id in self.stored else None)
        pairs = _pairs(now)
        if was is None:
            self.counts.count_records("classes", new=1, now=1)
            self.counts.count_records("enrollments", new=len(pairs), now=len(pairs))
            if neighbours.before.people:
                # What a new class brings makes up for what others of its school lose.
                self._note_baselines(None, outcome)
            return
        outcome_before = outcome
        if was is not now or self._is_touched(was, neighbours):
            outcome_before = self._outcome(was, neighbours.before)
            loss = class_loss(
                _side(was, outcome_before, neighbours.before),
                _side(now, outcome, neighbours.now),
                plan.settings,
                plan.today,
            )
            if loss is not None:
                self.losses.append(loss)
            self._note_baselines(
                outcome_before,
                outcome,
                approved=self._is_approved(was, now, neighbours),
                leaving={user_id for user_id, _ in self._permitted_pairs(was)},
            )
        gone = was.record.active and (now is None or not now.record.active)
        lost = gone and class_id not in self._permitted
        self.counts.count_records("classes", lost=lost, of=was.record.active, now=now is not None)
        if outcome_before is not None and outcome_before.reason not in BY_ITSELF:
            self.counts.count(CLASSES, (was.record.school,), lost=lost, of=1)
        before = pairs if was is now else _pairs(was)
        # What is over by its date, or was inactive before, is not lost: nothing could hold it either.
        counting = {
            (row.user_id, row.role)
            for row in (was.enrollments if was.record.active else ())
            if not (row.end_date and row.end_date <= plan.today)
        }
        there = {(row.user_id, row.role) for row in now.enrollments} if now and not gone else set()
        self.counts.count_records(
            "enrollments",
            lost=0 if class_id in self._permitted else len(counting - there - self._permitted_pairs(was)),
            of=len(counting),
            new=len(pairs - before),
            now=len(pairs),
        )

    def _is_touched(self, was: ClassRoster, neighbours: Neighbours) -> bool:
        """Say whether anything else of which the class's groups are made is another now."""
        if neighbours.touched and any(row.user_id in neighbours.touched for row in was.enrollments):
            return True
        if not neighbours.touched_calendar:
            return False
        return not _dates_of(was, neighbours).isdisjoint(neighbours.touched_calendar)

    def _note_baselines(
        self,
        before: ClassOutcome | None,
        now: ClassOutcome | None,
        *,
        approved: bool = False,
        leaving: Collection[str] = (),
    ) -> None:
        for baseline in baselines(before, now, approved=approved, leaving=leaving):
            self.baselines[shard_of(baseline.owner_id)].append(baseline)

    def _is_approved(self, was: ClassRoster, now: ClassRoster | None, neighbours: Neighbours) -> bool:
        """Say whether somebody approved that a class goes, that groups of it do, or that it has no dates.

        While those were held others came of them: a group of a second teacher, or of another class. What is
        approved permits nothing where it is not why: a class that is there, dates that are today's.
        """
        class_id, plan = was.record.sourced_id, self.pull.plan
        if class_id in self._permitted_groups:
            return True
        if now is None or not now.record.active:
            return class_id in self._permitted
        dates = {one for ids in self.keeping.permitted.staying.records.values() for one in ids}
        return not dates.isdisjoint(_dates_of(was, neighbours)) and bool(
            why_not_current(now.record, neighbours.now.calendar, plan.settings, plan.today)
        )

    @cached_property
    def _permitted_groups(self) -> frozenset[str]:
        return frozenset(group.class_id for group in self.keeping.permitted.groups if group.gone)

    @cached_property
    def _permitted(self) -> frozenset[str]:
        return frozenset(class_id for class_id, _ in self.keeping.permitted.classes)

    def _permitted_pairs(self, was: ClassRoster) -> set[tuple[str, str]]:
        rows = self.keeping.permitted.staying.rows.get(was.record.sourced_id, frozenset())
        return (
            {(row.user_id, row.role) for row in was.enrollments if row.sourced_id in rows} if rows else set()
        )

    def _changes(self) -> ChangedItems:
        changes = self.changes
        count_changes(self.tally, "classes", changes)
        changed = ChangedItems()
        for roster in changes.put:
            changed.put(items.class_item(self.tenant_id, roster))
        for one in changes.removed:
            changed.delete((self.partition, self.stored[one]["sk"]))
        return changed


def _dates_of(was: ClassRoster, neighbours: Neighbours) -> set[str]:
    """Return the sessions and the course that say when a class was held."""
    course = neighbours.before.calendar.courses.get(was.record.course)
    return {*was.record.terms, was.record.course, course.school_year if course else ""}


def _row_of(row: Enrollment) -> tuple[str, str, str]:
    return row.sourced_id, row.user_id, row.role


def _pairs(roster: ClassRoster | None) -> set[tuple[str, str]]:
    """Return who is enrolled in which role; an id of an enrollment may be another every night."""
    return {(row.user_id, row.role) for row in roster.enrollments} if roster else set()


def _side(roster: ClassRoster | None, outcome: ClassOutcome | None, around: Surroundings) -> Side:
    return Side(
        roster=roster,
        outcome=outcome,
        people=around.people,
        owner_of=around.owner_of,
        calendar=around.calendar,
    )
