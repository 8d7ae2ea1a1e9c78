"""How a careful consumer keeps the groups it is told of: the rules of docs/integration-with-senso.md.

It shares no code with the sync, which is checked against it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Entry: TypeAlias = Mapping[str, Any]
"""One of an event's ``groups``, as it stands there."""


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group as its teacher sees it.

    ``members`` are the integration's own, sourcedIds; ``by_hand`` are those that the teacher added.
    ``logins``: member -> login, "" for who cannot be recognised.
    """

    name: str
    members: frozenset[str]
    by_hand: frozenset[str]
    logins: Mapping[str, str]


@dataclass(slots=True)
class ReceivedGroup:
    """One group under one link. ``version`` 0: none of it is whole yet; a removed one is remembered."""

    version: int = 0
    is_there: bool = False
    name: str = ""
    name_version: int = 0
    logins: dict[str, str] = field(default_factory=dict)
    by_hand: set[str] = field(default_factory=set)
    own_name: str = ""
    _parts: dict[tuple[int, int], dict[int, dict[str, str]]] = field(default_factory=dict)

    @property
    def shown(self) -> ShownGroup:
        """The group as its teacher sees it."""
        members = frozenset(self.logins)
        return ShownGroup(self.own_name or self.name, members, frozenset(self.by_hand), dict(self.logins))

    def take_in(self, entry: Entry) -> None:
        """Apply what is not older than what is known; of a group in parts, once all of them have come."""
        version = entry["version"]
        if version < self.version:
            return
        if entry["removed"]:
            self._remove(version)
            return
        # Parts of two versions, or of one version cut in two ways, are never put together.
        come = self._parts.setdefault((version, entry["parts"]), {})
        come[entry["part"]] = {member["sourcedId"]: member["login"] for member in entry["members"]}
        if come.keys() >= set(range(1, entry["parts"] + 1)):
            self._replace(version, entry["name"], entry["nameVersion"], come.values())

    def forget(self) -> None:
        """Be there no more; what a teacher did by hand goes with the group."""
        self.is_there = False
        self.logins = {}
        self.by_hand = set()
        self.own_name = ""

    def _remove(self, version: int) -> None:
        self.forget()
        self._is_at(version)

    def _replace(self, version: int, name: str, name_version: int, parts: Iterable[dict[str, str]]) -> None:
        if name_version > self.name_version:
            self.own_name = ""
        self.is_there = True
        self.name = name
        self.name_version = name_version
        self.logins = {member: login for part in parts for member, login in part.items()}
        self._is_at(version)

    def _is_at(self, version: int) -> None:
        self.version = version
        self._parts = {key: come for key, come in self._parts.items() if key[0] > version}


@dataclass(slots=True)
class ReceivedOwner:
    """One owner: the greatest link there was, its user, and what came under it by group id."""

    link_id: int = 0
    user_id: str | None = None
    groups: dict[str, ReceivedGroup] = field(default_factory=dict)

    def take_in(
        self, link_id: int, user_id: str | None, entries: Iterable[Entry], users: Mapping[str, Any]
    ) -> None:
        """Apply an event's groups, unless it came under an older link; a newer one begins with nothing."""
        if link_id < self.link_id:
            return
        if link_id > self.link_id:
            self.link_id, self.user_id, self.groups = link_id, user_id, {}
        if self.user_id not in users:
            # Nobody to give them to. Should the user come back, that is another link.
            return
        for entry in entries:
            self.groups.setdefault(entry["groupId"], ReceivedGroup()).take_in(entry)

    def forget(self) -> None:
        """Let the groups go with their user, all but the versions: no older event must bring one back."""
        for group in self.groups.values():
            group.forget()

    def there(self) -> dict[str, ReceivedGroup]:
        """Return the groups that are there, by id."""
        return {group_id: group for group_id, group in self.groups.items() if group.is_there}


@dataclass(slots=True)
class Heard:
    """All that was said of groups: tells what need not have been said, whatever order it came in.

    ``contradictions``: what was said twice under one version, or one link, and not the same.
    """

    contradictions: int = 0
    _said: defaultdict[tuple[str, str, int, str], dict[int, dict[int, str]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _users: dict[tuple[str, str, int], str | None] = field(default_factory=dict)
    _news: list[list[tuple[tuple[str, str, int, str], int]]] = field(default_factory=list)

    def note(self, detail: Mapping[str, Any]) -> None:
        """Note an event's groups."""
        tenant_id, owner_id, link = detail["tenantId"], detail["ownerId"], detail["link"]
        under = (tenant_id, owner_id, link["id"])
        if self._users.setdefault(under, link["userId"]) != link["userId"]:
            self.contradictions += 1
        news = []
        for entry in detail["groups"]:
            group = (*under, entry["groupId"])
            versions = self._said[group]
            if entry["version"] not in versions:
                news.append((group, entry["version"]))
            content = json.dumps({**entry, "version": 0}, sort_keys=True)
            said = versions.setdefault(entry["version"], {})
            if said.setdefault(entry.get("part", 1), content) != content:
                self.contradictions += 1
        self._news.append(news)

    @property
    def changed_nothing(self) -> int:
        """How many events had something new to say, and each of it was what was said just before it.

        Judged by versions, not by the order of arrival: something late, or again, is nobody's fault.
        """
        return sum(
            bool(news) and all(self._is_needless(group, version) for group, version in news)
            for news in self._news
        )

    def _is_needless(self, group: tuple[str, str, int, str], version: int) -> bool:
        said = self._said[group]
        before = max((other for other in said if other < version), default=None)
        return before is not None and said[before] == said[version]
