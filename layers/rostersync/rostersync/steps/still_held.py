"""What is there only because its removal is held, for who asks why it is there (RULES §6)."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from rostersync.errors import StagedObjectMissing
from rostersync.roster.explaining import REMOVAL_HELD, Why, because
from rostersync.roster.holding import HeldList
from rostersync.steps.keeping import held_of
from rostersync.storage import staged
from rostersync.storage.integrations import Integration
from rostersync.storage.stores import Stores


class StillHeld:
    """A tenant's undecided list; without one nothing is held, and nothing is read."""

    def __init__(self, integration: Integration, stores: Stores, now_ms: int) -> None:
        self._tenant_id, self._stores = integration.tenant_id, stores
        self._list_of = integration.undecided(now_ms)

    def people(self, ids: Iterable[str]) -> tuple[Why, ...]:
        """Say whether any of these people is there only because of that."""
        return _noted(not self._people.isdisjoint(ids))

    def section(self, class_id: str) -> tuple[Why, ...]:
        """Say whether a class, a group of it or a member is there only because of that."""
        return _noted(class_id in self._classes or class_id in self._members)

    def group(self, class_id: str, owner_id: str) -> tuple[Why, ...]:
        """Say whether an owner's group of a class, or a member of it, is there only because of that."""
        return _noted((class_id, owner_id) in self._groups)

    def member(self, class_id: str, student: str) -> tuple[Why, ...]:
        """Say whether a student is a member of a class only because of that."""
        return _noted(student in self._members.get(class_id, ()))

    @cached_property
    def _held(self) -> HeldList:
        if not self._list_of:
            return HeldList()
        try:
            return held_of(self._stores.staging.open_pack(staged.held(self._tenant_id, self._list_of)))
        except StagedObjectMissing:
            return HeldList()

    @cached_property
    def _people(self) -> frozenset[str]:
        return frozenset(person.sourced_id for person in self._held.people)

    @cached_property
    def _classes(self) -> frozenset[str]:
        return frozenset(class_id for class_id, _ in self._held.classes)

    @cached_property
    def _groups(self) -> frozenset[tuple[str, str]]:
        return frozenset((group.class_id, group.owner_id) for group in self._held.groups)

    @cached_property
    def _members(self) -> dict[str, set[str]]:
        members: dict[str, set[str]] = defaultdict(set)
        for group in self._held.groups:
            members[group.class_id].update(group.members)
        return members


def _noted(held: bool) -> tuple[Why, ...]:
    return (because(REMOVAL_HELD),) if held else ()
