"""Keeps owners and users tied as the rules say, whoever of the two comes second (DESIGN §4, RULES 2.4).

Everybody who changes what a link is made from - an event of a user, a published owner, a match by hand -
settles the owners concerned after that change is written. Each decision is written together with a check
that the owner, the user and both their links still are what it was made from; otherwise it is made anew. Of
others' claims it needs no check: whoever changes one settles these owners too.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, field

from rostersync.at_once import at_once
from rostersync.errors import StorageConflict
from rostersync.roster.due import Link
from rostersync.roster.emails import normalise_email
from rostersync.roster.linking import Claim, assign_users, claim_of, emails_compared_as
from rostersync.storage import items, keys
from rostersync.storage.attributes import Item
from rostersync.storage.conditions import Equals
from rostersync.storage.stores import Stores
from rostersync.storage.transactions import Check
from rostersync.storage.users import KnownUser

_TRIES: Final = 8


class Linking(Struct, frozen=True):
    """Settles links of one tenant. ``email_domains`` is the setting, ``now_ms`` the time a new link gets."""

    stores: Stores
    tenant_id: str
    email_domains: Mapping[str, str]
    now_ms: int

    def settle(self, owner_ids: Iterable[str]) -> set[str]:
        """Settle these owners and whoever is concerned by it; return all whose link may be new to Senso."""
        waiting = deque(sorted(set(owner_ids) - {""}))
        settled: set[str] = set()
        while waiting:
            owner_id = waiting.popleft()
            concerned = self._settle_one(owner_id)
            waiting.extend(sorted(concerned - {owner_id, ""} - set(waiting)))
            settled.add(owner_id)
        return settled

    def settle_each(self, owner_ids: Iterable[str]) -> set[str]:
        """Settle many owners as ``settle`` does, several at a time."""
        return set().union(*at_once(lambda owner_id: self.settle([owner_id]), sorted(set(owner_ids))))

    def owners_around(self, user_ids: Iterable[str], emails: Iterable[str] = ()) -> set[str]:
        """Return the owners whom a change of these users may concern; ``emails`` are what they had before."""
        found: set[str] = set()
        addresses = set(emails)
        for user_id in user_ids:
            linked = self.stores.links.of_user(self.tenant_id, user_id)
            found |= {linked.owner_id, linked.before}
            found.add(self.stores.links.matched_owner(self.tenant_id, user_id))
            user = self.stores.users.get(self.tenant_id, user_id)
            if user is not None:
                addresses.add(user.email)
        found.update(self.owner_with(email) for email in addresses)
        return found - {""}

    def owner_with(self, email: str) -> str:
        """Return the owner with a user's e-mail, "" when nobody has it."""
        compared = normalise_email(email, self.email_domains)
        item = self.stores.table.get(keys.email(self.tenant_id, compared)) if compared else None
        return "" if item is None else items.owner_id_of(item)

    def _settle_one(self, owner_id: str) -> set[str]:
        """Make one owner's link what it has to be; return the owners whom that concerns."""
        for _ in range(_TRIES):
            link = self.stores.links.of_owner(self.tenant_id, owner_id)
            around = _Neighbourhood(self)
            around.add_owner(owner_id, link)
            assigned = around.assigned()
            user_id = assigned.get(owner_id, "")
            by_hand = around.is_match(owner_id, user_id)
            former = link.user_id if link is not None else ""
            if user_id == former and (link is None or link.by_hand == by_hand):
                return set()
            try:
                if user_id == former and link is not None:
                    self.stores.links.note_by_hand(self.tenant_id, link, by_hand)
                    return set()
                loser = self.stores.links.tie(
                    self.tenant_id,
                    link,
                    owner_id,
                    user_id,
                    now_ms=self.now_ms,
                    by_hand=by_hand,
                    lost=not user_id and self._is_anothers(former, owner_id, assigned),
                    provided=around.checks(owner_id, user_id),
                )
            except StorageConflict:
                continue
            return {loser, *(self.owners_around([former]) if former else ())}
        raise StorageConflict(f"links of tenant {self.tenant_id} changed again and again; try again later")

    def _is_anothers(self, user_id: str, owner_id: str, assigned: Mapping[str, str]) -> bool:
        """Whether the user whom an owner loses goes to another owner, so that an admin may want to know."""
        matched = self.stores.links.matched_owner(self.tenant_id, user_id)
        return user_id in assigned.values() or matched not in {"", owner_id}


class _Neighbourhood(Struct):
    """What decides about one owner: its users, who else may want those, and what these have instead."""

    linking: Linking
    _claims: dict[str, Claim] = field(default_factory=dict)
    _owner_items: dict[str, Item] = field(default_factory=dict)
    _users: dict[str, KnownUser] = field(default_factory=dict)

    def add_owner(self, owner_id: str, link: Link | None) -> None:
        """Read an owner, the users it may have, the other owners these may belong to, and their users."""
        for user_id in self._read_owner(owner_id, link):
            for other in self._rivals(user_id):
                for theirs in self._read_owner(other, self._link_of(other)):
                    # Theirs may be matched by hand to somebody else again, and so not theirs to take.
                    matched = self.linking.stores.links.matched_owner(self.linking.tenant_id, theirs)
                    if matched and matched not in self._claims:
                        self._read_owner(matched, self._link_of(matched))

    def assigned(self) -> dict[str, str]:
        """Return the links of this neighbourhood."""
        users = [known.user for known in self._users.values()]
        return assign_users(self._claims.values(), users, self.linking.email_domains)

    def is_match(self, owner_id: str, user_id: str) -> bool:
        """Whether somebody matched the two by hand."""
        return bool(user_id) and self._claims[owner_id].matched == user_id

    def checks(self, owner_id: str, user_id: str) -> list[Check]:
        """Return what must still be so when the decision is written."""
        found = []
        if owner_id in self._owner_items:
            item = self._owner_items[owner_id]
            found.append(Check((item["pk"], item["sk"]), [Equals("fp", item["fp"])]))
        if user_id:
            found.append(self.linking.stores.users.still(self.linking.tenant_id, self._users[user_id]))
        return found

    def _rivals(self, user_id: str) -> set[str]:
        linking = self.linking
        user = self._users.get(user_id)
        by_email = linking.owner_with(user.email) if user is not None else ""
        matched = linking.stores.links.matched_owner(linking.tenant_id, user_id)
        return {by_email, matched} - {"", *self._claims}

    def _link_of(self, owner_id: str) -> Link | None:
        return self.linking.stores.links.of_owner(self.linking.tenant_id, owner_id)

    def _read_owner(self, owner_id: str, link: Link | None) -> set[str]:
        """Note an owner's claim and its users; return the users' ids."""
        stores, tenant_id = self.linking.stores, self.linking.tenant_id
        matched = stores.links.matched_user(tenant_id, owner_id)
        item = stores.table.get(keys.owner(tenant_id, owner_id))
        if item is not None:
            owner = items.owner_of(item)
            self._owner_items[owner_id] = item
            claim = claim_of(owner_id, owner.email, matched, link)
            emails = emails_compared_as(owner.email, self.linking.email_domains)
            found = {user.user_id: user for user in stores.users.with_emails(tenant_id, emails)}
        elif self._has_left(owner_id):
            found = {}
            claim = claim_of(owner_id, "", matched, link)
        else:
            return set()
        self._claims[owner_id] = claim
        for user_id in {claim.matched, claim.linked} - {"", *found}:
            user = stores.users.get(tenant_id, user_id)
            if user is not None and not user.removed:
                found[user_id] = user
        self._users |= found
        return set(found)

    def _has_left(self, owner_id: str) -> bool:
        """Whether this was an owner, who may return."""
        item = self.linking.stores.table.get(keys.former_owner(self.linking.tenant_id, owner_id))
        return item is not None and not items.has_expired(item, self.linking.now_ms)
