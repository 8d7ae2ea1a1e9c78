"""DynamoDB and S3 in a folder, under the real stores: they count calls, and the time they take is left out.

Of a partition pages of about a megabyte are read one by one, as DynamoDB gives them, so that a process holds
no more than a function would. Writes go to a log beside them, which ``settle`` merges between two steps.
"""

import hashlib
import io
import pickle
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

PAGE_BYTES: Final = 1_000_000
UNIT: Final = 4_096
"""Bytes of one read unit; a consistent read of them costs one. A write unit is 1,024 bytes."""


class Meter:
    """Counts calls and units; ``aside`` is the CPU time of all threads that belongs to no code of ours."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.aside = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        """Time one call."""
        begun = time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                self.counts[name] += 1
                self.aside += time.thread_time() - begun

    def add(self, name: str, amount: int) -> None:
        """Add to a count."""
        with self._lock:
            self.counts[name] += amount


class LeanS3:
    """The calls that ``Staging`` makes, over files."""

    def __init__(self, folder: Path, meter: Meter) -> None:
        self._folder, self._meter = folder, meter

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        with self._meter.call("s3 puts"):
            path = self._folder / Key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(Body)
            self._meter.add("s3 bytes written", len(Body))
            return {}

    def get_object(self, *, Key: str, Range: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        with self._meter.call("s3 gets"):
            path = self._folder / Key
            if not path.exists():
                raise ClientError({"Error": {"Code": "NoSuchKey", "Message": ""}}, "GetObject")
            with path.open("rb") as file:
                first, last = (int(one) for one in (Range.removeprefix("bytes=") or "0-0").split("-"))
                file.seek(first)
                body = file.read(last - first + 1) if Range else file.read()
            return {"Body": io.BytesIO(body), "ETag": hashlib.sha256(Key.encode()).hexdigest()}


class LeanDynamoDB:
    """The calls that ``Table`` makes, over files: a partition's pages, its log, items put singly."""

    def __init__(self, folder: Path, meter: Meter) -> None:
        self._folder, self._meter = folder, meter
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def query(self, **arguments: Any) -> dict[str, Any]:
        """Return the page of a partition that comes next, without what the prefix leaves out."""
        with self._meter.call("queries"):
            values = [value["S"] for value in arguments["ExpressionAttributeValues"].values()]
            partition, prefix = values[0], (values[1] if len(values) > 1 else "")
            number = int(arguments.get("ExclusiveStartKey", {}).get("page", 0))
            path = self._pages(partition)
            if not path.exists():
                self._meter.add("read units", 1)
                return {"Items": []}
            with path.open("rb") as file:
                index = pickle.load(file)
                wanted = [begin for begin, least, most in index if least[: len(prefix)] <= prefix <= most]
                if not wanted:
                    self._meter.add("read units", 1)
                    return {"Items": []}
                file.seek(file.tell() + wanted[number])
                page = pickle.load(file)
            found = [item for item in page if item["sk"]["S"].startswith(prefix)]
            self._meter.add("read units", 1 + sum(map(_bytes_of, found)) // UNIT)
            more = {"LastEvaluatedKey": {"page": number + 1}} if number + 1 < len(wanted) else {}
            return {"Items": found, **more}

    def get_item(self, *, Key: Any, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Return an item that was put singly; nothing else is read by its key here."""
        with self._meter.call("gets"):
            self._meter.add("read units", 1)
            path = self._single(Key["pk"]["S"], Key["sk"]["S"])
            return {"Item": pickle.loads(path.read_bytes())} if path.exists() else {}

    def put_item(self, *, Item: Any, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Put an item; conditions hold."""
        with self._meter.call("puts"):
            self._single(Item["pk"]["S"], Item["sk"]["S"]).write_bytes(pickle.dumps(Item))
            return {}

    def update_item(self, *, Key: Any, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Take an addition to the count of requests; nobody reads it here."""
        with self._meter.call("updates"):
            self._meter.add("items written", 1)
            self._meter.add("write units", 1)
            return {"Attributes": {**Key, "answered": {"N": "0"}, "failed": {"N": "0"}}}

    def batch_write_item(self, *, RequestItems: Any, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Note what is written in the partitions' logs."""
        with self._meter.call("batches"):
            (requests,) = RequestItems.values()
            by_partition: dict[str, list[tuple[str, Any]]] = defaultdict(list)
            for request in requests:
                item = request["PutRequest"]["Item"] if "PutRequest" in request else None
                key = item or request["DeleteRequest"]["Key"]
                by_partition[key["pk"]["S"]].append((key["sk"]["S"], item))
                self._meter.add("items written", 1)
                self._meter.add("write units", 1 + _bytes_of(key) // 1024)
            with self._lock:
                for partition, changes in by_partition.items():
                    with self._pages(partition).with_suffix(".log").open("ab") as file:
                        pickle.dump((partition, changes), file)
            return {"UnprocessedItems": {}}

    def settle(self) -> None:
        """Merge the logs into the pages."""
        for log in self._folder.glob("*.log"):
            items: dict[str, Any] = {}
            path = log.with_suffix(".pages")
            if path.exists():
                with path.open("rb") as file:
                    for _ in pickle.load(file):
                        items.update((item["sk"]["S"], item) for item in pickle.load(file))
            with log.open("rb") as file:
                for _, changes in _all_of(file):
                    for sk, item in changes:
                        items.pop(sk, None)
                        if item is not None:
                            items[sk] = item
            log.unlink()
            _write_pages(path, [items[sk] for sk in sorted(items)])

    def _pages(self, partition: str) -> Path:
        return self._folder / f"{hashlib.sha256(partition.encode()).hexdigest()[:20]}.pages"

    def _single(self, pk: str, sk: str) -> Path:
        return self._folder / f"{hashlib.sha256(f'{pk} {sk}'.encode()).hexdigest()[:20]}.item"


def _all_of(file: Any) -> Iterator[Any]:
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return


def _write_pages(path: Path, items: list[Any]) -> None:
    pages: list[list[Any]] = []
    size = PAGE_BYTES
    for item in items:
        if size >= PAGE_BYTES:
            pages.append([])
            size = 0
        pages[-1].append(item)
        size += _bytes_of(item)
    parts = [pickle.dumps(page) for page in pages]
    begins = accumulate(map(len, parts), initial=0)
    index = [
        (begin, page[0]["sk"]["S"], page[-1]["sk"]["S"]) for begin, page in zip(begins, pages, strict=False)
    ]
    with path.open("wb") as file:
        pickle.dump(index, file)
        file.writelines(parts)


def _bytes_of(item: Any) -> int:
    return sum(
        len(name) + len(value if isinstance(value, (bytes, str)) else str(value))
        for name, attribute in item.items()
        for value in attribute.values()
    )


class LeanBus:
    """An event bus that takes everything."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def put_events(self, *, Entries: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """Accept."""
        with self._meter.call("events calls"):
            self._meter.add("events", len(Entries))
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}] * len(Entries)}
