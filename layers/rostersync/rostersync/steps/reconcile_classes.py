"""Classes: class, enrollments, people, owners, terms and courses come together; drafts for the owners."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cached_property

import msgspec

from rostersync.roster.changes import compare
from rostersync.roster.classes import ClassRoster, Draft, draft_groups, too_large
from rostersync.roster.identity import shard_of
from rostersync.roster.merging import merge
from rostersync.roster.records import AcademicSession, Class, Course, Enrollment, Person
from rostersync.roster.statistics import count_classes
from rostersync.roster.terms import Calendar
from rostersync.steps.assign_owners import OWNERS
from rostersync.steps.reconcile_people import CHANGES, COURSES, DIRECTORY, SESSIONS
from rostersync.steps.requests import ShardsRequest
from rostersync.steps.staged_pull import ALL_SHARDS, TALLY, StagedPull
from rostersync.steps.tallies import Tally, count_changes, count_statistics
from rostersync.storage import items, keys, staged
from rostersync.storage.changes import ChangedItems
from rostersync.storage.lines import decode_lines, encode_lines
from rostersync.storage.stores import Stores


def drafts_section(owner_shard: int) -> str:
    """Return the section of a class shard's pack that holds the drafts for one shard of owners."""
    return f"drafts/{owner_shard:x}"


def reconcile_classes(request: ShardsRequest, stores: Stores) -> None:
    """Stage, for each shard, the changes of its classes and a draft for each owner enrolled as teacher."""
    staged_pull = StagedPull(stores, request)
    shards = [_Shard(staged_pull, stores, shard) for shard in request.shards]
    enrolled = {row.user_id for shard in shards for one in shard.rosters.values() for row in one.enrollments}
    neighbours = _Neighbours(staged_pull, enrolled)
    for shard in shards:
        key = staged.classes(*staged_pull.run, request.pull, shard.shard)
        stores.staging.put_pack(key, shard.reconcile(neighbours))


class _Neighbours:
    """What the other steps left that classes need: of the directory only who is enrolled here."""

    def __init__(self, staged_pull: StagedPull, enrolled: set[str]) -> None:
        where = (*staged_pull.run, staged_pull.request.pull)
        sections = staged_pull.section
        self.people: dict[str, Person] = {}
        sessions: dict[str, AcademicSession] = {}
        courses: dict[str, Course] = {}
        for shard in ALL_SHARDS:
            key = staged.people(*where, shard)
            for person in decode_lines(sections(key, DIRECTORY), Person):
                if person.sourced_id in enrolled:
                    self.people[person.sourced_id] = person
            sessions.update(
                (one.sourced_id, one) for one in decode_lines(sections(key, SESSIONS), AcademicSession)
            )
            courses.update((one.sourced_id, one) for one in decode_lines(sections(key, COURSES), Course))
        self.calendar = Calendar(sessions, courses)
        owner_of = msgspec.json.decode(sections(staged.owners(*where), OWNERS), type=dict[str, str])
        self.owner_of = {teacher: owner for teacher, owner in owner_of.items() if teacher in enrolled}


class _Shard:
    def __init__(self, staged_pull: StagedPull, stores: Stores, shard: int) -> None:
        self.pull, self.shard = staged_pull, shard
        self.tenant_id = staged_pull.request.tenant_id
        self.partition = keys.classes_partition(self.tenant_id, shard)
        self.tally: Tally = Counter()
        self.stored = {
            item["sk"].removeprefix(keys.CLASS_PREFIX): item for item in stores.table.query(self.partition)
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
        by_class: dict[str, list[Enrollment]] = defaultdict(list)
        for row in enrollments.values():
            if row.class_id not in records:
                self.tally["noted/enrollments without class"] += 1
            elif row.active:
                by_class[row.class_id].append(row)
        return {
            one: ClassRoster(record, tuple(sorted(by_class[one], key=lambda row: row.sourced_id)))
            for one, record in records.items()
        }

    def _enrollments(self) -> dict[str, Enrollment]:
        """Return the shard's enrollments; of an id that came with several classes only its place's row."""
        rows = list(self.pull.records("enrollments", self.shard, Enrollment))
        placed = self.pull.verdict.placed
        kept = merge(row for row in rows if placed.get(row.sourced_id, row.class_id) == row.class_id)
        self.tally["kept/enrollments"] += len(kept)
        self.tally["duplicates/enrollments"] += len(rows) - len(kept)
        return kept

    def reconcile(self, neighbours: _Neighbours) -> dict[str, bytes]:
        """Return the shard's sections."""
        plan = self.pull.plan
        drafts: dict[int, list[Draft]] = defaultdict(list)
        for roster in self.rosters.values():
            outcome = draft_groups(
                roster,
                neighbours.people,
                neighbours.owner_of,
                neighbours.calendar,
                plan.settings,
                plan.today,
            )
            if not all(items.members_fit(draft.members) for draft in outcome.drafts):
                outcome = too_large(outcome)
            for draft in outcome.drafts:
                drafts[shard_of(draft.owner_id)].append(draft)
            if outcome.reason:
                self.tally[f"without/{outcome.reason}"] += 1
            self.tally["noted/classes without term"] += outcome.no_term
            self.tally["noted/members who cannot be recognised"] += outcome.unrecognised
            self.tally["noted/enrollments without person"] += outcome.dangling
        changed = self._changes()
        count_statistics(self.tally, count_classes(roster.record for roster in self.rosters.values()))
        self.tally["writes/roster"] += len(changed)
        return {
            TALLY: msgspec.json.encode(self.tally),
            CHANGES: changed.encode(),
            **{drafts_section(shard): encode_lines(found) for shard, found in drafts.items()},
        }

    def _changes(self) -> ChangedItems:
        changes = compare(
            {one: item["fp"] for one, item in self.stored.items()},
            self.rosters,
            rewrite=self.pull.plan.mode == "full",
        )
        count_changes(self.tally, "classes", changes)
        changed = ChangedItems()
        for roster in changes.put:
            changed.put(items.class_item(self.tenant_id, roster))
        for one in changes.removed:
            changed.delete((self.partition, self.stored[one]["sk"]))
        return changed
