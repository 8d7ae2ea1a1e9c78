"""The numbers of a roster (RULES 1.8)."""

from collections.abc import Iterable
from typing import Self

from msgspec import Struct

from rostersync.roster.records import Class, Person


class Statistics(Struct, frozen=True):
    """Active records, people enabled too; groups; and memberships, the members summed over groups."""

    teachers: int = 0
    students: int = 0
    classes: int = 0
    groups: int = 0
    memberships: int = 0

    def __add__(self, other: Self) -> "Statistics":
        """Add up the statistics of two shards."""
        return Statistics(
            self.teachers + other.teachers,
            self.students + other.students,
            self.classes + other.classes,
            self.groups + other.groups,
            self.memberships + other.memberships,
        )


def count_people(people: Iterable[Person]) -> Statistics:
    """Count active, enabled people; one who is in both collections is a teacher and a student."""
    counting = [person for person in people if person.active and person.enabled]
    return Statistics(
        teachers=sum("teachers" in person.collections for person in counting),
        students=sum("students" in person.collections for person in counting),
    )


def count_classes(classes: Iterable[Class]) -> Statistics:
    """Count active classes."""
    return Statistics(classes=sum(record.active for record in classes))
