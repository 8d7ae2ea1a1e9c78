"""Owners: which owner each teacher is."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct, field

from rostersync.roster import owners as rules
from rostersync.roster.changes import compare
from rostersync.roster.emails import normalise_email
from rostersync.roster.identity import shard_of
from rostersync.roster.records import Person
from rostersync.roster.settings import RosterSettings
from rostersync.steps.keeping import BEFORE, Keeping, before_of
from rostersync.steps.preview_readiness import PROSPECTS, stage_prospects
from rostersync.steps.reconcile_people import CHANGES, DIRECTORY
from rostersync.steps.requests import LookRequest
from rostersync.steps.staged_pull import ALL_SHARDS, TALLY, StagedPull
from rostersync.steps.tallies import STANDS, Tally, count_changes
from rostersync.storage import items, keys, staged
from rostersync.storage.changes import ChangedItems
from rostersync.storage.lines import decode_lines
from rostersync.storage.stores import Stores
from rostersync.storage.table import Item

OWNERS: Final = "owners"
OWNERS_BEFORE: Final = "owners-before"
"""Teacher -> owner as our rules of today give it from what is stored; no such section: the same as now."""

FINDINGS: Final = "findings"


def assign_owners(request: LookRequest, stores: Stores) -> None:
    """Stage teacher -> owner, the changes of owners by shard, and what was found on the way."""
    staged_pull = StagedPull(stores, request)
    plan = staged_pull.plan
    now, before = _Roster(plan.settings), _Roster(plan.settings)
    changed = _read_directory(staged_pull, now, before)
    owners, former = _stored(stores, request.tenant_id, plan.started_at)
    stored = [items.owner_of(item) for item in owners.values()]
    keeping = Keeping(staged_pull)
    # A student who comes with the e-mail of a teacher who stays takes no owner away yet (RULES 2.2, 4.3).
    theirs = {owner.email for owner in stored if any(keeping.person(one) for one, _ in owner.records)}
    wanted_by_both = len(theirs & now.student_emails)
    now.student_emails -= theirs
    # What was kept so in an earlier run was published, and is there to be lost.
    before.student_emails -= {owner.email for owner in stored}
    key = stores.integrations.require(request.tenant_id).hash_key

    def assign(roster: _Roster) -> rules.Assignment:
        return rules.assign_owners(
            request.tenant_id,
            roster.teachers,
            stored,
            [items.former_owner_of(item) for item in former.values()],
            roster.student_emails - {""},
            settings=plan.settings,
            now_ms=plan.started_at,
            key=key,
        )

    assignment = assign(now)
    changes, tallies = _changes(
        request.tenant_id, assignment, owners, former, plan.started_at, rewrite=plan.mode == "full"
    )
    _change_emails(
        request.tenant_id, assignment, _stored_emails(stores, request.tenant_id), changes, plan.mode == "full"
    )
    tallies[0][STANDS] += wanted_by_both
    for finding in assignment.findings:
        tallies[0][f"noted/{finding.kind}"] += 1
    sections = {
        OWNERS: msgspec.json.encode(assignment.owner_of),
        FINDINGS: msgspec.json.encode(assignment.findings),
    }
    if plan.mode == "preview":
        sections[PROSPECTS] = stage_prospects(staged_pull, assignment, former)
    if changed or now.student_emails != before.student_emails:
        sections[OWNERS_BEFORE] = msgspec.json.encode(assign(before).owner_of)
    for shard in ALL_SHARDS:
        tallies[shard]["writes/roster"] += len(changes[shard])
        sections[f"{CHANGES}/{shard:x}"] = changes[shard].encode()
        sections[f"{TALLY}/{shard:x}"] = msgspec.json.encode(tallies[shard])
    stores.staging.put_pack(staged.owners(*staged_pull.look), sections)


class _Roster(Struct):
    """Active teachers, and the e-mails that active students carry (RULES 2.2)."""

    settings: RosterSettings
    teachers: list[rules.Teacher] = field(default_factory=list)
    student_emails: set[str] = field(default_factory=set)

    def add(self, person: Person) -> None:
        """Take somebody in."""
        if not person.active:
            return
        if "students" in person.collections:
            self.student_emails.add(normalise_email(person.email, self.settings.email_domains))
        # An enrolled teacher outside /teachers was read from /users; one who is only in /students
        # carries a student's e-mail, and owns nothing.
        if person.enabled and not {"teachers", "users"}.isdisjoint(person.collections):
            self.teachers.append(
                rules.Teacher(person.sourced_id, person.email, person.family_name, person.given_name)
            )


def _read_directory(staged_pull: StagedPull, now: _Roster, before: _Roster) -> bool:
    """Read who is in the roster now and who was as stored; return whether that is not the same."""
    changed = False
    for shard in ALL_SHARDS:
        key = staged.people(*staged_pull.look, shard)
        was = before_of(staged_pull.section(key, BEFORE))
        added = was.added_to("people")
        changed = changed or bool(was.people or added)
        others = {person.sourced_id for person in was.people} | added
        for person in was.people:
            before.add(person)
        for person in decode_lines(staged_pull.section(key, DIRECTORY), Person):
            now.add(person)
            if person.sourced_id not in others:
                before.add(person)
    return changed


def _stored(stores: Stores, tenant_id: str, now_ms: int) -> tuple[dict[str, Item], dict[str, Item]]:
    """Return the stored owners and the former ones that have not expired, by owner id."""
    owners: dict[str, Item] = {}
    former: dict[str, Item] = {}
    for shard in ALL_SHARDS:
        partition = keys.owners_partition(tenant_id, shard)
        for item in stores.table.query(partition, keys.OWNER_PREFIX):
            owners[keys.owner_of(item["sk"])] = item
        for item in stores.table.query(partition, keys.FORMER_PREFIX):
            if not items.has_expired(item, now_ms):
                former[keys.owner_of(item["sk"])] = item
    return owners, former


def _stored_emails(stores: Stores, tenant_id: str) -> dict[str, str]:
    """Return the stored owner id of each e-mail."""
    return {
        keys.sourced_id_of(item["sk"]): items.owner_id_of(item)
        for shard in ALL_SHARDS
        for item in stores.table.query(keys.emails_partition(tenant_id, shard), keys.EMAIL_PREFIX)
    }


def _changes(
    tenant_id: str,
    assignment: rules.Assignment,
    owners: dict[str, Item],
    former: dict[str, Item],
    now_ms: int,
    *,
    rewrite: bool,
) -> tuple[dict[int, ChangedItems], dict[int, Tally]]:
    """Return the items to write and the tallies by shard: owners and former owners."""
    changes: dict[int, ChangedItems] = defaultdict(ChangedItems)
    tallies: dict[int, Tally] = defaultdict(Counter)
    current = {owner.owner_id: owner for owner in assignment.owners}
    found = compare({one: item["fp"] for one, item in owners.items()}, current, rewrite=rewrite)
    count_changes(tallies[0], "owners", found)
    for owner in found.put:
        changes[shard_of(owner.owner_id)].put(items.owner_item(tenant_id, owner))
    for one in found.removed:
        changes[shard_of(one)].delete((owners[one]["pk"], owners[one]["sk"]))
    for ended in assignment.ended:
        item = items.former_owner_item(tenant_id, ended, now_ms)
        if former.get(ended.owner_id, {}).get("fp") != item["fp"]:
            changes[shard_of(ended.owner_id)].put(item)
    for one in assignment.returned:
        changes[shard_of(one)].delete((former[one]["pk"], former[one]["sk"]))
    return changes, tallies


def _change_emails(
    tenant_id: str,
    assignment: rules.Assignment,
    stored: Mapping[str, str],
    changes: dict[int, ChangedItems],
    rewrite: bool,
) -> None:
    """Note whose each e-mail is, against what is stored of e-mails.

    An owner lies in another shard than its e-mail: a run that died while it published may have written one
    and not the other, so the stored owners do not say what is stored of their e-mails.
    """
    emails = {owner.email: owner.owner_id for owner in assignment.owners}
    for email, one in emails.items():
        if rewrite or stored.get(email) != one:
            changes[shard_of(email)].put(items.email_item(tenant_id, email, one))
    for email in stored.keys() - emails.keys():
        changes[shard_of(email)].delete(keys.email(tenant_id, email))
