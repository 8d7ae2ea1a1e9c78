"""An owner's groups: drafts with names, against what is stored (RULES §3)."""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from rostersync.roster.classes import Draft, Member
from rostersync.roster.identity import group_id
from rostersync.roster.naming import name_groups
from rostersync.roster.settings import RosterSettings


class Group(Struct, frozen=True):
    """One owner's copy of one class. ``version`` only grows; ``name_version`` brought its name.

    A removed group is a tombstone: no members, ``removed_at`` in ms since 1970.
    """

    group_id: str
    owner_id: str
    class_id: str
    name: str
    name_version: int
    version: int
    members: tuple[Member, ...] = ()
    school: str = ""
    removed: bool = False
    removed_at: int = 0


class OwnersClass(Struct, frozen=True):
    """A class that an owner is enrolled on as teacher: its group, or the reason why there is none.

    ``school`` is a sourcedId.
    """

    class_id: str
    name: str
    reason: str = ""
    group_id: str = ""
    school: str = ""


class OwnerGroups(Struct, frozen=True):
    """What becomes of one owner's groups.

    ``put`` is to be written, tombstones too; ``current`` are all groups that are not removed; both by group
    id. ``classes`` by class id. The counts are of groups; one that comes back is added.
    """

    put: tuple[Group, ...]
    current: tuple[Group, ...]
    added: int
    changed: int
    removed: int
    classes: tuple[OwnersClass, ...]


def reconcile_groups(
    tenant_id: str,
    owner_id: str,
    drafts: Iterable[Draft],
    stored: Mapping[str, Group],
    *,
    version: int,
    settings: RosterSettings,
    rewrite: bool = False,
    keep: bool = False,
) -> OwnerGroups:
    """Compare one owner's drafts with that owner's stored groups, tombstones among them, by group id.

    ``version`` is the run's start in ms. A group whose name, members or school changed gets the larger of
    it and the stored version + 1; one that changed nothing keeps its version, with ``rewrite`` too, which
    puts it all the same. A group that is no longer yielded leaves a tombstone. With ``keep`` nothing goes:
    such a group stays, and who was a member still is (RULES 4.6).
    """
    drafts = tuple(drafts)
    names = name_groups(drafts, settings.group_name)
    put: list[Group] = []
    current: dict[str, Group] = {}
    classes: list[OwnersClass] = []
    added = changed = 0
    for draft in sorted(drafts, key=lambda draft: draft.class_id):
        name = names[draft.class_id]
        if draft.reason:
            classes.append(OwnersClass(draft.class_id, name, draft.reason, "", draft.school))
            continue
        identifier = group_id(tenant_id, draft.class_id, owner_id)
        before = stored.get(identifier)
        if keep and before is not None:
            group = _next(before, identifier, _with_members_of(draft, before), name, version)
        else:
            group = _next(before, identifier, draft, name, version)
        current[identifier] = group
        classes.append(OwnersClass(draft.class_id, name, "", identifier, draft.school))
        if before is None or before.removed:
            added += 1
        elif group != before:
            changed += 1
        if rewrite or group != before:
            put.append(group)
    gone = [group for key, group in stored.items() if key not in current and not group.removed]
    if keep:
        current.update((group.group_id, group) for group in gone)
        gone = []
    put.extend(_tombstone(group, version) for group in gone)
    return OwnerGroups(
        put=tuple(sorted(put, key=lambda group: group.group_id)),
        current=tuple(current[identifier] for identifier in sorted(current)),
        added=added,
        changed=changed,
        removed=len(gone),
        classes=tuple(classes),
    )


def _next(before: Group | None, identifier: str, draft: Draft, name: str, version: int) -> Group:
    meaning = (name, draft.members, draft.school)
    if before is not None and not before.removed and meaning == (before.name, before.members, before.school):
        return before
    grown = version if before is None else max(before.version + 1, version)
    return Group(
        group_id=identifier,
        owner_id=draft.owner_id,
        class_id=draft.class_id,
        name=name,
        # A teacher's own name for a group wins until this grows: it stays while the name does (DESIGN §4).
        name_version=before.name_version if before is not None and before.name == name else grown,
        version=grown,
        members=draft.members,
        school=draft.school,
    )


def _with_members_of(draft: Draft, before: Group) -> Draft:
    members = {member.sourced_id: member for member in (*before.members, *draft.members)}
    return replace(draft, members=tuple(members[one] for one in sorted(members)))


def _tombstone(group: Group, version: int) -> Group:
    return replace(
        group, version=max(group.version + 1, version), members=(), removed=True, removed_at=version
    )
