"""From the bytes of an answer to its rows (ONEROSTER §4 and §8).

A page is decoded whole into the shapes of ``plain``, or else of ``wire``. Where one record of it does not
fit, record by record; where it is no good JSON, as loosely as can be. Each record of the array gives one
row, in every case.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from typing import Any, Final

import msgspec

from rostersync.decoders import decoder
from rostersync.errors import RosterServerUnavailable, UnexpectedAnswer
from rostersync.oneroster.normalising import NOT_A_RECORD, normalise, set_aside
from rostersync.oneroster.plain import PLAIN, is_plain, plain_record
from rostersync.oneroster.softening import read_loosely, soften
from rostersync.oneroster.values import identifier
from rostersync.oneroster.wire import RESOURCES, WIRED, Wired
from rostersync.roster.identity import id_hash
from rostersync.roster.records import Record, SetAside

_CODE: Final = "imsx_codeMajor"
_STATUS: Final = (_CODE, "imsx_StatusInfo", "statusInfoSet")

_NOT_SO: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are not of its shape."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of an answer: a record or the reason why it is none, never both.

    ``key`` is the 64-bit hash of ``sourced_id``, or of the row's content when it has no id (``""``).
    """

    sourced_id: str
    key: int
    record: Record | None
    set_aside: SetAside | None


def parse_page(collection: str, body: bytes, version: str = "1.1") -> list[Row]:
    """Return the rows of a page of ``collection``, in order.

    Raises ``UnexpectedAnswer`` for anything that is not the envelope with its array, an ``imsx`` failure
    above all; ``RosterServerUnavailable`` for a body that was cut off.
    """
    envelope = _decode(collection, body)
    if envelope is None:
        return _parse_by_record(collection, body, version)
    records = _array(collection, partial(getattr, envelope))
    raw: list[Any] = []

    def content(place: int) -> Any:
        # Only a row without an id needs its own bytes: the page is taken apart when the first one turns up.
        if not raw:
            again = _decoder(collection, msgspec.Raw).decode(body)
            raw.extend(_array(collection, partial(getattr, again)))
        return read_loosely(bytes(raw[place]))

    return [_row(collection, record, version, place, content) for place, record in enumerate(records)]


def parse_user(body: bytes, version: str = "1.1") -> Row:
    """Return the one row of ``/users/{id}``; raises as ``parse_page`` does."""
    document = _document("users/{id}", body)
    record = document.get("user", document.get("users"))
    if isinstance(record, list) and len(record) == 1:
        record = record[0]
    if not isinstance(record, dict):
        raise UnexpectedAnswer("the Roster Server answered /users/{id} without a user")
    return _loose_row("users", record, version)


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body that is no page; ``{}`` when it is none."""
    try:
        found = read_loosely(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _decode(collection: str, body: bytes) -> Any:
    """Decode a page whole, into the narrowest shape that it fits; None when it fits none."""
    resource = RESOURCES[collection]
    plain = [PLAIN[resource]] if resource in PLAIN and is_plain(body) else []
    for shape in (*plain, WIRED[resource]):
        with suppress(*_NOT_SO):
            return _decoder(collection, shape).decode(body)
    return None


def _parse_by_record(collection: str, body: bytes, version: str) -> list[Row]:
    try:
        envelope = _decoder(collection, msgspec.Raw).decode(body)
    except _NOT_SO:
        found = _array(collection, _document(collection, body).get)
        return [_loose_row(collection, record, version) for record in found]
    shape = decoder(WIRED[RESOURCES[collection]])

    def row(raw: msgspec.Raw) -> Row:
        try:
            record = shape.decode(raw)
        except _NOT_SO:
            return _loose_row(collection, read_loosely(bytes(raw)), version)
        return _row(collection, record, version, 0, lambda _: read_loosely(bytes(raw)))

    return [row(raw) for raw in _array(collection, partial(getattr, envelope))]


def _document(named: str, body: bytes) -> dict[str, Any]:
    """Decode a whole body loosely, check that it is an object and that it does not report a failure."""
    try:
        document = read_loosely(body)
    except json.JSONDecodeError as error:
        if _was_cut_off(error):
            raise RosterServerUnavailable(f"the Roster Server's answer to /{named} broke off") from None
        raise UnexpectedAnswer(
            f"the Roster Server answered /{named} with something that is not JSON"
        ) from None
    except (ValueError, RecursionError):
        raise UnexpectedAnswer(f"the Roster Server answered /{named} with unreadable JSON") from None
    if not isinstance(document, dict):
        raise UnexpectedAnswer(f"the Roster Server answered /{named} without the OneRoster envelope")
    _refuse_failure(named, document.get)
    return document


def _was_cut_off(error: json.JSONDecodeError) -> bool:
    text = error.doc.strip()
    at_the_end = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
    return not text or (text.startswith("{") and (at_the_end or not text.endswith("}")))


def _row(collection: str, wired: Wired, version: str, place: int, content: Callable[[int], Any]) -> Row:
    found = plain_record(collection, wired) or normalise(collection, wired, version)
    if isinstance(found, SetAside):
        # The note shows the id as it can be shown; what compares rows is the id as it came.
        sourced_id = identifier(wired.sourced_id)
        key = id_hash(sourced_id) if sourced_id else content_key(content(place))
        return Row(found.sourced_id, key, None, found)
    return Row(found.sourced_id, id_hash(found.sourced_id), found, None)


def _loose_row(collection: str, record: Any, version: str) -> Row:
    if not isinstance(record, dict):
        return Row("", content_key(record), None, set_aside(collection, "", "record", NOT_A_RECORD))
    return _row(collection, soften(RESOURCES[collection], record), version, 0, lambda _: record)


def content_key(record: Any) -> int:
    """Return the 64-bit hash of a decoded record, whatever the order of its keys."""
    return id_hash(json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def _array(collection: str, get: Callable[[str], Any]) -> list[Any]:
    _refuse_failure(collection, get)
    for name in (RESOURCES[collection], collection):
        records = get(name)
        if isinstance(records, list):
            return records
    raise UnexpectedAnswer(f"the Roster Server answered /{collection} without its array of records")


def _refuse_failure(named: str, get: Callable[[str], Any]) -> None:
    """Raise when an answer says that it failed, whatever its status and whatever else is in it."""
    statuses = [{_CODE: get(_CODE)}, get("imsx_StatusInfo")]
    listed = get("statusInfoSet")
    statuses += listed if isinstance(listed, list) else [listed]
    if any(isinstance(status, dict) and status.get(_CODE) == "failure" for status in statuses):
        raise UnexpectedAnswer(f"the Roster Server answered /{named} with a failure in place of records")


def _decoder(collection: str, shape: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a collection's envelope, its array holding ``shape``."""
    return decoder(_envelope(collection, shape))


@cache
def _envelope(collection: str, shape: Any) -> type[msgspec.Struct]:
    names = dict.fromkeys((RESOURCES[collection], collection))
    array = list[shape] | None | msgspec.UnsetType
    return msgspec.defstruct(
        "Envelope",
        [(name, array, msgspec.UNSET) for name in names] + [(name, Any, None) for name in _STATUS],
    )
