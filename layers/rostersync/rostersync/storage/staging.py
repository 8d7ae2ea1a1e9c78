"""The staging bucket: what passes between two states of a run, encrypted, expired after days."""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from botocore.exceptions import ClientError

from rostersync.decoders import decoder
from rostersync.errors import StagedObjectMissing, StorageUnavailable
from rostersync.storage.packs import Section, index_end, pack, parse_index, unpack_section
from rostersync.storage.retrying import Retrying, code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

T = TypeVar("T")

HEAD_BYTES: Final = 16 * 1024
"""What is read of a pack first: its index, and of a small pack everything."""

# Without the permission to list a bucket S3 answers 403 where nothing is.
_MISSING: Final = frozenset({"NoSuchKey", "404", "NotFound", "AccessDenied", "403", "Forbidden"})

_NOT_AS_DEMANDED: Final = frozenset({"PreconditionFailed", "412"})

_JSON: Final = msgspec.json.Encoder(order="sorted")


class StagedPack:
    """One pack, opened: its index is read, sections are read when they are asked for.

    It stays with the object as it was when opened: a step that runs again and writes the key anew makes the
    next read raise ``StorageUnavailable``, and the step that reads is tried again. So keep a pack open for
    one invocation, not for longer.
    """

    def __init__(self, staging: "Staging", key: str) -> None:
        self._staging, self._key = staging, key
        self._head, self._tag = staging.read(key, 0, HEAD_BYTES)
        end = index_end(self._head)
        if end > len(self._head):
            self._head += self._rest(len(self._head), end)
        index = parse_index(self._head)
        self._begin, self._sections = index.begin, index.sections

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sections, sorted."""
        return tuple(sorted(self._sections))

    def section(self, name: str) -> bytes:
        """Return a section's bytes; none when the pack has no such section."""
        return self.sections((name,)).get(name, b"")

    def sections(self, wanted: str | Iterable[str]) -> dict[str, bytes]:
        """Return the sections with these names or, for a string, those whose names begin with it.

        They are read in one piece, from the first to the last: made for neighbours in the order of names.
        """
        if isinstance(wanted, str):
            names = [name for name in self._sections if name.startswith(wanted)]
        else:
            names = [name for name in wanted if name in self._sections]
        full = [self._sections[name] for name in names if self._sections[name].length]
        found = dict.fromkeys(names, b"")
        if not full:
            return found
        begin = self._begin + min(section.offset for section in full)
        end = self._begin + max(section.offset + section.length for section in full)
        data = self._head[begin:end] if end <= len(self._head) else self._rest(begin, end)
        for name in names:
            section = self._sections[name]
            if section.length:
                found[name] = unpack_section(section, self._member(section, data, begin))
        return found

    def _member(self, section: Section, data: bytes, begin: int) -> bytes:
        start = self._begin + section.offset - begin
        return data[start : start + section.length]

    def _rest(self, begin: int, end: int) -> bytes:
        return self._staging.read(self._key, begin, end, tag=self._tag)[0]


class Staging:
    """Packs and JSON documents by key. Calls raise ``StorageUnavailable`` when AWS stays busy."""

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        *,
        attempts: int = 6,
        sleep: Callable[[float], None] = time.sleep,
        jitter: random.Random | None = None,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._retrying = Retrying("S3", attempts=attempts, sleep=sleep, jitter=jitter)

    def put_pack(self, key: str, sections: Mapping[str, bytes], *, once: bool = False) -> bool:
        """Write sections as one object: it is there whole or not at all.

        ``once``: nothing is written where something is staged already. Returns whether this call wrote it.
        """
        return self._put(key, pack(sections), "application/octet-stream", once=once)

    def open_pack(self, key: str) -> StagedPack:
        """Return a pack, of which several sections are to be read; raises ``StagedObjectMissing``."""
        return StagedPack(self, key)

    def section(self, key: str, name: str) -> bytes:
        """Return one section of a pack, none when the pack has no such section."""
        return self.open_pack(key).section(name)

    def sections(self, key: str, wanted: str | Iterable[str]) -> dict[str, bytes]:
        """Return the sections of a pack with these names or, for a string, whose names begin with it."""
        return self.open_pack(key).sections(wanted)

    def put_json(self, key: str, document: Any, *, once: bool = False) -> bool:
        """Write a value of ours, or what JSON knows; ``once`` and the result as ``put_pack``'s."""
        return self._put(key, _JSON.encode(document), "application/json", once=once)

    def get_json(self, key: str, kind: type[T]) -> T:
        """Return a document as the type it was; raises ``StagedObjectMissing``."""
        return decoder(kind).decode(self.read(key)[0])

    def put_text(self, key: str, text: str, content_type: str) -> None:
        """Write a text that somebody is to read elsewhere."""
        self._put(key, text.encode(), content_type)

    def link(self, key: str, seconds: int, *, file_name: str) -> str:
        """Return an address from which whoever has it can fetch an object, for so many seconds."""
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{file_name}"',
            },
            ExpiresIn=seconds,
        )

    def exists(self, key: str) -> bool:
        """Say whether something is staged under a key; who may not list the bucket always learns no."""
        try:
            self._retrying.call(self._client.head_object, Bucket=self._bucket, Key=key)
        except ClientError as error:
            if code_of(error) in _MISSING:
                return False
            raise
        return True

    def delete_prefix(self, prefix: str) -> int:
        """Delete everything whose key begins with ``prefix``; return how many objects that were.

        Raises ``ValueError`` for a prefix that does not end with a slash: it would take neighbours with it.
        """
        if not prefix.endswith("/"):
            raise ValueError("a prefix to delete ends with a slash")
        deleted = 0
        while True:
            page = self._retrying.call(self._client.list_objects_v2, Bucket=self._bucket, Prefix=prefix)
            found: list[ObjectIdentifierTypeDef] = [
                {"Key": entry["Key"]} for entry in page.get("Contents", ()) if "Key" in entry
            ]
            if not found:
                return deleted
            answer = self._retrying.call(
                self._client.delete_objects, Bucket=self._bucket, Delete={"Objects": found, "Quiet": True}
            )
            if refused := answer.get("Errors", []):
                raise StorageUnavailable(f"S3 did not delete {len(refused)} staged objects; try again later")
            deleted += len(found)

    def read(self, key: str, begin: int = 0, end: int = 0, *, tag: str = "") -> tuple[bytes, str]:
        """Return bytes ``begin`` to ``end`` of an object, 0 for all of it, and the tag of its content.

        With the tag of an earlier read the object must still be the same; raises ``StorageUnavailable``
        when it is not, ``StagedObjectMissing`` when it is not there.
        """
        arguments: dict[str, Any] = {"Bucket": self._bucket, "Key": key}
        if end:
            arguments["Range"] = f"bytes={begin}-{end - 1}"
        if tag:
            arguments["IfMatch"] = tag
        try:
            return self._retrying.call(self._get, arguments)
        except ClientError as error:
            code = code_of(error)
            if code not in _MISSING and code not in _NOT_AS_DEMANDED:
                raise
        if code in _MISSING:
            raise StagedObjectMissing(
                f"nothing is staged under {key}, or this function may not read it; run the sync again"
            )
        raise StorageUnavailable(f"{key} was written anew while it was read; read it again")

    def _get(self, arguments: dict[str, Any]) -> tuple[bytes, str]:
        answer = self._client.get_object(**arguments)
        return answer["Body"].read(), answer["ETag"]

    def _put(self, key: str, body: bytes, content_type: str, *, once: bool = False) -> bool:
        arguments: dict[str, Any] = {"IfNoneMatch": "*"} if once else {}
        try:
            self._retrying.call(
                self._client.put_object,
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                ServerSideEncryption="AES256",
                **arguments,
            )
        except ClientError as error:
            if once and code_of(error) in _NOT_AS_DEMANDED:
                return False
            raise
        return True
