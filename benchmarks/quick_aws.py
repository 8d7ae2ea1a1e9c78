"""DynamoDB and S3 in memory, in a process of their own: in moto's place where its time is not to count.

They know the calls and the few forms of expression that ``storage/`` makes (``conditions.py``), refuse any
other, and answer at once, which AWS does not. What is in one stays until the block ends.
"""

import hashlib
import multiprocessing
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

PAGE_BYTES: Final = 1_000_000
"""What DynamoDB reads in one query, about."""

_SPAWN: Final = multiprocessing.get_context("spawn")
_TERM: Final = re.compile(r"attribute_(not_)?exists\((#\w+)\)|(#\w+) (=|<) (:\w+)")

Wire = dict[str, dict[str, Any]]
"""An item, or a key, as it travels."""

_WIRE: Final = msgspec.json.Decoder(Wire)


class RefusedError(Exception):
    """The error with this code is what AWS answers."""


class QuickDynamoDB:
    """Items by partition. Calls are named and take and give what the API does, decoded."""

    def __init__(self) -> None:
        # As JSON: what is read comes as it was written, at the least cost.
        self._partitions: dict[str, dict[str, bytes]] = defaultdict(dict)
        self._lock = threading.Lock()

    def call(self, operation: str, asked: Any) -> Any:
        """Answer a call; raises ``RefusedError``."""
        with self._lock:
            match operation:
                case "CreateTable" | "UpdateTimeToLive":
                    return {}
                case "GetItem":
                    found = self._find(asked["Key"])
                    return {"Item": found} if found else {}
                case "Query":
                    return self._query(asked)
                case "PutItem" | "DeleteItem" | "UpdateItem":
                    self._demand(asked)
                    self._change(asked)
                    wanted = "ReturnValues" in asked
                    return {"Attributes": self._find(asked["Key"])} if wanted else {}
                case "BatchWriteItem":
                    for requests in asked["RequestItems"].values():
                        for request in requests:
                            (change,) = request.values()
                            self._change(change)
                    return {"UnprocessedItems": {}}
                case "TransactWriteItems":
                    writes = [write for one in asked["TransactItems"] for write in one.values()]
                    for write in writes:
                        self._demand(write, "TransactionCanceledException")
                    for one in asked["TransactItems"]:
                        for kind, write in one.items():
                            if kind != "ConditionCheck":
                                self._change(write)
                    return {}
        raise RefusedError(f"UnknownOperationException: {operation}")

    def _query(self, asked: Any) -> Any:
        if "IndexName" in asked:
            raise RefusedError("UnknownOperationException: the index is not kept")
        pk, *prefix = (value["S"] for value in asked["ExpressionAttributeValues"].values())
        begin = prefix[0] if prefix else ""
        after = asked.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")
        partition = self._partitions[pk]
        found: list[msgspec.Raw] = []
        size = 0
        for sk in sorted(sk for sk in partition if sk.startswith(begin) and sk > after):
            found.append(msgspec.Raw(partition[sk]))
            size += len(partition[sk])
            if size >= PAGE_BYTES:
                return {"Items": found, "LastEvaluatedKey": {"pk": {"S": pk}, "sk": {"S": sk}}}
        return {"Items": found}

    def _find(self, key: Wire) -> Wire | None:
        found = self._partitions[key["pk"]["S"]].get(key["sk"]["S"])
        return None if found is None else _WIRE.decode(found)

    def _demand(self, asked: Any, code: str = "ConditionalCheckFailedException") -> None:
        condition = asked.get("ConditionExpression", "")
        stored = self._find(asked.get("Item") or asked["Key"]) or {}
        if not all(_any_holds(part, asked, stored) for part in condition.split(" AND ") if part):
            raise RefusedError(code)

    def _change(self, asked: Any) -> None:
        if "UpdateExpression" in asked:
            self._place(_updated(self._find(asked["Key"]) or asked["Key"], asked))
        elif "Item" in asked:
            self._place(asked["Item"])
        else:
            self._partitions[asked["Key"]["pk"]["S"]].pop(asked["Key"]["sk"]["S"], None)

    def _place(self, item: Wire) -> None:
        self._partitions[item["pk"]["S"]][item["sk"]["S"]] = msgspec.json.encode(item)


def _any_holds(text: str, asked: Any, stored: Wire) -> bool:
    """Judge terms with OR between them, in brackets or not."""
    return any(_holds(term, asked, stored) for term in text.strip("()").split(" OR ")) if text else True


def _holds(term: str, asked: Any, stored: Wire) -> bool:
    # The brackets around several terms may have taken a term's own last one.
    found = _TERM.match(term if term.count("(") == term.count(")") else f"{term})")
    if found is None:
        raise RefusedError(f"ValidationException: {term}")
    absent, tested, compared, sign, value = found.groups()
    name = asked["ExpressionAttributeNames"][tested or compared]
    if tested:
        return (name not in stored) is bool(absent)
    wanted = asked["ExpressionAttributeValues"][value]
    if sign == "=":
        return bool(stored.get(name) == wanted)
    ((kind, number),) = wanted.items()
    found_value = stored.get(name, {}).get(kind)
    if found_value is None:
        return False
    return bool(float(found_value) < float(number) if kind == "N" else found_value < number)


def _updated(stored: Wire, asked: Any) -> Wire:
    names, values = asked["ExpressionAttributeNames"], asked.get("ExpressionAttributeValues", {})
    changes, _, removed = asked["UpdateExpression"].partition("REMOVE ")
    changes, _, added = changes.partition(" ADD ")
    gone = {names[name.strip()] for name in removed.split(",") if name.strip()}
    pairs = (pair.split(" = ") for pair in changes.removeprefix("SET ").split(",") if pair.strip())
    fresh = {names[name.strip()]: values[value.strip()] for name, value in pairs}
    for name, by in (one.split() for one in added.split(",") if one):
        before = stored.get(names[name], {"N": "0"})["N"]
        fresh[names[name]] = {"N": str(int(before) + int(values[by]["N"]))}
    return {name: value for name, value in {**stored, **fresh}.items() if name not in gone}


class QuickS3:
    """Objects by path, whole or a range, with the conditions that staging makes; headers in lower case."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Store an object; 412 where one is and none should be."""
        if headers.get("if-none-match") == "*" and key in self._objects:
            return 412, _error("PreconditionFailed")
        self._objects[key] = body
        return 200, b""

    def get(self, key: str, headers: Mapping[str, str]) -> tuple[int, bytes, str]:
        """Return status, bytes and tag of an object."""
        body = self._objects.get(key)
        if body is None:
            return 404, _error("NoSuchKey"), ""
        tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        if headers.get("if-match", tag) != tag:
            return 412, _error("PreconditionFailed"), ""
        if "range" not in headers:
            return 200, body, tag
        first, last = (int(number) for number in headers["range"].removeprefix("bytes=").split("-"))
        return 206, body[first : last + 1], tag


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message/></Error>".encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    database: QuickDynamoDB
    objects: QuickS3

    def do_POST(self) -> None:
        operation = self.headers["x-amz-target"].rpartition(".")[2]
        try:
            answer, status = self.database.call(operation, msgspec.json.decode(self._body())), 200
        except RefusedError as refused:
            reasons = [{"Code": "ConditionalCheckFailed"}]
            answer, status = {"__type": str(refused), "message": "", "CancellationReasons": reasons}, 400
        self._answer(status, msgspec.json.encode(answer), {"Content-Type": "application/x-amz-json-1.0"})

    def do_PUT(self) -> None:
        self._answer(*self.objects.put(urlsplit(self.path).path, self._body(), self._given()), {})

    def do_GET(self) -> None:
        status, body, tag = self.objects.get(urlsplit(self.path).path, self._given())
        self._answer(status, body, {"ETag": tag} if tag else {})

    do_HEAD = do_GET  # noqa: N815 - http.server's names

    def _given(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def quick_aws() -> Iterator[Mapping[str, str]]:
    """Serve, throughout a ``with`` block; gives the services' addresses as the local engine takes them."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(theirs,))
    process.start()
    try:
        yield dict.fromkeys(("dynamodb", "s3"), ours.recv())
    finally:
        ours.send("end")
        process.join()


def _serve(control: Any) -> None:
    _Handler.database, _Handler.objects = QuickDynamoDB(), QuickS3()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    serve: Callable[[], None] = server.serve_forever
    threading.Thread(target=serve, daemon=True).start()
    control.send(f"http://127.0.0.1:{server.server_port}")
    control.recv()
    server.shutdown()
