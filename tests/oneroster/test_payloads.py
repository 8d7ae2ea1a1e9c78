import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from rostersync import decoders
from rostersync.errors import RosterServerUnavailable, UnexpectedAnswer
from rostersync.oneroster import payloads
from rostersync.oneroster.payloads import parse_page, parse_user
from rostersync.oneroster.wire import FIELDS, FIELDS_1_2, RESOURCES, WIRED
from rostersync.roster.identity import id_hash
from rostersync.roster.records import Class, Enrollment, Person
from tests.oneroster.records import a_class, enrollment, only, org, page, session, user


def taken(collection: str, record: Any, version: str = "1.1") -> Any:
    row = only(collection, record, version)
    assert row.set_aside is None
    return row.record


def noted(collection: str, record: Any) -> tuple[str, str]:
    row = only(collection, record)
    assert row.record is None
    assert row.set_aside is not None
    assert row.set_aside.collection == collection
    return row.set_aside.field, row.set_aside.reason


def test_a_student_keeps_what_is_needed_and_nothing_else() -> None:
    person = taken("students", user(7))
    assert person == Person(
        sourced_id="u00007",
        modified="2024-08-01T00:00:00.000Z",
        role="student",
        username="student7",
        identifier="7",
        email="student7@pupils.example",
        given_name="Pupil",
        family_name="Number7",
        orgs=("school-1",),
        collections=("students",),
    )
    assert "canary" not in repr(only("students", user(7)))


def test_a_class_keeps_its_references_in_order() -> None:
    record = taken("classes", a_class(1, terms=[{"sourcedId": "b"}, {"sourcedId": "a"}, {"sourcedId": "b"}]))
    assert record.terms == ("b", "a")
    assert (record.course, record.school, record.periods) == ("course-1", "school-1", ("1",))


@pytest.mark.parametrize("name", ["users", "students"])
def test_the_envelope_is_named_by_the_resource_or_by_the_path(name: str) -> None:
    body = json.dumps({name: [user(1)]}).encode()
    assert [row.sourced_id for row in parse_page("students", body)] == ["u00001"]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b'{"users": null}',
        b'{"users": {}}',
        b'{"users": ""}',
        b'{"orgs": []}',
        b"<html><body>Maintenance</body></html>",
        b'{"users": [] nonsense}',
        b'{"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": "canary"}',
        b'{"users": [], "imsx_codeMajor": "failure"}',
        b'{"imsx_StatusInfo": {"imsx_codeMajor": "failure"}, "users": []}',
        b'{"users": [], "statusInfoSet": [{"imsx_codeMajor": "failure"}]}',
    ],
)
def test_an_answer_without_the_array_is_an_error_and_never_empty(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer) as raised:
        parse_page("students", body)
    assert "canary" not in str(raised.value)


def test_success_reported_beside_the_array_is_no_error() -> None:
    assert len(parse_page("students", page("students", user(1), imsx_codeMajor="success"))) == 1


def test_an_empty_array_is_empty() -> None:
    assert parse_page("students", page("students")) == []


@pytest.mark.parametrize("cut", [0, 1, 12, 60, 200, -30, -2, -1])
def test_a_body_that_broke_off_may_be_asked_for_again(cut: int) -> None:
    body = page("students", user(1), user(2))
    with pytest.raises(RosterServerUnavailable):
        parse_page("students", body[:cut])


@pytest.mark.parametrize("absent", ["", None, [], "missing"])
def test_absence_has_one_form(absent: Any) -> None:
    names = ("email", "username", "identifier", "givenName", "familyName", "orgs", "role", "status")
    record = user(1, **dict.fromkeys(names, absent))
    if absent == "missing":
        record = {"sourcedId": "u00001"}
    person = taken("students", record)
    assert (person.email, person.username, person.given_name, person.orgs) == ("", "", "", ())
    assert (person.role, person.active, person.enabled) == ("", True, True)


@pytest.mark.parametrize(
    ("sent", "enabled"),
    [
        ("true", True),
        ("false", False),
        ("False", False),
        (True, True),
        (False, False),
        ("", True),
        (None, True),
        (0, False),
        (1, True),
        ("perhaps", True),
        ([], True),
    ],
)
def test_booleans_come_as_strings_and_as_booleans(sent: Any, enabled: bool) -> None:
    assert taken("students", user(1, enabledUser=sent)).enabled is enabled


@pytest.mark.parametrize(
    ("sent", "active"),
    [
        ("active", True),
        ("ACTIVE", True),
        ("", True),
        (None, True),
        ("tobedeleted", False),
        ("ToBeDeleted", False),
        ("inactive", False),
    ],
)
def test_status_counts_in_any_case_and_missing_is_active(sent: Any, active: bool) -> None:
    assert taken("orgs", org(1, status=sent)).active is active


@pytest.mark.parametrize(
    ("sent", "expected"), [(98765, "98765"), (98765.0, "98765"), ("7_1|5/3%", "7_1|5/3%")]
)
def test_a_sourced_id_is_any_string_and_a_number_its_digits(sent: Any, expected: str) -> None:
    row = only("orgs", org(1, sourcedId=sent))
    assert (row.sourced_id, row.key) == (expected, id_hash(expected))


def test_an_id_is_the_same_wherever_it_is_read_loosely() -> None:
    strict, loose = parse_page("orgs", page("orgs", org(1, sourcedId=12), org(1, sourcedId=12, name={})))
    assert strict.sourced_id == loose.sourced_id == "12"
    assert strict.key == loose.key


@pytest.mark.parametrize("sent", ["", "  ", None, [], {}, True])
def test_a_row_without_an_id_is_set_aside_and_known_by_its_content(sent: Any) -> None:
    body = page("orgs", org(1, sourcedId=sent), org(2, sourcedId=sent), org(3))
    first, second, third = parse_page("orgs", body)
    assert first.set_aside is not None
    assert first.set_aside.reason == "no sourcedId"
    assert first.sourced_id == ""
    assert first.key != second.key
    assert parse_page("orgs", body)[0].key == first.key
    assert third.record is not None


def test_an_id_that_cannot_be_kept_is_set_aside() -> None:
    assert noted("orgs", org(1, sourcedId="x" * 256)) == ("sourcedId", "sourcedId too long")
    assert noted("orgs", org(1, sourcedId="a\x00b")) == ("sourcedId", "sourcedId not usable")
    assert noted("orgs", org(1, sourcedId="a\ud800")) == ("sourcedId", "sourcedId not usable")
    assert taken("orgs", org(1, sourcedId="x" * 255)).sourced_id == "x" * 255


@pytest.mark.parametrize("role", ["guardian", "Parent", "RELATIVE"])
def test_of_a_guardian_nothing_is_kept(role: str) -> None:
    row = only("students", user(1, role=role))
    assert noted("students", user(1, role=role)) == ("role", "guardian")
    assert row.sourced_id == "u00001"
    assert "Pupil" not in repr(row)
    assert noted("enrollments", enrollment(1, role=role)) == ("role", "guardian")
    assert noted("teachers", user(1, role="", roles=[{"role": role}])) == ("role", "guardian")


def test_a_header_row_is_set_aside() -> None:
    assert noted("students", user(1, sourcedId="sourcedId", role="role")) == ("role", "header row")
    assert noted("enrollments", enrollment(1, role="role")) == ("role", "header row")
    assert noted("orgs", org(1, sourcedId="SourcedId")) == ("sourcedId", "header row")


@pytest.mark.parametrize("record", [None, 7, "text", [], True])
def test_a_row_that_is_no_object_is_set_aside(record: Any) -> None:
    first, second = parse_page("students", page("students", record, user(1)))
    assert first.set_aside is not None
    assert first.set_aside.reason == "not a record"
    assert second.record is not None


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2024-08-12", "2024-08-12"),
        ("2024-08-12T00:00:00.000Z", "2024-08-12"),
        ("2024-02-29 10:00", "2024-02-29"),
        (" 2024-08-12 ", "2024-08-12"),
        ("", ""),
        (None, ""),
        ([], ""),
    ],
)
def test_a_time_behind_a_date_is_cut_off(sent: Any, expected: str) -> None:
    assert taken("enrollments", enrollment(1, beginDate=sent)).begin_date == expected


@pytest.mark.parametrize("sent", ["08/12/2024", "2024-13-01", "2023-02-29", "2024-8-1", "soon", 20240812])
def test_an_unreadable_date_sets_the_row_aside_with_its_field(sent: Any) -> None:
    assert noted("enrollments", enrollment(1, endDate=sent)) == ("endDate", "unreadable date")
    assert noted("academicSessions", session(1, startDate=sent)) == ("startDate", "unreadable date")
    assert noted("academicSessions", session(1, endDate=sent)) == ("endDate", "unreadable date")


@pytest.mark.parametrize("reference", ["", None, {}, [], {"sourcedId": ""}, {"sourcedId": None}])
def test_an_enrollment_without_class_or_user_is_set_aside(reference: Any) -> None:
    assert noted("enrollments", enrollment(1, **{"class": reference})) == ("class", "no class")
    assert noted("enrollments", enrollment(1, user=reference)) == ("user", "no user")


@pytest.mark.parametrize("role", ["teacher", "Student", "aide", "proctor", "ADMINISTRATOR"])
def test_the_roles_of_enrollments_are_kept_in_lower_case(role: str) -> None:
    assert taken("enrollments", enrollment(1, role=role)).role == role.lower()


@pytest.mark.parametrize("role", ["", None, "observer"])
def test_an_enrollment_with_another_role_is_set_aside(role: Any) -> None:
    assert noted("enrollments", enrollment(1, role=role)) == ("role", "role not used")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("t1", ("t1",)),
        ({"sourcedId": 5}, ("5",)),
        ([None, "", "t1", {"sourcedId": "t2"}], ("t1", "t2")),
        (None, ()),
        ([], ()),
        ([{"href": "https://elsewhere.example/t1"}], ()),
    ],
)
def test_references_come_as_lists_objects_and_strings(sent: Any, expected: tuple[str, ...]) -> None:
    assert taken("classes", a_class(1, terms=sent)).terms == expected


@pytest.mark.parametrize(
    ("sent", "expected"), [("3", ("3",)), (3, ("3",)), (["1", "", 2], ("1", "2")), (None, ())]
)
def test_a_string_stands_where_a_list_belongs(sent: Any, expected: tuple[str, ...]) -> None:
    assert taken("classes", a_class(1, periods=sent)).periods == expected


def test_text_is_trimmed_freed_of_control_characters_and_capped() -> None:
    record = taken("classes", a_class(1, title="  Art\x00 &\r\nMusic\u2028\x07 ", location="x" * 5000))
    assert record.title == "Art &  Music"
    assert len(record.location) == 1000


def test_names_in_any_script_stay_as_they_are() -> None:
    name = "Zoë ‘Zee’ 山田 🎨 אב"
    assert taken("students", user(1, givenName=name)).given_name == name


def test_roles_of_1_2_are_read_the_primary_first() -> None:
    roles = [
        {"roleType": "secondary", "role": "aide", "org": {"sourcedId": "school-2"}},
        {"roleType": "primary", "role": "teacher", "org": {"sourcedId": "school-1"}},
    ]
    record = user(1, roles=roles, orgs=None, role="student", enabledUser=True)
    assert taken("teachers", record, "1.2").role == "teacher"
    assert taken("teachers", record, "1.2").orgs == ("school-2", "school-1")
    assert taken("teachers", record, "1.1").role == "student"
    assert taken("teachers", record | {"role": None}, "1.1").role == "teacher"


def test_a_teacher_who_is_a_parent_too_is_a_teacher() -> None:
    record = user(1, role="", roles=[{"role": "parent", "roleType": "primary"}, {"role": "teacher"}])
    assert taken("teachers", record).role == "teacher"


def test_bad_json_in_one_record_does_not_lose_the_others() -> None:
    body = page("students", user(1), user(2)).replace(b"Number1", b"Num\xff\x01ber1")
    first, second = parse_page("students", body)
    assert isinstance(first.record, Person)
    assert first.record.family_name == "Num\ufffdber1"
    assert second.record is not None


def test_numbers_of_any_length_do_not_stop_the_page() -> None:
    body = page("students", user(1, sourcedId=1), user(2)).replace(
        b'"sourcedId": 1,', b'"sourcedId": %s,' % (b"9" * 5000)
    )
    first, second = parse_page("students", body)
    assert first.set_aside is not None
    assert second.record is not None


def test_a_single_user_is_read_from_its_envelope() -> None:
    row = parse_user(json.dumps({"user": user(1, role="administrator")}).encode())
    assert isinstance(row.record, Person)
    assert row.record.collections == ("users",)
    with pytest.raises(UnexpectedAnswer):
        parse_user(b'{"imsx_codeMajor": "failure"}')
    with pytest.raises(UnexpectedAnswer):
        parse_user(b"{}")


def test_what_is_asked_for_is_what_is_read() -> None:
    for collection, fields in FIELDS.items():
        known = {
            field if field != "class_" else "class"
            for field in WIRED[RESOURCES[collection]].__struct_encode_fields__
        }
        assert set(fields) <= known
        assert {"sourcedId", "status", "dateLastModified"} <= set(fields)
        assert not {"password", "phone", "agents", "metadata"} & set(fields)


def test_records_are_what_the_collection_says() -> None:
    assert isinstance(taken("classes", a_class(1)), Class)
    assert isinstance(taken("enrollments", enrollment(1, primary="true")), Enrollment)
    assert taken("enrollments", enrollment(1, primary="true")).primary is True


def test_a_guardian_is_known_whichever_way_the_role_is_written() -> None:
    for fields in (FIELDS, FIELDS_1_2):
        for collection in ("teachers", "students", "users"):
            assert {"role", "roles"} <= set(fields[collection])


def test_threads_that_read_their_first_pages_make_decoders_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    making = threading.Lock()
    make = msgspec.json.Decoder

    def alone(shape: Any) -> Any:
        assert making.acquire(blocking=False), "two at once end the process in msgspec"
        time.sleep(0.01)
        making.release()
        return make(shape)

    monkeypatch.setattr(decoders, "_DECODERS", {})
    payloads._envelope.cache_clear()
    monkeypatch.setattr(msgspec.json, "Decoder", alone)
    collections = [*RESOURCES] * 2
    with ThreadPoolExecutor(len(collections)) as pool:
        pages = pool.map(lambda collection: parse_page(collection, page(collection)), collections)
    assert list(pages) == [[]] * len(collections)
