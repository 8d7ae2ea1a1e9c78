"""Records and pages as a Roster Server sends them, of invented people."""

import json
from typing import Any

from rostersync.oneroster.payloads import Row, parse_page
from rostersync.oneroster.wire import RESOURCES

Wire = dict[str, Any]


def org(number: int, **changes: Any) -> Wire:
    return {
        "sourcedId": f"school-{number}",
        "status": "active",
        "dateLastModified": "2024-08-01T00:00:00.000Z",
        "name": f"Nowhere School {number}",
        "type": "school",
        "parent": {"href": "https://elsewhere.example/o", "sourcedId": "district", "type": "org"},
    } | changes


def user(number: int, **changes: Any) -> Wire:
    return {
        "sourcedId": f"u{number:05}",
        "status": "active",
        "dateLastModified": "2024-08-01T00:00:00.000Z",
        "enabledUser": "true",
        "role": "student",
        "username": f"student{number}",
        "identifier": str(number),
        "email": f"student{number}@pupils.example",
        "givenName": "Pupil",
        "familyName": f"Number{number}",
        "password": "canary-password",
        "phone": "canary-phone",
        "agents": [{"sourcedId": "canary-agent"}],
        "orgs": [{"href": "https://elsewhere.example/o", "sourcedId": "school-1", "type": "org"}],
    } | changes


def enrollment(number: int, **changes: Any) -> Wire:
    return {
        "sourcedId": f"e{number:05}",
        "status": "active",
        "dateLastModified": "2024-08-01T00:00:00.000Z",
        "class": {"sourcedId": "c1", "type": "class"},
        "user": {"sourcedId": f"u{number:05}", "type": "user"},
        "school": {"sourcedId": "school-1", "type": "org"},
        "role": "student",
        "primary": "false",
        "beginDate": "2024-08-12",
        "endDate": "",
    } | changes


def session(number: int, **changes: Any) -> Wire:
    return {
        "sourcedId": f"term-{number}",
        "status": "active",
        "title": "Autumn",
        "startDate": "2024-08-12",
        "endDate": "2024-12-20",
        "type": "term",
        "schoolYear": "2025",
    } | changes


def a_class(number: int, **changes: Any) -> Wire:
    return {
        "sourcedId": f"c{number}",
        "status": "active",
        "title": f"Class {number}",
        "classType": "scheduled",
        "course": {"sourcedId": "course-1"},
        "school": {"sourcedId": "school-1"},
        "terms": [{"sourcedId": "term-1"}],
        "periods": ["1"],
    } | changes


def page(collection: str, *records: Any, escaped: bool = True, **envelope: Any) -> bytes:
    """Write a page; ``escaped``: all of it is ASCII. What is not Unicode can be written in no other way."""
    document = {RESOURCES[collection]: list(records)} | envelope
    return json.dumps(document, ensure_ascii=escaped).encode("utf-8", "replace")


def only(collection: str, record: Any, version: str = "1.1") -> Row:
    """Return the row that a page of one record gives."""
    (row,) = parse_page(collection, page(collection, record), version)
    return row
