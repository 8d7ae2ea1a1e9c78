"""Sends what is due of owners' groups, and remembers what the bus accepted (DESIGN §4)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct, field

from rostersync.at_once import at_once
from rostersync.roster.due import (
    NOTHING_SENT,
    Due,
    Link,
    Sent,
    after_sending,
    before_sending,
    to_be_sent_again,
    told_of,
    what_is_due,
)
from rostersync.roster.groups import Group
from rostersync.senso.bus import Bus, Receipt
from rostersync.senso.packing import Delivery, pack_deliveries
from rostersync.storage import items, keys
from rostersync.storage.attributes import Item
from rostersync.storage.sent import sent_of
from rostersync.storage.stores import Stores

EVENTS_AT_ONCE: Final = 200
BYTES_AT_ONCE: Final = 4_000_000
"""What is packed, noted, sent and marked at once: bounds memory, and what is sent again after a crash."""


class OwnersGroups(Struct, frozen=True):
    """One owner's link and groups, tombstones too, and what was sent of them, as they were read."""

    owner_id: str
    link: Link | None
    groups: tuple[Group, ...]
    sent: Sent

    @property
    def due(self) -> Due:
        """What Senso has yet to hear of them."""
        return what_is_due(self.groups, self.link, self.sent)


class _Batch(Struct):
    owners: list[tuple[OwnersGroups, Due, list[Delivery]]] = field(default_factory=list)
    events: int = 0
    size: int = 0

    def add(self, owner: OwnersGroups, due: Due, deliveries: list[Delivery]) -> None:
        self.owners.append((owner, due, deliveries))
        self.events += len(deliveries)
        self.size += sum(delivery.event.size for delivery in deliveries)

    @property
    def is_full(self) -> bool:
        return self.events >= EVENTS_AT_ONCE or self.size >= BYTES_AT_ONCE


class Delivering(Struct, frozen=True):
    """Delivers groups of one tenant's owners."""

    stores: Stores
    bus: Bus
    tenant_id: str

    def deliver(self, owners: Iterable[OwnersGroups]) -> Counter[str]:
        """Send what is due of each; return how many ``owners``, ``groups``, ``removals`` and ``events``.

        Raises ``EventBusUnavailable`` at the end when the bus refused some: all others are sent and marked,
        and what was refused is still due.
        """
        told: Counter[str] = Counter()
        accepted: set[int] = set()
        refused: dict[int, str] = {}
        linked_anew: list[str] = []
        for batch in self._batches(owners):
            receipt, moved = self._send(batch, told)
            begin = len(accepted) + len(refused)
            accepted |= {begin + place for place in receipt.accepted}
            refused |= {begin + place: code for place, code in receipt.refused.items()}
            linked_anew += moved
        Receipt(frozenset(accepted), refused).require()
        if linked_anew:
            told.update(self.deliver(map(self.read, linked_anew)))
        return told

    def read(self, owner_id: str) -> OwnersGroups:
        """Read an owner, as ``read_groups`` does."""
        return read_groups(self.stores, self.tenant_id, owner_id)

    def read_to_send_again(self, owner_id: str) -> OwnersGroups:
        """Read an owner and let everything be due again, whatever was sent before."""
        owner = self.read(owner_id)
        sent = self.stores.sent.change(self.tenant_id, owner_id, owner.sent, to_be_sent_again)
        # Even if somebody marks something as sent meanwhile, this caller sends it.
        return OwnersGroups(owner_id, owner.link, owner.groups, to_be_sent_again(sent))

    def _batches(self, owners: Iterable[OwnersGroups]) -> Iterator[_Batch]:
        batch = _Batch()
        for owner in owners:
            due = owner.due
            if due and owner.link is not None:
                batch.add(owner, due, pack_deliveries(self.tenant_id, owner.link, due))
                if batch.is_full:
                    yield batch
                    batch = _Batch()
        if batch.owners:
            yield batch

    def _send(self, batch: _Batch, told: Counter[str]) -> tuple[Receipt, list[str]]:
        """Send a batch; return what was accepted, and who was linked anew since they were read."""
        begun = at_once(lambda one: self._begin(one[0], one[1]), batch.owners)
        moved = [
            owner.owner_id for (owner, _, _), sent in zip(batch.owners, begun, strict=True) if sent is None
        ]
        owners = [(one, sent) for one, sent in zip(batch.owners, begun, strict=True) if sent is not None]
        receipt = self.bus.send([one.event for (_, _, deliveries), _ in owners for one in deliveries])
        marks = []
        place = 0
        for (owner, due, deliveries), sent in owners:
            places = range(place, place + len(deliveries))
            place += len(deliveries)
            accepted = [one for at, one in zip(places, deliveries, strict=True) if at in receipt.accepted]
            if accepted:
                marks.append((owner, due, deliveries, accepted, sent))
                told["owners"] += 1
                told["events"] += len(accepted)
        for counts in at_once(lambda mark: self._mark(*mark), marks):
            told.update(counts)
        return receipt, moved

    def _begin(self, owner: OwnersGroups, due: Due) -> Sent | None:
        """Note that what is due may arrive from now on: who finds this sender dead sends it again.

        Returns None when the owner has been linked anew meanwhile. Whoever links reads what was sent after
        that: either the note is seen there, or the new link is seen here, and nothing goes out unseen.
        """
        link = _link_of(owner)
        begun = self.stores.sent.change(
            self.tenant_id, owner.owner_id, owner.sent, lambda sent: before_sending(sent, link, due)
        )
        now = self.stores.links.of_owner(self.tenant_id, owner.owner_id)
        return begun if now is not None and now.link_id == link.link_id else None

    def _mark(
        self,
        owner: OwnersGroups,
        due: Due,
        deliveries: list[Delivery],
        accepted: list[Delivery],
        begun: Sent,
    ) -> Counter[str]:
        """Note what was accepted; a group in parts only when all of them were."""
        link = _link_of(owner)
        went = {id(one) for one in accepted}
        missing = {
            group for one in deliveries if id(one) not in went for group in (*one.groups, *one.removed)
        }
        groups = {group.group_id: told_of(group) for group in due.groups if group.group_id not in missing}
        removed = [group_id for group_id, _ in due.removed if group_id not in missing]
        self.stores.sent.change(
            self.tenant_id,
            owner.owner_id,
            begun,
            lambda sent: after_sending(sent, link, groups, removed),
        )
        return Counter({"groups": len(groups), "removals": len(removed)})


def _link_of(owner: OwnersGroups) -> Link:
    if owner.link is None:
        raise AssertionError("nothing is due without a link")
    return owner.link


def read_groups(stores: Stores, tenant_id: str, owner_id: str) -> OwnersGroups:
    """Read an owner's link and then the groups: of who links and who publishes, one sees the other."""
    link = stores.links.of_owner(tenant_id, owner_id)
    partition, _ = keys.sent(tenant_id, owner_id)
    return owners_groups(owner_id, link, stores.table.query(partition, keys.groups_prefix(owner_id)))


def owners_groups(owner_id: str, link: Link | None, found: Iterable[Item]) -> OwnersGroups:
    """Return an owner from its link and the items that begin with its groups' prefix."""
    groups = []
    sent = NOTHING_SENT
    for item in found:
        if keys.is_sent(item["sk"]):
            sent = sent_of(item)
        else:
            groups.append(items.group_of(item))
    return OwnersGroups(owner_id, link, tuple(groups), sent)
