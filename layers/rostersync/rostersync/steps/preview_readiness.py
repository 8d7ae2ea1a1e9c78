"""Readiness: what a preview says beyond its changes. It publishes nothing, so all comes of what it staged.

Owners leaves what awaits each owner, Groups who would have groups and be in them, Review adds that up. Runs
that publish leave none of it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct, field

from rostersync.roster.groups import Group
from rostersync.roster.owners import SHARED_EMAIL, Assignment
from rostersync.roster.readiness import Prospect, Readiness, count_domains, find_prospects
from rostersync.steps.list_teachers import read_shards
from rostersync.steps.staged_pull import ALL_SHARDS, StagedPull
from rostersync.storage import staged

PROSPECTS: Final = "prospects"
IN_GROUPS: Final = "in-groups"


class InGroups(Struct, frozen=True):
    """Who is in the groups of a shard of owners: these, and of each member whether there is a login."""

    owners: set[str] = field(default_factory=set)
    members: dict[str, bool] = field(default_factory=dict)

    def note(self, groups: Iterable[Group]) -> None:
        """Note who is in some groups."""
        for group in groups:
            self.owners.add(group.owner_id)
            self.members.update((one.sourced_id, bool(one.login)) for one in group.members)


def stage_prospects(staged_pull: StagedPull, assignment: Assignment, former: Iterable[str]) -> bytes:
    """Return the section of what awaits each owner; ``former`` are the ids of those who had left before.

    Reads the tenant's users, links and matches.
    """
    stores, tenant_id = staged_pull.stores, staged_pull.request.tenant_id
    shards = read_shards(stores, tenant_id)
    found = find_prospects(
        assignment.owners,
        {*former, *(owner.owner_id for owner in assignment.ended)},
        (known.user for known in stores.users.all(tenant_id) if not known.removed),
        {one: link for shard in shards for one, link in shard.links.items()},
        {one: user_id for shard in shards for one, user_id in shard.matches.items()},
        staged_pull.plan.settings.email_domains,
    )
    return msgspec.json.encode(found)


def judge_readiness(staged_pull: StagedPull, notes: Mapping[str, int]) -> Readiness:
    """Return a preview's readiness; ``notes`` are its counts of what should be looked at.

    A member of several groups, and shards, is one student: their ids are brought together here.
    """
    where = staged_pull.look
    everybody = InGroups()
    for shard in ALL_SHARDS:
        section = staged_pull.section(staged.groups(*where, shard), IN_GROUPS)
        found = msgspec.json.decode(section, type=InGroups)
        everybody.owners.update(found.owners)
        everybody.members.update(found.members)
    section = staged_pull.section(staged.owners(*where), PROSPECTS)
    prospects = msgspec.json.decode(section, type=dict[str, Prospect])
    teaching = [prospects[one] for one in everybody.owners]
    return Readiness(
        teachers=len(teaching),
        teachers_with_user=sum(one.has_user for one in teaching),
        students=len(everybody.members),
        students_with_login=sum(everybody.members.values()),
        shared_emails=notes.get(SHARED_EMAIL, 0),
        dangling_enrollments=sum(notes.get(f"enrollments without {what}", 0) for what in ("class", "person")),
        domains_without_user=count_domains(teaching),
    )
