"""Requests for records answered from a district's tables, with the faults that concern rows and totals."""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from simulator import answers, mutations, render
from simulator.answers import Answer
from simulator.district import District
from simulator.faults import Met
from simulator.query import COLLECTIONS, MAX_LIMIT, BadQuery, Collection, Query, read_query
from simulator.tables import TABLES

_CACHED_BYTES: Final = 192_000_000


class Pages:
    """Answers requests for a district's records; waits ``latency_us_per_record`` for each row of a page."""

    def __init__(self, district: District, *, latency_us_per_record: float = 0.0) -> None:
        self.district = district
        self.latency_us_per_record = latency_us_per_record
        self._rendered = _Rendered()
        self._lock = threading.Lock()
        self._permission_revision = 1
        self._moved = 0

    def page(self, name: str, version: str, arguments: Mapping[str, str], met: Met) -> Answer:
        """Answer ``GET /<collection>``."""
        collection = COLLECTIONS[name]
        try:
            query = read_query(arguments, collection, TABLES[collection.table]._fields)
        except BadQuery as error:
            return answers.failure(400, "invaliddata", str(error))
        if query.fields and met.fire("fields-refused"):
            return answers.failure(400, "invalid_selection_field", "The fields cannot be selected.")
        refused_above = met.get("limit-refused")
        if refused_above and query.limit > refused_above.number and met.fire("limit-refused"):
            return answers.failure(400, "invaliddata", "The limit is too high.")
        self._mutate(name, met)
        total, records = self._read(collection, version, query, met)
        if self.latency_us_per_record:
            time.sleep(self.latency_us_per_record * len(records) / 1_000_000)
        return answers.page(records, self._headers(total, len(records), query, met), name, collection, met)

    def record(self, name: str, sourced_id: str, version: str) -> Answer:
        """Answer ``GET /<collection>/{id}``; of repeated rows with the one last modified."""
        collection = COLLECTIONS[name]
        where = f"{collection.where} AND sourced_id = ?"
        rows = self.district.tables.rows(TABLES[collection.table], where, (sourced_id,))
        if not rows:
            return answers.failure(404, "unknownobject", "There is no such record.")
        _, newest = max(rows, key=lambda found: (found[1].modified, found[0]))
        return Answer(200, render.encode({collection.singular: render.record(newest, version)}), rows=1)

    def _mutate(self, name: str, met: Met) -> None:
        for kind, change in (("insert", mutations.insert_rows), ("delete", mutations.delete_rows)):
            fault = met.get(kind)
            if fault is not None and change(self.district, name, fault.number):
                met.fire(kind)

    def _read(
        self, collection: Collection, version: str, query: Query, met: Met
    ) -> tuple[int, Sequence[bytes]]:
        """Return the collection's true total and the records of the page, each as JSON."""
        order = query.order
        if met.fire("sort-ignored"):
            order = "position"
        elif met.fire("reordered"):
            order = "random()"
        where = query.where
        if query.filtered and met.fire("filter-unread"):
            where = "0"
        tables, kind = self.district.tables, TABLES[collection.table]
        source = f"FROM {collection.table} WHERE {where}"
        values = query.values if where != "0" else ()
        with tables.connection():
            total = int(tables.value(f"SELECT count(*) {source}", values))
            limit, offset = _window(query, total, met)
            depends_on = (tables.revision, version, source, values, order, query.fields, limit, offset)
            records = self._rendered.get(depends_on) if order != "random()" else None
            if records is not None:
                return total, records
            found = tables.read(
                f"SELECT * {source} ORDER BY {order} LIMIT ? OFFSET ?", (*values, limit, offset)
            )
        # Rendering goes on without the lock: another request may read meanwhile.
        objects = (render.record(kind(*row[1:]), version) for row in found)
        if query.fields:
            objects = (render.cut(record, query.fields) for record in objects)
        records = [render.encode(record) for record in objects]
        self._rendered.put(depends_on, records)
        return total, records

    def _headers(self, total: int, rows: int, query: Query, met: Met) -> dict[str, str]:
        headers: dict[str, str] = {}
        with self._lock:
            if met.get("revision") or met.get("revision-moves"):
                met.fire("revision")
                self._permission_revision += met.fire("revision-moves") is not None
                headers["x-perm-rev"] = str(self._permission_revision)
            if met.fire("no-totals"):
                return headers
            announced = str(total)
            if fault := met.fire("wrong-total"):
                announced = fault.text if isinstance(fault.value, str) else str(total + fault.number)
            elif fault := met.fire("moving-total"):
                self._moved += fault.number
                announced = str(total + self._moved)
        headers |= {"x-count": str(rows), "x-total-count": announced}
        if rows and query.offset + rows < total:
            headers["Link"] = f'<https://roster.elsewhere.example/?offset={query.offset + rows}>; rel="next"'
        return headers


def _window(query: Query, total: int, met: Met) -> tuple[int, int]:
    """Return the limit and the offset that are really served."""
    limit, offset = min(query.limit, MAX_LIMIT), query.offset
    clamp = met.get("clamp")
    if clamp is not None and limit > max(1, clamp.number):
        met.fire("clamp")
        limit = max(1, clamp.number)
    if offset < total and met.fire("empty-page"):
        return 0, offset
    rows = max(0, min(limit, total - offset))
    short = met.get("short-page")
    if short is not None and rows > 2:
        met.fire("short-page")
        # Two rows at least: one that overlaps, one that is new. With less nobody gets on.
        limit = max(2, rows - short.number)
    shifted = met.get("shifted")
    if shifted is not None and rows and max(0, offset + shifted.number) != offset:
        met.fire("shifted")
        offset = max(0, offset + shifted.number)
    return limit, offset


class _Rendered:
    """Pages that were rendered, while nothing changed since: repeated pulls are served from here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: OrderedDict[Hashable, Sequence[bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, depends_on: Hashable) -> Sequence[bytes] | None:
        with self._lock:
            records = self._pages.get(depends_on)
            if records is not None:
                self._pages.move_to_end(depends_on)
            return records

    def put(self, depends_on: Hashable, records: Sequence[bytes]) -> None:
        size = sum(map(len, records))
        with self._lock:
            if depends_on in self._pages:
                return
            self._pages[depends_on] = records
            self._bytes += size
            while self._bytes > _CACHED_BYTES and self._pages:
                _, oldest = self._pages.popitem(last=False)
                self._bytes -= sum(map(len, oldest))
