"""Collections as they are served: paging, sorting, filters, fields, both versions' shapes."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest
import requests

from simulator.district import District
from simulator.render import record
from simulator.server import SimulatedServer
from simulator.tables import Class, Org, Tables, User
from tests.simulator.client import V1P1, V1P2, all_records, get, page, records


def test_pages_follow_each_other_to_the_total(server: SimulatedServer) -> None:
    answer = page(server, "enrollments", limit=50)
    total = int(answer.headers["X-Total-Count"])
    assert answer.headers["x-count"] == "50"
    assert 'rel="next"' in answer.headers["Link"]
    found = [record["sourcedId"] for record in all_records(server, "enrollments")]
    assert len(found) == len(set(found)) == total
    assert found == sorted(found)


def test_past_the_end_comes_an_empty_array(server: SimulatedServer) -> None:
    answer = page(server, "students", offset=100_000)
    assert answer.status_code == 200
    assert answer.json() == {"users": []}
    assert answer.headers["x-total-count"] == "60"


def test_a_limit_is_100_unless_asked_for_and_10000_at_most(server: SimulatedServer) -> None:
    assert len(records(server, "enrollments")) == 100
    tables = server.district.tables
    tables.add(Org(f"o{number:05d}", type="school") for number in range(10_050))
    assert len(records(server, "orgs", limit=20_000)) == 10_000


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": "x"}, {"offset": -1}, {"limit": ""}])
def test_a_limit_or_an_offset_that_is_none_is_a_bad_request(
    server: SimulatedServer, query: dict[str, Any]
) -> None:
    answer = page(server, "orgs", **query)
    assert answer.status_code == 400
    assert answer.json()["imsx_codeMajor"] == "failure"


def test_people_are_listed_by_collection_in_an_array_called_users(server: SimulatedServer) -> None:
    for collection, role in (("students", "student"), ("teachers", "teacher")):
        answer = page(server, collection).json()
        assert list(answer) == ["users"]
        assert {person["role"] for person in answer["users"]} == {role}
    assert list(page(server, "schools").json()) == ["orgs"]
    roles = {person["role"] for person in all_records(server, "users")}
    assert roles == {"student", "teacher", "administrator"}


def test_sorting_goes_either_way_and_a_wrong_order_is_ignored(server: SimulatedServer) -> None:
    up = [record["sourcedId"] for record in records(server, "classes", limit=1000)]
    assert [record["sourcedId"] for record in records(server, "classes", limit=1000, orderBy="desc")] == up[
        ::-1
    ]
    assert [record["sourcedId"] for record in records(server, "classes", limit=1000, orderBy="up")] == up
    made = [row.sourced_id for _, row in server.district.tables.rows(Class)]
    assert [record["sourcedId"] for record in records(server, "classes", limit=1000, sort="color")] == made


def test_rows_of_one_id_keep_their_order(server: SimulatedServer) -> None:
    tables = server.district.tables
    tables.add(Org("same", name=str(number)) for number in range(5))
    found = [record["name"] for record in records(server, "orgs") if record["sourcedId"] == "same"]
    assert found == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("role='teacher'", 4),
        ("role='teacher' AND status='active'", 4),
        ("role='teacher' OR role='administrator'", 5),
        ("role!='student'", 5),
        ("username~'S.'", 60),
        ("sourcedId>='3'", 0),
        ("familyName=' AND '", 0),
        ("colour='red'", 0),
        ("role=teacher", 0),
        ("role='x' OR 1=1", 0),
        ("role='x'; DROP TABLE users", 0),
    ],
)
def test_filters_select_and_what_cannot_be_read_selects_nothing(
    server: SimulatedServer, text: str, count: int
) -> None:
    answer = page(server, "users", filter=text, limit=100)
    assert answer.status_code == 200
    assert len(answer.json()["users"]) == count
    assert answer.headers["x-total-count"] == str(count)


def test_fields_cut_records_to_what_is_named(server: SimulatedServer) -> None:
    found = records(server, "students", fields="sourcedId,email,shoeSize", limit=3)
    assert [list(record) for record in found] == [["sourcedId", "email"]] * 3


def test_records_carry_what_nobody_asked_for(server: SimulatedServer) -> None:
    student = records(server, "students", limit=1)[0]
    assert {"password", "sms", "phone", "agents", "metadata", "middleName"} <= set(student)
    assert server.url not in student["orgs"][0]["href"]


def test_one_record_is_read_by_an_escaped_id(server: SimulatedServer) -> None:
    for kind, path, name in ((User, "users", "user"), (Class, "classes", "class")):
        for _, row in server.district.tables.rows(kind)[-3:]:
            found = get(server, f"{V1P1}/{path}/{quote(row.sourced_id, safe='')}").json()
            assert found[name]["sourcedId"] == row.sourced_id


def test_of_repeated_rows_the_one_last_modified_is_read(server: SimulatedServer) -> None:
    server.district.tables.add(Org("same", modified=f"2026-0{month}", name=str(month)) for month in (1, 3, 2))
    assert get(server, f"{V1P1}/orgs/same").json()["org"]["name"] == "3"


@pytest.mark.parametrize("path", ["/users/nobody", "/teachers/nobody", "/nothing", "/nothing/at/all"])
def test_what_is_not_there_is_404(server: SimulatedServer, path: str) -> None:
    answer = get(server, f"{V1P1}{path}")
    assert answer.status_code == 404
    assert answer.json()["imsx_codeMajor"] == "failure"


def test_version_1_2_says_roles_where_1_1_says_role(server: SimulatedServer) -> None:
    old, new = records(server, "teachers", limit=1)[0], records(server, "teachers", V1P2, limit=1)[0]
    assert old["role"] == "teacher"
    assert old["orgs"]
    assert "role" not in new
    assert "orgs" not in new
    assert new["roles"] == [{"roleType": "primary", "role": "teacher", "org": new["primaryOrg"]}]
    assert new["primaryOrg"]["sourcedId"] == old["orgs"][0]["sourcedId"]


def test_a_server_may_have_one_version_only(district: District) -> None:
    with SimulatedServer(district, versions=["v1p2"]) as server:
        assert get(server, f"{V1P1}/orgs").status_code == 404
        assert get(server, f"{V1P2}/orgs").status_code == 200


def rendered(shape: str, **columns: Any) -> dict[str, object]:
    tables = Tables()
    row = User("u1", in_students=1, role="student", shape=shape, enabled_user="true", grades='["09"]')
    tables.add([row._replace(**columns)])
    return record(tables.rows(User)[0][1], "v1p1")


def test_shapes_change_how_a_record_is_written() -> None:
    assert rendered("")["enabledUser"] == "true"
    assert rendered("booleans")["enabledUser"] is True
    assert rendered("booleans", enabled_user="False")["enabledUser"] is False
    assert rendered("scalars")["grades"] == "09"
    assert rendered("null")["email"] is None
    assert rendered("null")["orgs"] is None
    assert "email" not in rendered("missing")
    assert rendered("roles")["role"] == "student"
    assert rendered("roles")["roles"]
    assert "role" not in rendered("roles-alone")


def test_what_was_served_is_counted(server: SimulatedServer) -> None:
    page(server, "students", limit=7)
    page(server, "students", limit=7, offset=55)
    get(server, f"{V1P1}/users/nobody")
    served = server.served
    assert served.requests == 3
    assert served.rows == {"students": 12, "users": 0}
    assert served.statuses == {200: 2, 404: 1}
    assert [(each.offset, each.limit, each.rows) for each in served.trail][:2] == [(-1, 7, 7), (55, 7, 5)]
    served.reset()
    assert served.described()["requests"] == 0


def test_connections_are_kept_alive(server: SimulatedServer) -> None:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    ports = set()
    for _ in range(3):
        connection.request("GET", "/_simulator/served")
        assert connection.getresponse().read()
        ports.add(connection.sock.getsockname())
    connection.close()
    assert len(ports) == 1


def test_the_partner_api_leads_to_the_server(district: District) -> None:
    with SimulatedServer(district, partner_key="partner", token="proxied") as server:
        header = {"Authorization": "Bearer partner"}
        listed = requests.get(f"{server.url}/applications", headers=header, timeout=10).json()
        (application,) = listed["applications"]
        assert application["tenant_name"] == district.name
        address = f"{server.url}/applications/{application['oneroster_application_id']}/server"
        found = requests.get(address, headers=header, timeout=10).json()["server"]
        assert found == {
            "client_id": server.client_id,
            "client_secret": server.client_secret,
            "endpoint_url": server.url,
        }
        assert requests.get(address.replace("%3D", "%253D"), headers=header, timeout=10).status_code == 404
        assert requests.get(f"{server.url}/applications", timeout=10).status_code == 401
        proxied = f"{server.url}/{application['oneroster_application_id']}{V1P1}/orgs"
        bearer = {"Authorization": f"Bearer {application['bearer']}"}
        assert requests.get(proxied, headers=bearer, timeout=10).json()["orgs"]


def test_without_a_partner_key_there_is_no_partner_api(server: SimulatedServer) -> None:
    assert requests.get(f"{server.url}/applications", timeout=10).status_code == 404
