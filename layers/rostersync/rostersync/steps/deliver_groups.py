"""Deliver: tie owners to users, and send what is due. The only step of a run that tells Senso anything."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain, groupby
from typing import Final

from msgspec import Struct

from rostersync.clock import milliseconds
from rostersync.roster.due import Link
from rostersync.roster.emails import normalise_email
from rostersync.roster.identity import shard_of
from rostersync.roster.linking import User, first_of
from rostersync.roster.offering import is_made_automatically, is_offered
from rostersync.roster.owners import Owner
from rostersync.roster.settings import CreationSettings
from rostersync.senso.asking import Asking
from rostersync.senso.attention import REMOVALS_HELD, Attention
from rostersync.senso.bus import Bus
from rostersync.senso.delivering import Delivering, OwnersGroups, owners_groups
from rostersync.senso.linking import Linking
from rostersync.steps.requests import ShardsRequest
from rostersync.steps.review_changes import Review
from rostersync.steps.staged_pull import StagedPull
from rostersync.steps.tallies import Tally
from rostersync.storage import keys, staged
from rostersync.storage.owner_shards import OwnerShard
from rostersync.storage.stores import Stores
from rostersync.storage.wanted import WantedUser

ASK_AGAIN_MS: Final = 20 * 3_600_000
"""A request for a user is repeated with the next night, not with every run of a day."""

LAST_SHARD: Final = 15
"""With the task that has this shard Senso is asked for all its users, once a run."""


def deliver_groups(request: ShardsRequest, stores: Stores, bus: Bus, *, now: datetime) -> None:
    """Link and deliver each shard's owners, ask for users that are wanted, leave counts of it in staging.

    Whatever was published before, and whatever died before, is due until the bus has accepted it. The counts
    are those of the attempt that came to its end. Raises ``LeaseLost`` before it does anything,
    ``EventBusUnavailable`` when all that the bus would take is sent.
    """
    staged_pull = StagedPull(stores, request)
    plan, now_ms = staged_pull.plan, milliseconds(now)
    stores.leases.require(request.tenant_id, request.run_id, now)
    integration = stores.integrations.require(request.tenant_id)
    asking = Asking(stores, bus, request.tenant_id)
    users_known = bool(stores.users.complete_as_of(request.tenant_id))
    if LAST_SHARD in request.shards and (plan.mode == "full" or not users_known):
        asking.for_all_users(request.run_id).require()
    if LAST_SHARD in request.shards:
        _tell_what_is_held(staged_pull, Attention(stores, bus, integration))
    # Before Senso has told who its users are, everybody would be wanted.
    creation = integration.creation if users_known else CreationSettings()
    linking = Linking(stores, request.tenant_id, plan.settings.email_domains, now_ms)
    everybody = _everybody(stores, linking)
    before = {number: OwnerShard.read(stores.table, request.tenant_id, number) for number in request.shards}
    settled = set().union(*(_link(shard, everybody, linking) for shard in before.values()))
    elsewhere = {owner_id for owner_id in settled if shard_of(owner_id) not in before}
    # Read anew, whether or not a link was settled here: an event of a user may have done so.
    shards = {number: OwnerShard.read(stores.table, request.tenant_id, number) for number in before}
    delivering = Delivering(stores, bus, request.tenant_id)
    here = (_with_groups(stores, request.tenant_id, number, shards[number].links) for number in shards)
    told = delivering.deliver(chain(chain.from_iterable(here), map(delivering.read, sorted(elsewhere))))
    tallies: dict[int, Tally] = {number: _counted(shards[number], before[number]) for number in shards}
    tallies[request.shards[0]].update({f"sent/{what}": count for what, count in told.items()})
    for number, shard in shards.items():
        tallies[number]["users asked for"] += _ask(shard, asking, creation, plan.started_at)
        stores.staging.put_json(staged.delivered(*staged_pull.run, request.pull, number), tallies[number])


def _tell_what_is_held(staged_pull: StagedPull, attention: Attention) -> None:
    """Say that somebody has to decide on what this run holds, or no more on what an earlier one did."""
    review = staged_pull.staging.get_json(staged.review(*staged_pull.look), Review)
    if review.held:
        attention.needed(REMOVALS_HELD, staged_pull.run[1])
    elif decided := review.approved or review.over:
        attention.over(REMOVALS_HELD, decided)


class _Everybody(Struct):
    """The tenant's users, by the e-mail that is compared, as one reading has them."""

    ids: set[str]
    by_email: Mapping[str, list[User]]
    matched: set[str]

    def is_surely_right(self, owner: Owner | None, matched: str, link: Link | None) -> bool:
        """Say whether a link can be left as it is without looking at anybody else's."""
        user_id = link.user_id if link is not None else ""
        if link is not None and link.by_hand != (bool(user_id) and matched == user_id):
            return False
        if owner is None:
            return not user_id
        if matched in self.ids:
            return matched == user_id
        candidates = self.by_email.get(owner.email, ())
        if any(user.user_id in self.matched for user in candidates):
            return False
        return (first_of(candidates, owner.email).user_id if candidates else "") == user_id


def _everybody(stores: Stores, linking: Linking) -> _Everybody:
    by_email: defaultdict[str, list[User]] = defaultdict(list)
    ids: set[str] = set()
    for known in stores.users.all(linking.tenant_id):
        if not known.removed:
            ids.add(known.user_id)
            if known.email:
                by_email[normalise_email(known.email, linking.email_domains)].append(known.user)
    return _Everybody(ids, by_email, stores.links.all_matched(linking.tenant_id))


def _link(shard: OwnerShard, everybody: _Everybody, linking: Linking) -> set[str]:
    """Settle every owner whose link may not be right; return all whose link that may have changed."""
    return linking.settle_each(
        owner_id
        for owner_id in shard.owners.keys() | shard.links.keys()
        if not everybody.is_surely_right(
            shard.owners.get(owner_id), shard.matches.get(owner_id, ""), shard.links.get(owner_id)
        )
    )


def _with_groups(
    stores: Stores, tenant_id: str, shard: int, links: Mapping[str, Link]
) -> Iterator[OwnersGroups]:
    """Yield each owner with groups, one at a time: a shard's members together are much to hold."""
    found = stores.table.query(keys.groups_partition(tenant_id, shard))
    for owner_id, theirs in groupby(found, key=lambda item: keys.owner_of(item["sk"])):
        yield owners_groups(owner_id, links.get(owner_id), theirs)


def _counted(shard: OwnerShard, before: OwnerShard) -> Tally:
    tally: Tally = Counter()
    for owner_id in shard.owners:
        user_id = shard.user_of(owner_id)
        tally["linked"] += bool(user_id)
        tally["newly linked"] += bool(user_id) and user_id != before.user_of(owner_id)
        tally["waiting"] += is_offered(shard.groups_of(owner_id), linked=bool(user_id))
    return tally


def _ask(shard: OwnerShard, asking: Asking, creation: CreationSettings, started_at: int) -> int:
    """Ask for users that are to be made automatically, and again for those that were not answered."""
    to_ask: list[tuple[WantedUser, Owner]] = []
    for owner_id, owner in sorted(shard.owners.items()):
        groups, linked = shard.groups_of(owner_id), bool(shard.user_of(owner_id))
        wanted = shard.wanted.get(owner_id)
        if wanted is None and is_made_automatically(owner, groups, creation, linked=linked):
            wanted = WantedUser(
                owner_id=owner_id,
                request_id=f"{owner_id}.{started_at}",
                role=creation.role,
                site=creation.site,
                automatic=True,
            )
            wanted = asking.stores.wanted.put_first(asking.tenant_id, wanted)
        if (
            wanted is not None
            and wanted.is_open
            and is_offered(groups, linked=linked)
            and wanted.asked_at <= started_at - ASK_AGAIN_MS
        ):
            to_ask.append((wanted, owner))
    if not to_ask:
        return 0
    receipt = asking.for_users(to_ask, started_at)
    receipt.require()
    return len(receipt.accepted)
