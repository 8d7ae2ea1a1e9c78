"""A Roster Server in memory, made of domain records: what the steps ask of one, and what it did."""

from bisect import insort_right
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, cast

from msgspec.structs import replace

from rostersync.oneroster.payloads import Row
from rostersync.oneroster.sent import SentRequests
from rostersync.oneroster.server import Page, RosterServer
from rostersync.oneroster.signals import Refused
from rostersync.roster.identity import id_hash
from rostersync.roster.records import COLLECTIONS, Person, Record, SetAside
from rostersync.storage.integrations import Integration

Rows: TypeAlias = Mapping[str, Iterable[Record | SetAside]]
"""Records and rows that are set aside, by collection."""


class FakeRosterServer:
    """Serves ``rows`` in the order of sourcedIds, and ``users`` one by one.

    ``clamp`` cuts every page, a limit above ``longest`` is refused with 400 and counted in ``refused``.
    Without ``totals`` none is announced, ``revision`` is ``x-perm-rev``. ``before_answer`` is called with the
    number of the request, from 0, before each one is answered: it may insert, delete or raise. ``asked``
    lists collection and offset of each. ``connect`` gives a session as the steps get one.
    """

    def __init__(self, rows: Rows, users: Iterable[Person | SetAside] = ()) -> None:
        self.rows: dict[str, list[Row]] = {collection: [] for collection in COLLECTIONS}
        for collection, records in rows.items():
            for record in records:
                self.insert(collection, record)
        self.users = {user.sourced_id: _row("users", user) for user in users}
        self.clamp = 10_000
        self.longest = 10_000
        self.refused = 0
        self.totals = True
        self.revision = ""
        self.before_answer: Callable[[int], None] = lambda _: None
        self.asked: list[tuple[str, int]] = []
        self.users_asked: list[str] = []

    def connect(self, _: Integration) -> RosterServer:
        """Return a session; it has every method of a server that the steps use."""
        return cast("RosterServer", _Session(self))

    def insert(self, collection: str, record: Record | SetAside) -> None:
        """Add a row where its id belongs, after others with the same id."""
        insort_right(self.rows[collection], _row(collection, record), key=lambda row: row.sourced_id)

    def delete(self, collection: str, sourced_id: str) -> None:
        """Take away every row with this id."""
        self.rows[collection] = [row for row in self.rows[collection] if row.sourced_id != sourced_id]

    def page(self, collection: str, offset: int, limit: int) -> Page:
        """Answer one request."""
        self._begin(collection, offset)
        if limit > self.longest:
            self.refused += 1
            raise Refused(f"the Roster Server answered /{collection} with 400", 400)
        everything = self.rows[collection]
        return Page(
            rows=everything[offset : offset + min(limit, self.clamp)],
            total=len(everything) if self.totals else None,
            revision=self.revision,
            bytes=0,
        )

    def user(self, sourced_id: str) -> Row | None:
        """Answer one request for a user."""
        self._begin("users", 0)
        self.users_asked.append(sourced_id)
        return self.users.get(sourced_id)

    def _begin(self, collection: str, offset: int) -> None:
        self.asked.append((collection, offset))
        self.before_answer(len(self.asked) - 1)


class _Session:
    def __init__(self, server: FakeRosterServer) -> None:
        self._server = server
        self.sent = SentRequests()

    def page(self, collection: str, *, offset: int, limit: int) -> Page:
        return self.sent.ask(lambda: self._server.page(collection, offset, limit))

    def peek(self, collection: str, *, offset: int = 0) -> Page:
        return self.page(collection, offset=offset, limit=1)

    def user(self, sourced_id: str) -> Row | None:
        return self.sent.ask(lambda: self._server.user(sourced_id))


def _row(collection: str, record: Record | SetAside) -> Row:
    if isinstance(record, SetAside):
        # Without an id the row's content stands for it; here the reason is all the content there is.
        key = id_hash(record.sourced_id or f"content {record.reason}")
        return Row(record.sourced_id, key, None, replace(record, collection=collection))
    if isinstance(record, Person):
        record = replace(record, collections=(collection,))
    return Row(record.sourced_id, id_hash(record.sourced_id), record, None)
