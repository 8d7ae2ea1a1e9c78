"""What is stored around a few classes, people and owners: as much as says why groups are or are not there."""

from collections.abc import Iterable
from typing import Final, TypeVar

from msgspec import Struct

from rostersync.at_once import at_once
from rostersync.roster.classes import is_teacher_role
from rostersync.roster.discreet import Discreet
from rostersync.roster.emails import normalise_email
from rostersync.roster.explaining_class import Case
from rostersync.roster.groups import Group
from rostersync.roster.identity import SHARDS
from rostersync.roster.records import AcademicSession, Class, Course, IsoDate, Org, Person
from rostersync.roster.settings import RosterSettings
from rostersync.roster.terms import Calendar
from rostersync.senso.delivering import OwnersGroups, read_groups
from rostersync.steps.find_owner import FoundOwner, look_up
from rostersync.storage import items, keys
from rostersync.storage.attributes import Item, Key
from rostersync.storage.stores import Stores
from rostersync.storage.wanted import WantedUser

R = TypeVar("R", Org, AcademicSession, Course, Person)

READ_ONE_BY_ONE: Final = 500
"""Of more people than these the whole roster is read: sixteen queries are quicker then."""


class StoredOwner(Discreet, frozen=True, kw_only=True):
    """An owner, the user tied to it, groups and what was sent of them. ``user_email`` is Senso's."""

    found: FoundOwner
    delivered: OwnersGroups
    user_email: str
    wanted: WantedUser | None

    def group_of(self, class_id: str) -> Group | None:
        """Return the owner's group of a class, as last published."""
        groups = (one for one in self.delivered.groups if one.class_id == class_id and not one.removed)
        return next(groups, None)


class StoredRoster(Struct, frozen=True):
    """One tenant's, judged by its settings of now. ``today`` in the tenant's time zone."""

    stores: Stores
    tenant_id: str
    settings: RosterSettings
    today: IsoDate

    def person(self, sourced_id: str) -> Person | None:
        """Return somebody of the roster."""
        return self._records(Person, [sourced_id]).get(sourced_id)

    def classes(self, class_ids: Iterable[str]) -> dict[str, Item]:
        """Return the items of classes by sourcedId."""
        found = self._get(keys.record(self.tenant_id, Class, one) for one in class_ids)
        return {keys.sourced_id_of(item["sk"]): item for item in found}

    def classes_of(self, student: str) -> dict[str, Item]:
        """Return the items of the classes on which a student is enrolled; reads all of the tenant's."""

        def in_shard(shard: int) -> list[Item]:
            return [
                item
                for item in self.stores.table.query(keys.classes_partition(self.tenant_id, shard))
                if any(
                    row.user_id == student and row.role == "student" and row.active
                    for row in items.class_roster_of(item).enrollments
                )
            ]

        found = at_once(in_shard, range(SHARDS), workers=SHARDS)
        return {keys.sourced_id_of(item["sk"]): item for shard in found for item in shard}

    def cases(self, classes: dict[str, Item]) -> dict[str, Case]:
        """Return classes, from their items, with everything that says what they yield."""
        rosters = {one: items.class_roster_of(item) for one, item in classes.items()}
        people = self._records(Person, {row.user_id for one in rosters.values() for row in one.enrollments})
        records = [one.record for one in rosters.values()]
        courses = self._records(Course, {record.course for record in records})
        terms = {term for record in records for term in record.terms}
        calendar = Calendar(
            self._records(AcademicSession, terms | {one.school_year for one in courses.values()}), courses
        )
        owner_of = self._owner_of(
            people[row.user_id]
            for one in rosters.values()
            for row in one.enrollments
            if row.user_id in people and is_teacher_role(row.role, self.settings)
        )
        return {
            one: Case(
                roster=roster,
                people=people,
                owner_of=owner_of,
                calendar=calendar,
                settings=self.settings,
                today=self.today,
                fits=items.members_fit,
                complete=not items.is_too_large(classes[one]),
            )
            for one, roster in rosters.items()
        }

    def school_names(self, school_ids: Iterable[str]) -> dict[str, str]:
        """Return the names of schools by sourcedId, the id of one that has none."""
        school_ids = set(school_ids)
        found = self._records(Org, school_ids)
        return {one: found[one].name or one if one in found else one for one in school_ids}

    def owners(self, owner_ids: Iterable[str]) -> dict[str, StoredOwner]:
        """Return owners by id."""
        owner_ids = sorted(set(owner_ids))
        return dict(zip(owner_ids, at_once(self._owner, owner_ids, workers=SHARDS), strict=True))

    def _owner(self, owner_id: str) -> StoredOwner:
        found = look_up(self.tenant_id, owner_id, self.stores)
        user = self.stores.users.get(self.tenant_id, found.user_id) if found.user_id else None
        return StoredOwner(
            found=found,
            delivered=read_groups(self.stores, self.tenant_id, owner_id),
            user_email=user.email if user is not None else "",
            wanted=self.stores.wanted.get(self.tenant_id, owner_id),
        )

    def _owner_of(self, teachers: Iterable[Person]) -> dict[str, str]:
        """Return the owner of each teacher who may have one: whose the e-mail is."""
        emails = {
            one.sourced_id: normalise_email(one.email, self.settings.email_domains)
            for one in teachers
            if one.active and one.enabled and not {"teachers", "users"}.isdisjoint(one.collections)
        }
        found = self._get(keys.email(self.tenant_id, email) for email in set(emails.values()) - {""})
        owners = {keys.sourced_id_of(item["sk"]): items.owner_id_of(item) for item in found}
        return {one: owners[email] for one, email in emails.items() if email in owners}

    def _records(self, kind: type[R], sourced_ids: Iterable[str]) -> dict[str, R]:
        """Return records by sourcedId, those that there are."""
        wanted = {one for one in sourced_ids if one and len(one.encode()) <= keys.MAX_ID_BYTES}
        if len(wanted) <= READ_ONE_BY_ONE:
            found = self._get(keys.record(self.tenant_id, kind, one) for one in wanted)
            return {keys.sourced_id_of(item["sk"]): items.record_of(item, kind) for item in found}

        def in_shard(shard: int) -> dict[str, R]:
            partition = keys.roster_partition(self.tenant_id, shard)
            return {
                one: items.record_of(item, kind)
                for item in self.stores.table.query(partition, keys.RECORD_PREFIXES[kind])
                if (one := keys.sourced_id_of(item["sk"])) in wanted
            }

        shards = at_once(in_shard, range(SHARDS), workers=SHARDS)
        return {one: record for found in shards for one, record in found.items()}

    def _get(self, wanted: Iterable[Key]) -> list[Item]:
        """Return the items that there are under these keys."""
        found = at_once(self.stores.table.get, wanted, workers=SHARDS)
        return [item for item in found if item is not None]
