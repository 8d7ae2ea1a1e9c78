"""What the steps of a run leave for each other in S3, and how the later ones read it.

State-machine payloads name a run and a pull; everything else travels here, named by run and pull and
written by value, so that a step that runs twice leaves the same. What is made of the Roster Server's answers
- plan, parts, verdict - is written once: asked again it may answer otherwise, and a part that is replaced
after Seal has judged it may lack a row that moved between two windows meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import Final, TypeVar

import msgspec
from msgspec import Struct, field

from rostersync.errors import CredentialsReplaced
from rostersync.oneroster.normalising import GUARDIAN
from rostersync.oneroster.windows import Window
from rostersync.roster.guard import GuardSettings
from rostersync.roster.identity import SHARDS
from rostersync.roster.records import Person, Record, SetAside
from rostersync.roster.settings import RosterSettings
from rostersync.steps.requests import LookRequest, Mode, PullRequest
from rostersync.storage import staged
from rostersync.storage.integrations import Integration
from rostersync.storage.lines import decode_lines
from rostersync.storage.staging import StagedPack
from rostersync.storage.stores import Stores

R = TypeVar("R", bound=Record)


class Plan(Struct, frozen=True, kw_only=True):
    """What Plan leaves. ``today`` is the tenant's date; ``started_at`` the run's start in ms since 1970.

    ``announced`` holds None for a collection whose server announces no total, ``found`` how many rows that
    one was found to have; ``tasks`` are lists of windows, ``shards`` what one reconciling or publishing task
    takes. ``keeps`` and ``permits`` are ids of the run on whose list is what stays, and what somebody has
    approved. ``additions_only``: nothing may go.
    ``requests`` are what one pull needs when nothing fails.
    ``school_ids`` are those that were found on connecting; ``not_empty`` are the collections that were not
    empty then, as long as nothing was ever published.
    """

    mode: Mode
    today: str
    started_at: int
    page_size: int
    tasks: tuple[tuple[Window, ...], ...]
    shards: tuple[tuple[int, ...], ...]
    announced: dict[str, int | None]
    revisions: dict[str, str]
    settings: RosterSettings
    secret_version: str
    requests: int
    found: dict[str, int] = field(default_factory=dict)
    guard: GuardSettings = field(default_factory=GuardSettings)
    keeps: str = ""
    permits: str = ""
    additions_only: bool = False
    school_ids: tuple[str, ...] = ()
    not_empty: tuple[str, ...] = ()


class StagedAnswer(Struct, frozen=True, kw_only=True):
    """An ``Answer`` without its ids: they are the next ``ids`` ones in the collection's id section."""

    collection: str
    offset: int
    rows: int
    first: int
    last: int
    ids: int
    total: int | None
    revision: str


class Part(Struct, frozen=True, kw_only=True):
    """The tally of one invocation of Fetch. ``windows`` remain; ``set_aside`` counts rows by collection.

    ``idle`` counts the parts up to this one that brought nothing, ``not_records`` by collection the rows that
    were no objects and may each hide a record.
    """

    windows: tuple[Window, ...]
    wait_seconds: int
    page_size: int
    largest_page: int
    in_flight: int
    answers: tuple[StagedAnswer, ...]
    set_aside: dict[str, int]
    not_records: dict[str, int]
    idle: int


class Verdict(Struct, frozen=True, kw_only=True):
    """What Seal leaves. ``repeated`` is kept for the next pull, as (collection, id hash in hex) to count.

    ``in_flight`` and ``largest_page`` are what the server has bidden us to keep to. ``placed`` says for
    an enrollment id that came with several classes which class it counts for.
    ``unread`` are enrolled teachers that were not asked for, so that nothing is known of them. ``not_empty``
    are the collections of which this pull, or one before it in the run, has seen a row.
    """

    complete: bool
    reasons: dict[str, str]
    parts: tuple[str, ...]
    received: dict[str, int]
    set_aside: dict[str, int]
    in_flight: int
    largest_page: int
    not_records: dict[str, int] = field(default_factory=dict)
    repeated: dict[str, dict[str, int]] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    not_empty: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


TALLY: Final = "tally"
SET_ASIDE: Final = "set-aside"
ENROLLED_TEACHERS: Final = "enrolled-teachers"
USERS: Final = "users"


def records_section(collection: str, shard: int) -> str:
    """Return the section of a part that holds a collection's records of one shard."""
    return f"records/{collection}/{shard:x}"


def ids_section(collection: str) -> str:
    """Return the section of a part that holds the id hashes of a collection's rows, 8 bytes each."""
    return f"ids/{collection}"


class StagedPull:
    """One pull, read from staging."""

    def __init__(self, stores: Stores, request: PullRequest) -> None:
        self.stores = stores
        self.staging = stores.staging
        self.request = request
        self.run = (request.tenant_id, request.run_id)
        self.holding = isinstance(request, LookRequest) and request.holding
        self.look = (*self.run, request.pull, self.holding)
        self._packs: dict[str, StagedPack] = {}

    def section(self, key: str, name: str) -> bytes:
        """Return a section of a pack, none when it has no such; a pack is opened once an invocation."""
        if key not in self._packs:
            self._packs[key] = self.staging.open_pack(key)
        return self._packs[key].section(name)

    def united(self, pack_of: Callable[..., str], name: str) -> dict[str, str]:
        """Return what a section of every shard's pack maps; ``pack_of`` names the pack of a look's shard."""
        found: dict[str, str] = {}
        for shard in ALL_SHARDS:
            found |= msgspec.json.decode(self.section(pack_of(*self.look, shard), name), type=dict[str, str])
        return found

    @cached_property
    def plan(self) -> Plan:
        """What Plan left."""
        return self.staging.get_json(staged.plan(*self.run, self.request.pull), Plan)

    @cached_property
    def verdict(self) -> Verdict:
        """What Seal left."""
        return self._verdict_on(self.request.pull)

    def part(self, task: int, number: int) -> tuple[str, Part]:
        """Return the key and the tally of one part of one Fetch task."""
        key = staged.fetch_part(*self.run, self.request.pull, task, number)
        return key, msgspec.json.decode(self.section(key, TALLY), type=Part)

    def parts(self) -> Iterator[tuple[str, Part]]:
        """Yield every part that Fetch left, following each task's until nothing remains."""
        for task in range(len(self.plan.tasks)):
            for number in count():
                key, part = self.part(task, number)
                yield key, part
                if not part.windows:
                    break

    def records(self, collection: str, shard: int, kind: type[R]) -> Iterator[R]:
        """Yield the good rows of a collection in one shard, repeats included."""
        for key in self.verdict.parts:
            yield from decode_lines(self.section(key, records_section(collection, shard)), kind)

    def users(self) -> Sequence[Person]:
        """Return the enrolled teachers that were read one by one."""
        lines = self.section(staged.verdict(*self.run, self.request.pull), USERS)
        return list(decode_lines(lines, Person))

    def integration(self) -> Integration:
        """Return the integration that was planned for; raises ``CredentialsReplaced`` if it is another."""
        found = self.stores.integrations.require(self.request.tenant_id)
        if found.secret_version != self.plan.secret_version:
            raise CredentialsReplaced("the credentials were replaced during the run; run the sync again")
        return found

    @cached_property
    def set_aside(self) -> Mapping[str, frozenset[str]]:
        """The ids set aside, by collection. Guardians are not among them: nothing of theirs is kept."""
        ids: dict[str, set[str]] = {}
        for row in self.rows_set_aside:
            if row.sourced_id and row.reason != GUARDIAN:
                ids.setdefault(row.collection, set()).add(row.sourced_id)
        return {collection: frozenset(found) for collection, found in ids.items()}

    @cached_property
    def guardians(self) -> frozenset[str]:
        """The ids of people who are somebody's guardian."""
        return frozenset(
            row.sourced_id
            for row in self.rows_set_aside
            if row.reason == GUARDIAN and row.collection != "enrollments"
        )

    @cached_property
    def rows_set_aside(self) -> Sequence[SetAside]:
        """Every row that was not taken, with its reason."""
        keys = (*self.verdict.parts, staged.verdict(*self.run, self.request.pull))
        return [row for key in keys for row in decode_lines(self.section(key, SET_ASIDE), SetAside)]

    @cached_property
    def previous_verdict(self) -> Verdict | None:
        """Return the verdict on the pull before this one, if there was one."""
        return None if self.request.pull == 1 else self._verdict_on(self.request.pull - 1)

    def _verdict_on(self, pull: int) -> Verdict:
        key = staged.verdict(*self.run, pull)
        return msgspec.json.decode(self.section(key, TALLY), type=Verdict)


ALL_SHARDS: Final = tuple(range(SHARDS))

PULLS: Final = 3
"""Pulls before the run fails with everything as it was (DESIGN, promise 1)."""
