"""The staging bucket in memory: S3's answers under the real ``Staging``."""

import hashlib
import io
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from rostersync.storage.staging import Staging
from tests.fakes.failing import Failing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE = 1_000


class FakeS3(Failing):
    """The few calls of an S3 client that ``Staging`` makes, over a dict of objects."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Key: str, Body: bytes, IfNoneMatch: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.note_call()
        if IfNoneMatch == "*" and Key in self.objects:
            raise _error("PutObject", "PreconditionFailed", 412)
        self.note_write()
        self.objects[Key] = Body
        return {}

    def get_object(self, *, Key: str, Range: str = "", IfMatch: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.note_call()
        body = self._object("GetObject", Key)
        tag = f'"{hashlib.sha256(body).hexdigest()}"'
        if IfMatch and IfMatch != tag:
            raise _error("GetObject", "PreconditionFailed", 412)
        if Range:
            first, last = Range.removeprefix("bytes=").split("-")
            if int(first) >= len(body):
                raise _error("GetObject", "InvalidRange", 416)
            body = body[int(first) : int(last) + 1]
        return {"Body": io.BytesIO(body), "ETag": tag}

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.note_call()
        return {"ContentLength": len(self._object("HeadObject", Key))}

    def generate_presigned_url(self, _: str, *, Params: dict[str, Any], ExpiresIn: int) -> str:  # noqa: N803 - boto3's names
        return f"https://bucket.example/{Params['Key']}?seconds={ExpiresIn}"

    def list_objects_v2(self, *, Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.note_call()
        found = sorted(key for key in self.objects if key.startswith(Prefix))
        return {"Contents": [{"Key": key} for key in found[:PAGE]]} if found else {}

    def delete_objects(self, *, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.note_call()
        for entry in Delete["Objects"]:
            self.note_write()
            self.objects.pop(entry["Key"], None)
        return {}

    def _object(self, operation: str, key: str) -> bytes:
        if key not in self.objects:
            raise _error(operation, "NoSuchKey" if operation == "GetObject" else "404", 404)
        return self.objects[key]


class FakeStaging(Staging):
    """``len``, ``in`` and ``s3`` show what it holds, how often it was called and how to make it fail."""

    def __init__(self) -> None:
        self.s3 = FakeS3()
        super().__init__(cast("S3Client", self.s3), "staging", sleep=lambda _: None)

    def __len__(self) -> int:
        return len(self.s3.objects)

    def __contains__(self, key: str) -> bool:
        return key in self.s3.objects

    @property
    def writes(self) -> int:
        """Objects written and deleted so far."""
        return self.s3.writes

    @property
    def calls(self) -> int:
        """Calls of S3 so far."""
        return self.s3.calls

    def fail_at_call(self, number: int, error: Exception | None = None) -> None:
        """Fail the ``number``-th call of S3 from now."""
        self.s3.fail_at_call(number, error)

    def fail_at_write(self, number: int, error: Exception | None = None) -> None:
        """Fail instead of the ``number``-th write from now."""
        self.s3.fail_at_write(number, error)


def _error(operation: str, code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]  # the rest of the metadata is nobody's business here
        operation,
    )
