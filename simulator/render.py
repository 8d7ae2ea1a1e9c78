"""Rows as OneRoster JSON: 1.1, and the shape of 1.2.

Records carry what a real server sends and nobody asked for (passwords, phones, guardians, metadata): whether
a client drops it can be seen only when it is there.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from simulator.tables import AcademicSession, Class, Course, Enrollment, Org, Row, User

Json: TypeAlias = dict[str, Any]

SHAPES: Final = {
    "booleans": "booleans are JSON's, not strings",
    "null": "what is absent is null",
    "missing": "what is absent is left out",
    "empty": "an absent reference is an empty object",
    "scalars": "a list of one is a string",
    "roles": "a 1.1 person has the roles of 1.2 too",
    "roles-alone": "a 1.1 person has the roles of 1.2 and no role",
}
"""Words of a row's ``shape``, set apart by spaces. Without any: strings, ``""``, ``[]``, null references."""

V1P1: Final = "v1p1"
V1P2: Final = "v1p2"
PATHS: Final = {V1P1: "/ims/oneroster/v1p1", V1P2: "/ims/oneroster/rostering/v1p2"}

# Never this server's own address: a client that follows it leaves the server it was told to ask.
_ELSEWHERE: Final = "https://roster.elsewhere.example"
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_BOOLEANS: Final = frozenset({"enabledUser", "primary"})
_REFERENCES: Final = frozenset({"parent", "org", "course", "school", "class", "user", "schoolYear"})


def record(row: Row, version: str) -> Json:
    """Return a row as the object that a page or a single read carries."""
    rendered = _RENDERERS[type(row)](row, version)
    return _shaped(rendered, row.shape) if row.shape else rendered


def cut(rendered: Json, fields: Sequence[str]) -> Json:
    """Return the record with the named fields only; unknown names are no matter."""
    return {name: rendered[name] for name in fields if name in rendered}


def encode(value: Any) -> bytes:
    """Return JSON bytes."""
    return _encode(value).encode("utf-8", "surrogatepass")


def reference(kind: str, sourced_id: str, version: str) -> Json | None:
    """Return a reference to another record; None when there is none."""
    if not sourced_id:
        return None
    return {"href": f"{_ELSEWHERE}{PATHS[version]}/{kind}s/x", "sourcedId": sourced_id, "type": kind}


def _head(row: Row) -> Json:
    return {
        "sourcedId": row.sourced_id,
        "status": row.status,
        "dateLastModified": row.modified,
        "metadata": {},
    }


def _list(text: str) -> list[str]:
    return [] if text == "[]" else json.loads(text)


def _org(row: Org, version: str) -> Json:
    return {
        **_head(row),
        "name": row.name,
        "type": row.type,
        "identifier": row.identifier,
        "parent": reference("org", row.parent, version),
        "children": [],
    }


def _session(row: AcademicSession, version: str) -> Json:
    return {
        **_head(row),
        "title": row.title,
        "startDate": row.start_date,
        "endDate": row.end_date,
        "type": row.type,
        "parent": reference("academicSession", row.parent, version),
        "children": [],
        "schoolYear": row.school_year,
    }


def _course(row: Course, version: str) -> Json:
    return {
        **_head(row),
        "title": row.title,
        "schoolYear": reference("academicSession", row.school_year, version),
        "courseCode": row.course_code,
        "grades": _list(row.grades),
        "subjects": _list(row.subjects),
        "org": reference("org", row.org, version),
        "subjectCodes": [],
    }


def _class(row: Class, version: str) -> Json:
    return {
        **_head(row),
        "title": row.title,
        "classCode": row.class_code,
        "classType": row.class_type,
        "location": row.location,
        "grades": _list(row.grades),
        "subjects": _list(row.subjects),
        "course": reference("course", row.course, version),
        "school": reference("org", row.school, version),
        "terms": [reference("term", term, version) for term in _list(row.terms)],
        "subjectCodes": [],
        "periods": _list(row.periods),
        "resources": [],
    }


def _user(row: User, version: str) -> Json:
    orgs = _list(row.orgs)
    rendered = {
        **_head(row),
        "metadata": {"locker": f"L{row.identifier}", "bus": "Bus 9"},
        "username": row.username,
        "userIds": [{"type": "SIS", "identifier": row.identifier}] if row.identifier else [],
        "enabledUser": row.enabled_user,
        "givenName": row.given_name,
        "familyName": row.family_name,
        "middleName": row.middle_name,
        "identifier": row.identifier,
        "email": row.email,
        "sms": f"555-01{len(row.username):02d}",
        "phone": f"555-01{len(row.family_name):02d}",
        "agents": [reference("user", agent, version) for agent in _list(row.agents)],
        "grades": _list(row.grades),
        "password": "not-a-secret",
    }
    if version == V1P1:
        rendered["role"] = row.role
        rendered["orgs"] = [reference("org", org, version) for org in orgs]
        if "roles" in row.shape:
            rendered["roles"] = _roles(row, orgs, version)
            if row.shape == "roles-alone":
                del rendered["role"]
    else:
        rendered["userMasterIdentifier"] = f"M{row.identifier}"
        rendered["preferredFirstName"] = row.given_name
        rendered["primaryOrg"] = reference("org", orgs[0], version) if orgs else None
        rendered["roles"] = _roles(row, orgs, version)
        rendered["userProfiles"] = []
    return rendered


def _roles(row: User, orgs: list[str], version: str) -> list[Json]:
    return [
        {
            "roleType": "secondary" if position else "primary",
            "role": row.role,
            "org": reference("org", org, version),
        }
        for position, org in enumerate(orgs or [""])
    ]


def _enrollment(row: Enrollment, version: str) -> Json:
    return {
        "sourcedId": row.sourced_id,
        "status": row.status,
        "dateLastModified": row.modified,
        "metadata": {},
        "user": reference("user", row.user_id, version),
        "class": reference("class", row.class_id, version),
        "school": reference("org", row.school, version),
        "role": row.role,
        "primary": row.is_primary,
        "beginDate": row.begin_date,
        "endDate": row.end_date,
    }


def _shaped(rendered: Json, shape: str) -> Json:
    words = shape.split()
    shaped: Json = {}
    for name, value in rendered.items():
        if "booleans" in words and name in _BOOLEANS and str(value).lower() in {"true", "false"}:
            shaped[name] = str(value).lower() == "true"
        elif value or value is False:
            shaped[name] = _alone(value) if "scalars" in words else value
        elif "missing" in words:
            continue
        elif "null" in words:
            shaped[name] = None
        elif "empty" in words and name in _REFERENCES:
            shaped[name] = {}
        else:
            shaped[name] = value
    return shaped


def _alone(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    return value


_RENDERERS: Final[dict[type[Row], Callable[[Any, str], Json]]] = {
    Org: _org,
    AcademicSession: _session,
    Course: _course,
    Class: _class,
    User: _user,
    Enrollment: _enrollment,
}
