"""People: staged people, orgs, academic sessions and courses against the stored ones, by shard."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, TypeVar

import msgspec

from rostersync.roster.changes import compare
from rostersync.roster.identity import shard_of
from rostersync.roster.merging import merge
from rostersync.roster.records import PEOPLE_COLLECTIONS, AcademicSession, Course, Org, Person
from rostersync.roster.statistics import count_people
from rostersync.steps.requests import ShardsRequest
from rostersync.steps.staged_pull import TALLY, StagedPull
from rostersync.steps.tallies import Tally, count_changes, count_statistics
from rostersync.storage import items, keys, staged
from rostersync.storage.changes import ChangedItems
from rostersync.storage.lines import encode_lines
from rostersync.storage.stores import Stores
from rostersync.storage.table import Item

CHANGES: Final = "changes"
DIRECTORY: Final = "directory"
SESSIONS: Final = "sessions"
COURSES: Final = "courses"

R = TypeVar("R", Org, AcademicSession, Course, Person)


def reconcile_people(request: ShardsRequest, stores: Stores) -> None:
    """Stage each shard's changes, the directory of people as they are now, and the calendar's parts."""
    staged_pull = StagedPull(stores, request)
    for shard in request.shards:
        key = staged.people(*staged_pull.run, request.pull, shard)
        stores.staging.put_pack(key, _Shard(staged_pull, stores, shard).reconcile())


class _Shard:
    def __init__(self, staged_pull: StagedPull, stores: Stores, shard: int) -> None:
        self.pull, self.shard = staged_pull, shard
        self.tenant_id = staged_pull.request.tenant_id
        self._items = list(stores.table.query(keys.roster_partition(self.tenant_id, shard)))
        self.tally: Tally = Counter()
        self.changes = ChangedItems()

    def reconcile(self) -> dict[str, bytes]:
        """Return the shard's sections."""
        aside = self.pull.set_aside
        self._compare("orgs", Org, self._pulled("orgs", Org), aside.get("orgs", ()))
        sessions = self._compare(
            "academicSessions",
            AcademicSession,
            self._pulled("academicSessions", AcademicSession),
            aside.get("academicSessions", ()),
        )
        courses = self._compare("courses", Course, self._pulled("courses", Course), aside.get("courses", ()))
        people = self._people()
        self._forget_who_returned(people)
        count_statistics(self.tally, count_people(people))
        self.tally["writes/roster"] += len(self.changes)
        return {
            TALLY: msgspec.json.encode(self.tally),
            CHANGES: self.changes.encode(),
            DIRECTORY: encode_lines(people),
            SESSIONS: encode_lines(sessions),
            COURSES: encode_lines(courses),
        }

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
        return self._compare("people", Person, pulled, kept, keep_users_read=bool(aside.get("enrollments")))

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
    ) -> list[R]:
        """Note the changes of one kind of record; return the records as they are now.

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
        return current

    def _forget_who_returned(self, people: Collection[Person]) -> None:
        """Delete what was remembered of removed people who are here again."""
        gone = self._stored(keys.GONE_PREFIX)
        for person in people:
            if person.sourced_id in gone:
                item = gone[person.sourced_id]
                self.changes.delete((item["pk"], item["sk"]))

    def _stored(self, prefix: str) -> dict[str, Item]:
        """Return the shard's stored items of one kind, by sourcedId; the shard is read once."""
        return {keys.sourced_id_of(item["sk"]): item for item in self._items if item["sk"].startswith(prefix)}
