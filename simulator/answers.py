"""What goes over the wire, and what faults make of it that needs no look at the data."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from simulator import render
from simulator.faults import Met
from simulator.query import Collection

JSON: Final = "application/json"
HTML: Final = "text/html"
_SORRY: Final = b"<html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"
_DELIVERIES: Final = ("truncated", "endless", "drip")


@dataclass(frozen=True)
class Answer:
    """An answer to a request for data.

    ``delivery`` is "" or the fault that befalls the bytes on their way (``wire.py``), ``delivery_value`` its
    value. ``rows`` is for the books.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    delivery: str = ""
    delivery_value: float = 0.0


def failure(status: int, minor: str, description: str) -> Answer:
    """Return an error as OneRoster's specification words it."""
    codes = [{"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor}]
    body = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": description,
        "imsx_CodeMinor": {"imsx_codeMinorField": codes},
    }
    return Answer(status, render.encode(body))


NOTHING_THERE: Final = failure(404, "unknownobject", "There is nothing at this path.")


def early(met: Met) -> Answer | None:
    """Return the answer of a fault that comes before anybody asks who is there and what for."""
    if met.fire("reset"):
        return Answer(0, delivery="reset")
    if fault := met.fire("tls"):
        return Answer(0, fault.text.encode(), delivery="tls")
    if fault := met.fire("redirect"):
        return Answer(302, headers={"Location": fault.text})
    if fault := met.fire("busy"):
        headers: dict[str, str] = {}
        if fault.text == "date":
            # The date has whole seconds: two from now are more than one.
            headers["Retry-After"] = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        elif fault.text:
            headers["Retry-After"] = fault.text
        return Answer(429, b"Too many requests", "text/plain", headers)
    if fault := met.fire("status"):
        if fault.number >= 500:
            return Answer(fault.number, _SORRY, HTML)
        return failure(fault.number, "unauthorisedrequest", "The request was refused.")
    return None


def page(
    records: Sequence[bytes], headers: dict[str, str], name: str, collection: Collection, met: Met
) -> Answer:
    """Return a page of encoded records, or what a fault makes of one."""
    if met.fire("html"):
        return Answer(200, _SORRY, HTML)
    if met.fire("imsx"):
        return replace(failure(200, "server_busy", "The request failed."), headers=headers)
    if met.fire("no-array"):
        return Answer(200, b"{}", headers=headers)
    envelope = collection.envelope
    if name != envelope and met.fire("path-envelope"):
        envelope = name
    if met.fire("null-array"):
        return Answer(200, render.encode({envelope: None}), headers=headers)
    if records and met.fire("null-row"):
        records = [*records[:-1], b"null"]
    if records and met.fire("extra-row"):
        records = [*records, records[-1]]
    body = b'{"%s":[%s]}' % (envelope.encode(), b",".join(records))
    if met.fire("cut-json"):
        body = body[: len(body) // 2]
    return Answer(200, body, headers=headers, rows=len(records))


def sent(answer: Answer, met: Met, accepts: str) -> Answer:
    """Return the answer as it is put on the wire for a client that accepts these encodings."""
    if answer.delivery or not answer.body:
        return answer
    if "gzip" in accepts and met.fire("gzip"):
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        answer = replace(answer, body=gzip.compress(answer.body, 1), headers=headers)
    for kind in _DELIVERIES:
        if fault := met.fire(kind):
            value = fault.number if kind == "endless" else fault.seconds
            return replace(answer, delivery=kind, delivery_value=value)
    return answer
