"""What of an owner's groups Senso has yet to hear (DESIGN §4)."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Final, NamedTuple

from msgspec import Struct, field

from rostersync.roster.fingerprint import fingerprint
from rostersync.roster.groups import Group

_ORDER: Final = attrgetter("order")
_NOT_SHOWN: Final = frozenset({"version", "name_version", "school", "class_id", "removed_at"})


class Link(Struct, frozen=True):
    """An owner's tie to a user. ``link_id`` only grows over an owner's links; ``user_id`` "": tied to none.

    ``by_hand``: somebody matched the two. ``lost``: the user went to another owner, which an admin may want
    to know.
    """

    owner_id: str
    link_id: int
    user_id: str = ""
    by_hand: bool = False
    lost: bool = False


class Told(NamedTuple):
    """What was sent of a group: its version and what it showed.

    Negative is a version of which it is not known whether it was accepted, or that is to be sent again.
    """

    version: int
    content: str

    @property
    def order(self) -> tuple[int, int]:
        """By which of two who sent at once the later version counts, and of one version who knows."""
        return abs(self.version), self.version

    @property
    def in_doubt(self) -> "Told":
        """The same, not known to have been accepted."""
        return Told(-abs(self.version), self.content)


class Sent(Struct, frozen=True):
    """What was sent of an owner's groups under a link, by group id; not those whose removal was sent.

    ``revision`` counts writes.
    """

    link_id: int = 0
    groups: Mapping[str, Told] = field(default_factory=dict)
    revision: int = 0


NOTHING_SENT = Sent()


class Due(Struct, frozen=True):
    """What is to be sent under a link: whole groups, and (group id, version) of those to be removed.

    ``only_link``: nothing but the link itself, so that what came under an older one is dropped.
    """

    groups: tuple[Group, ...] = ()
    removed: tuple[tuple[str, int], ...] = ()
    only_link: bool = False

    def __bool__(self) -> bool:
        """Whether anything is due."""
        return bool(self.groups or self.removed or self.only_link)


def what_is_due(groups: Iterable[Group], link: Link | None, sent: Sent) -> Due:
    """Compare an owner's groups, tombstones among them, with what was sent.

    Whoever gets a link begins with nothing: what was sent under an older link says only that there is
    something to drop. A group that changed and changed back before it was sent is not due. A removal is due
    for a group that was sent under this link, whether its tombstone is still kept or not.
    """
    if link is None or sent.link_id > link.link_id:
        # Somebody has linked the owner again and sent under that link: what is in hand is old.
        return Due()
    same_link = sent.link_id == link.link_id
    if link.user_id:
        stored = {group.group_id: group for group in groups}
        told = sent.groups if same_link else {}
        whole = tuple(
            stored[one]
            for one in sorted(stored)
            if not stored[one].removed and _is_news(stored[one], told.get(one))
        )
        removed = tuple(
            (one, _removal(stored.get(one), told[one].version))
            for one in sorted(told)
            if one not in stored or stored[one].removed
        )
        if whole or removed:
            return Due(whole, removed)
    return Due(only_link=not same_link and bool(sent.groups))


def told_of(group: Group) -> Told:
    """Return what is told by sending a group."""
    return Told(group.version, fingerprint(group, without=_NOT_SHOWN))


def before_sending(sent: Sent, link: Link, due: Due) -> Sent:
    """Return what is known once a sender has begun: of all that goes out, that it may have arrived.

    Written before anything is sent. Otherwise a sender that dies in between leaves a group at Senso that
    nobody knows of, and that is never removed or brought up to date.
    """
    if sent.link_id > link.link_id or due.only_link:
        # A link alone is sent until it is known to have been accepted: what came under the old one says so.
        return sent
    groups = dict(sent.groups) if sent.link_id == link.link_id else {}
    for group in due.groups:
        begun = told_of(group).in_doubt
        groups[group.group_id] = max(begun, groups.get(group.group_id, begun), key=_ORDER)
    for one, _ in due.removed:
        groups[one] = groups[one].in_doubt if one in groups else Told(-1, "")
    return Sent(link.link_id, groups, sent.revision)


def after_sending(sent: Sent, link: Link, accepted: Mapping[str, Told], removed: Iterable[str]) -> Sent:
    """Return what has been sent once these groups and these removals were accepted under a link.

    What is known of a newer link stays.
    """
    if sent.link_id > link.link_id:
        return sent
    groups = dict(sent.groups) if sent.link_id == link.link_id else {}
    for one, told in accepted.items():
        groups[one] = max(told, groups.get(one, told), key=_ORDER)
    for one in removed:
        groups.pop(one, None)
    return Sent(link.link_id, groups, sent.revision)


def to_be_sent_again(sent: Sent) -> Sent:
    """Return what remains known when everything is to be sent again: which groups there are to remove."""
    return Sent(sent.link_id, {one: told.in_doubt for one, told in sent.groups.items()}, sent.revision)


def _is_news(group: Group, told: Told | None) -> bool:
    if told is None or told.version < 0:
        return True
    return told.version < group.version and told.content != told_of(group).content


def _removal(tombstone: Group | None, told: int) -> int:
    # A consumer keeps the greatest version: where the tombstone has expired, one above what it was told.
    return tombstone.version if tombstone is not None else abs(told) + 1
