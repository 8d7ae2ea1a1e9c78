"""People: staged people, orgs, academic sessions and courses against the stored ones, by shard."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from rostersync.roster.changes import Changes, compare
from rostersync.roster.guard import Counts
from rostersync.roster.holding import person_stands
from rostersync.roster.identity import shard_of
from rostersync.roster.losses import LostPerson, LostRecord, count_person, is_teacher
from rostersync.roster.merging import merge
from rostersync.roster.records import PEOPLE_COLLECTIONS, AcademicSession, Course, Org, Person
from rostersync.roster.statistics import count_people
from rostersync.steps.keeping import BEFORE, GUARD, LOST_PEOPLE, LOST_RECORDS, Before, Keeping
from rostersync.steps.requests import ShardsRequest
from rostersync.steps.staged_pull import TALLY, StagedPull
from rostersync.steps.tallies import STANDS, Tally, count_changes, count_statistics
from rostersync.storage import items, keys, staged
from rostersync.storage.changes import ChangedItems
from rostersync.storage.lines import encode_lines
from rostersync.storage.stores import Stores
from rostersync.storage.table import Item

CHANGES: Final = "changes"
DIRECTORY: Final = "directory"
DIRECTORY_IDS: Final = "directory-ids"
"""The sourcedIds of the directory's lines, in their order: who wants a part of it decodes no more."""

SESSIONS: Final = "sessions"
COURSES: Final = "courses"

SCHOOL: Final = "school"

R = TypeVar("R", Org, AcademicSession, Course, Person)
S = TypeVar("S", Org, AcademicSession, Course)


def reconcile_people(request: ShardsRequest, stores: Stores) -> None:
    """Stage each shard's changes, the directory of people as they are now, and the calendar's parts."""
    staged_pull = StagedPull(stores, request)
    keeping = Keeping(staged_pull)
    for shard in request.shards:
        key = staged.people(*staged_pull.look, shard)
        stores.staging.put_pack(key, _Shard(staged_pull, keeping, stores, shard).reconcile())


class _Shard:
    def __init__(self, staged_pull: StagedPull, keeping: Keeping, stores: Stores, shard: int) -> None:
        self.pull, self.keeping, self.shard = staged_pull, keeping, shard
        self.tenant_id = staged_pull.request.tenant_id
        self._items = list(stores.table.query(keys.roster_partition(self.tenant_id, shard)))
        self._by_prefix: dict[str, dict[str, Item]] = {}
        self.tally: Tally = Counter()
        self.changes = ChangedItems()
        self.counts = Counts()
        self.before = Before()
        self.lost_people: list[LostPerson] = []
        self.lost_records: list[LostRecord] = []

    def reconcile(self) -> dict[str, bytes]:
        """Return the shard's sections."""
        aside = self.pull.set_aside
        self._count_schools(*self._small("orgs", Org, aside.get("orgs", ())))
        sessions, self.before.sessions = self._small(
            "academicSessions", AcademicSession, aside.get("academicSessions", ())
        )
        courses, self.before.courses = self._small("courses", Course, aside.get("courses", ()))
        people = self._people()
        self._forget_who_returned(people)
        count_statistics(self.tally, count_people(people))
        self.tally["writes/roster"] += len(self.changes)
        return {
            TALLY: msgspec.json.encode(self.tally),
            CHANGES: self.changes.encode(),
            DIRECTORY: encode_lines(people),
            DIRECTORY_IDS: msgspec.json.encode([person.sourced_id for person in people]),
            SESSIONS: encode_lines(sessions),
            COURSES: encode_lines(courses),
            GUARD: msgspec.json.encode(self.counts, order="sorted"),
            BEFORE: b"" if self.before.is_same else msgspec.json.encode(self.before, order="sorted"),
            LOST_PEOPLE: encode_lines(self.lost_people),
            LOST_RECORDS: encode_lines(self.lost_records),
        }

    def _small(self, collection: str, kind: type[S], aside: Collection[str]) -> tuple[list[S], tuple[S, ...]]:
        """Return a small collection's records as they are now, and as they were where they are others."""
        pulled, stored = self._pulled(collection, kind), self._stored(keys.RECORD_PREFIXES[kind])
        for one in stored:
            if self.keeping.record(collection, one):
                was = items.record_of(stored[one], kind)
                less = one not in pulled or not pulled[one].active
                if was.active and (less or not self.keeping.everything):
                    self.tally[STANDS] += one not in pulled or pulled[one] != was
                    pulled[one] = was
        compared = self._compare(collection, kind, pulled, aside)
        current: list[S] = compared[0]
        changes: Changes[S] = compared[1]
        others = (*changes.differing, *changes.removed)
        before: tuple[S, ...] = tuple(items.record_of(stored[one], kind) for one in others)
        now = {record.sourced_id: record for record in current}
        touched = {record.sourced_id for record in before}
        self.counts.count_records(
            collection,
            of=sum(record.active for one, record in now.items() if one in stored and one not in touched),
            new=changes.added,
            now=len(now),
        )
        permitted = self.keeping.permitted.staying.records.get(collection, frozenset())
        for record in before:
            is_now = record.sourced_id in now and now[record.sourced_id].active
            lost = record.active and not is_now
            self.counts.count_records(
                collection, lost=lost and record.sourced_id not in permitted, of=record.active
            )
            if lost:
                self.lost_records.append(LostRecord(collection, record.sourced_id))
        self.before.added[collection] = [one for one in sorted(now) if one not in stored]
        return current, before

    def _count_schools(self, orgs: Collection[Org], before: Collection[Org]) -> None:
        """Count the schools that are stored, those that are, and those of these that are known.

        Known are those found on connecting too: who enters the credentials again says whose roster it is.
        """
        stored, others = self._stored(keys.RECORD_PREFIXES[Org]), {org.sourced_id for org in before}
        were = {org.sourced_id for org in before if org.type == SCHOOL}
        now = {org.sourced_id for org in orgs if org.type == SCHOOL}
        were |= {one for one in now if one in stored and one not in others}
        self.counts.schools_before = len(were)
        self.counts.schools_now = len(now)
        self.counts.schools_shared = len(now & {*were, *self.pull.plan.school_ids})

    def _pulled(self, collection: str, kind: type[R]) -> dict[str, R]:
        rows = list(self.pull.records(collection, self.shard, kind))
        pulled = merge(rows)
        self.tally[f"kept/{collection}"] += len(pulled)
        self.tally[f"duplicates/{collection}"] += len(rows) - len(pulled)
        return pulled

    def _people(self) -> list[Person]:
        found = [self._pulled(collection, Person) for collection in PEOPLE_COLLECTIONS]
        users = (user for user in self.pull.users() if shard_of(user.sourced_id) == self.shard)
        pulled = merge([*(person for people in found for person in people.values()), *users])
        self._keep_collections(pulled)
        aside = self.pull.set_aside
        kept = {one for where in (*PEOPLE_COLLECTIONS, "users") for one in aside.get(where, ())}
        kept.update(self.pull.verdict.unread)
        self._let_people_stay(pulled, kept)
        current, changes = self._compare(
            "people", Person, pulled, kept, keep_users_read=bool(aside.get("enrollments"))
        )
        self._count_people(current, changes)
        return current

    def _let_people_stay(self, pulled: dict[str, Person], kept: Collection[str]) -> None:
        """Let who stays be as stored, where the pull has less of them."""
        settings = self.pull.plan.settings
        for one, item in self._stored(keys.RECORD_PREFIXES[Person]).items():
            if self.keeping.person(one) and (one in pulled or one not in kept):
                stored, now = items.record_of(item, Person), pulled.get(one)
                with_email = self.keeping.with_email(one, teacher=is_teacher(stored))
                if person_stands(stored, now, settings, with_email=with_email):
                    pulled[one] = stored
                    self.tally[STANDS] += 1

    def _count_people(self, current: Collection[Person], changes: Changes[Person]) -> None:
        """Count who is lost and who is new; note how those were stored who are others now."""
        stored, settings = self._stored(keys.RECORD_PREFIXES[Person]), self.pull.plan.settings
        before = {one: items.record_of(stored[one], Person) for one in (*changes.differing, *changes.removed)}
        now = {person.sourced_id: person for person in current}
        permitted = {one.sourced_id for one in self.keeping.permitted.people}
        for one in sorted(before.keys() | now.keys()):
            was = before.get(one) or (now[one] if one in stored else None)
            lost = count_person(self.counts, was, now.get(one), settings, permitted)
            if lost is not None:
                self.lost_people.append(lost)
        self.before.people = tuple(before.values())
        self.before.added["people"] = [one for one in sorted(now) if one not in stored]

    def _keep_collections(self, pulled: dict[str, Person]) -> None:
        """Let who came in one collection, and was set aside in the other, still be in both if so stored."""
        aside, stored = self.pull.set_aside, self._stored(keys.RECORD_PREFIXES[Person])
        for collection in PEOPLE_COLLECTIONS:
            for one in aside.get(collection, frozenset()) & pulled.keys() & stored.keys():
                if collection in items.record_of(stored[one], Person).collections:
                    both = tuple(sorted({*pulled[one].collections, collection}))
                    pulled[one] = replace(pulled[one], collections=both)

    def _compare(
        self,
        name: str,
        kind: type[R],
        pulled: Mapping[str, R],
        kept: Collection[str],
        *,
        keep_users_read: bool = False,
    ) -> tuple[list[R], Changes[R]]:
        """Note the changes of one kind of record; return the records as they are now, and what changed.

        ``keep_users_read``: a teacher read one by one is found through enrollments; while one of those is set
        aside it may be theirs that is missing, and then nothing was asked about them.
        """
        stored: dict[str, Item] = self._stored(keys.RECORD_PREFIXES[kind])
        if keep_users_read:
            kept = {*kept, *(one for one, item in stored.items() if items.is_user_read(item))}
        changes = compare(
            {one: item["fp"] for one, item in stored.items()},
            pulled,
            kept=kept,
            rewrite=self.pull.plan.mode == "full",
        )
        count_changes(self.tally, name, changes)
        for record in changes.put:
            self.changes.put(items.record_item(self.tenant_id, record))
        for one in changes.removed:
            self.changes.delete((stored[one]["pk"], stored[one]["sk"]))
            if kind is Person and one not in self.pull.guardians:
                gone = items.record_of(stored[one], Person)
                self.changes.put(items.gone_item(self.tenant_id, gone, self.pull.plan.started_at))
        current = list(pulled.values())
        current += [
            items.record_of(stored[one], kind) for one in stored.keys() - pulled.keys() if one in kept
        ]
        return current, changes

    def _forget_who_returned(self, people: Collection[Person]) -> None:
        """Delete what was remembered of removed people who are here again."""
        gone = self._stored(keys.GONE_PREFIX)
        for person in people:
            if person.sourced_id in gone:
                item = gone[person.sourced_id]
                self.changes.delete((item["pk"], item["sk"]))

    def _stored(self, prefix: str) -> dict[str, Item]:
        """Return the shard's stored items of one kind, by sourcedId; the shard is read once."""
        if prefix not in self._by_prefix:
            self._by_prefix[prefix] = {
                keys.sourced_id_of(item["sk"]): item for item in self._items if item["sk"].startswith(prefix)
            }
        return self._by_prefix[prefix]
