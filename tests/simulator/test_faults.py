"""Every fault does what it says, on the requests it is meant for, and counts when it did."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from simulator.faults import KINDS, BadFault, Fault, Faults
from simulator.oracle import Oracle
from simulator.server import SimulatedServer
from tests.simulator.client import V1P1, get, page, records, signed


def ids(server: SimulatedServer, **query: Any) -> list[str]:
    return [record["sourcedId"] for record in records(server, "enrollments", **query)]


def faulty(server: SimulatedServer, kind: str, value: float | str | None = None, **when: Any) -> None:
    server.faults.set(Fault(kind, value, **when))


def test_a_fault_comes_first_every_and_so_many_times() -> None:
    faults = Faults([Fault("busy", first=2, every=3, times=2)])
    hits = [faults.meet("orgs").fire("busy") is not None for _ in range(12)]
    assert [number for number, hit in enumerate(hits, start=1) if hit] == [2, 5]
    assert faults.fired == {"busy": 2}


def test_a_fault_looks_at_its_collection_only() -> None:
    faults = Faults([Fault("busy", first=2, collection="users"), Fault("imsx")])
    assert faults.meet("orgs").fire("busy") is None
    assert faults.meet("users").fire("busy") is None
    assert faults.meet("users").fire("busy")
    assert faults.meet("token").fire("imsx") is None
    assert faults.meet("orgs").fire("imsx")


def test_of_two_faults_of_a_kind_the_first_comes_and_the_other_when_it_does_not() -> None:
    faults = Faults([Fault("status", 503, times=1), Fault("status", 500)])
    found = [faults.meet("orgs").fire("status") for _ in range(2)]
    assert [fault.number for fault in found if fault] == [503, 500]
    assert faults.fired == {"status 503": 1, "status 500": 1}


def test_faults_are_read_from_text_and_from_objects() -> None:
    assert Fault.from_text("clamp:500") == Fault("clamp", 500)
    assert Fault.from_text("slow:0.5,first=2,every=3,times=1,collection=orgs") == (
        Fault("slow", 0.5, first=2, every=3, times=1, collection="orgs")
    )
    assert Fault.from_text("busy:date") == Fault("busy", "date")
    faults = Faults([Fault("busy", 2, every=4), Fault("gzip")])
    assert [Fault.from_object(each) for each in faults.described()] == [
        Fault("busy", 2, every=4),
        Fault("gzip"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "nothing", "clamp", "status", "busy,first=0", "busy,every=x", "busy,often=2", "busy,times=-1"],
)
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(BadFault):
        Fault.from_text(text)


def test_a_clamp_shortens_without_a_word(server: SimulatedServer) -> None:
    whole = ids(server, limit=50)
    faulty(server, "clamp", 7)
    assert ids(server, limit=50) == whole[:7]
    assert ids(server, limit=5) == whole[:5]
    assert server.faults.fired == {"clamp": 1}


def test_a_limit_can_be_refused(server: SimulatedServer) -> None:
    faulty(server, "limit-refused", 50)
    assert page(server, "orgs", limit=51).status_code == 400
    assert page(server, "orgs", limit=50).status_code == 200
    assert server.faults.fired == {"limit-refused": 1}


def test_a_short_page_is_not_the_last_and_has_two_rows_at_least(server: SimulatedServer) -> None:
    whole = ids(server, limit=50)
    faulty(server, "short-page", 3)
    assert ids(server, limit=50) == whole[:47]
    assert ids(server, limit=4) == whole[:2]
    assert ids(server, limit=2) == whole[:2]
    assert server.faults.fired == {"short-page": 2}


def test_an_empty_page_comes_before_the_end_only(server: SimulatedServer) -> None:
    faulty(server, "empty-page")
    answer = page(server, "enrollments", limit=5)
    assert answer.json() == {"enrollments": []}
    assert int(answer.headers["x-total-count"]) > 100
    page(server, "enrollments", offset=100_000)
    assert server.faults.fired == {"empty-page": 1}


def test_pages_can_be_shifted_either_way(server: SimulatedServer) -> None:
    whole = ids(server, limit=50)
    faulty(server, "shifted", -2)
    assert ids(server, limit=5, offset=10) == whole[8:13]
    assert ids(server, limit=5) == whole[:5]
    assert server.faults.fired == {"shifted": 1}
    faulty(server, "shifted", 3)
    assert ids(server, limit=5, offset=10) == whole[13:18]


def test_totals_can_be_missing_wrong_garbage_or_moving(server: SimulatedServer) -> None:
    def total() -> str | None:
        return page(server, "students", limit=1).headers.get("x-total-count")

    faulty(server, "no-totals")
    assert total() is None
    faulty(server, "wrong-total", -5)
    assert total() == "55"
    faulty(server, "wrong-total", -100)
    assert total() == "-40"
    faulty(server, "wrong-total", "many")
    assert total() == "many"
    faulty(server, "moving-total", 2)
    assert [total(), total()] == ["62", "64"]


def test_the_permission_revision_is_optional_and_can_move(server: SimulatedServer) -> None:
    def revision() -> str | None:
        return page(server, "orgs", limit=1).headers.get("x-perm-rev")

    assert revision() is None
    faulty(server, "revision")
    assert revision() == revision() == "1"
    server.faults.set(Fault("revision"), Fault("revision-moves", first=2, times=1))
    assert [revision(), revision(), revision()] == ["1", "2", "2"]
    assert server.faults.fired["revision-moves"] == 1


def test_order_can_be_lost(server: SimulatedServer) -> None:
    whole = ids(server, limit=1000)
    faulty(server, "sort-ignored")
    made = ids(server, limit=1000)
    assert made != whole
    assert made == ids(server, limit=1000)
    assert sorted(made) == whole
    faulty(server, "reordered")
    assert ids(server, limit=1000) != ids(server, limit=1000)


def test_fields_can_be_refused_and_filters_unread(server: SimulatedServer) -> None:
    faulty(server, "fields-refused")
    assert page(server, "orgs", fields="sourcedId").status_code == 400
    assert page(server, "orgs").status_code == 200
    faulty(server, "filter-unread")
    assert records(server, "users", filter="role='teacher'") == []
    assert records(server, "users")


def test_rows_appear_and_disappear_in_the_data_too(server: SimulatedServer) -> None:
    before = set(ids(server, limit=1000))
    faulty(server, "insert", 3, times=1)
    more = set(ids(server, limit=1000))
    assert before < more
    assert len(more) == len(before) + 3
    assert Oracle(server.district.tables).collections()["enrollments"]["announced"] == len(more)
    faulty(server, "delete", 2, times=1)
    assert len(ids(server, limit=1000)) == len(more) - 2
    assert server.faults.fired == {"insert": 1, "delete": 1}


@pytest.mark.parametrize("name", ["orgs", "academicSessions", "courses", "classes", "teachers", "students"])
def test_rows_appear_in_any_collection(server: SimulatedServer, name: str) -> None:
    before = len(records(server, name, limit=1000))
    faulty(server, "insert", 2, times=1)
    assert len(records(server, name, limit=1000)) == before + 2
    assert not server.district.tables.value("SELECT count(*) - count(DISTINCT email) FROM users")


def test_rows_appear_all_over_the_order(server: SimulatedServer) -> None:
    last = ids(server, limit=1000)[-1]
    faulty(server, "insert", 20, times=1)
    found = ids(server, limit=1000)
    assert found[-1] != last
    assert found[0] < last


@pytest.mark.parametrize("after", [None, 3, "date"])
def test_too_many_requests_may_say_for_how_long(server: SimulatedServer, after: float | str | None) -> None:
    faulty(server, "busy", after, times=1)
    answer = page(server, "orgs")
    assert answer.status_code == 429
    assert not answer.headers["Content-Type"].startswith("application/json")
    found = answer.headers.get("Retry-After")
    if after == "date":
        assert 0 < (parsedate_to_datetime(str(found)) - datetime.now(UTC)).total_seconds() <= 2
    else:
        assert found == (None if after is None else str(after))
    assert page(server, "orgs").status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_s_errors_come_as_html(server: SimulatedServer, status: int) -> None:
    faulty(server, "status", status, every=2)
    assert [page(server, "orgs").status_code for _ in range(3)] == [status, 200, status]
    faulty(server, "status", status)
    assert "<html>" in page(server, "orgs").text
    assert server.faults.fired == {f"status {status}": 3}


@pytest.mark.parametrize("status", [401, 403])
def test_access_can_end_after_some_requests(server: SimulatedServer, status: int) -> None:
    faulty(server, "status", status, first=3)
    assert [page(server, "orgs").status_code for _ in range(4)] == [200, 200, status, status]
    assert page(server, "orgs").json()["imsx_codeMajor"] == "failure"


@pytest.mark.parametrize(
    ("kind", "value", "start"),
    [
        ("imsx", None, '{"imsx_codeMajor":"failure"'),
        ("no-array", None, "{}"),
        ("null-array", None, '{"users":null}'),
        ("html", None, "<html>"),
        ("path-envelope", None, '{"students":[{'),
    ],
)
def test_a_200_can_carry_something_else(server: SimulatedServer, kind: str, value: Any, start: str) -> None:
    faulty(server, kind, value)
    answer = page(server, "students", limit=2)
    assert answer.status_code == 200
    assert answer.text.startswith(start)
    assert server.faults.fired == {kind: 1}


def test_the_path_s_name_is_the_resource_s_for_most(server: SimulatedServer) -> None:
    faulty(server, "path-envelope")
    assert list(page(server, "orgs").json()) == ["orgs"]
    assert not server.faults.fired


def test_a_row_can_be_null(server: SimulatedServer) -> None:
    faulty(server, "null-row")
    found = records(server, "students", limit=3)
    assert found[2] is None
    assert found[0]
    assert records(server, "students", offset=1000) == []
    assert server.faults.fired == {"null-row": 1}


def test_a_body_can_end_too_early(server: SimulatedServer) -> None:
    faulty(server, "cut-json")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        page(server, "students", limit=3).json()
    faulty(server, "truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        page(server, "students", limit=3)
    server.faults.set()
    assert page(server, "students", limit=3).json()


def test_a_connection_can_be_reset(server: SimulatedServer) -> None:
    faulty(server, "reset", times=1)
    with pytest.raises(requests.exceptions.ConnectionError) as failed:
        page(server, "orgs")
    assert "reset" in str(failed.value)
    assert page(server, "orgs").status_code == 200
    assert server.served.statuses == {0: 1, 200: 1}


def test_a_handshake_that_fails_ends_the_connection_without_an_answer(server: SimulatedServer) -> None:
    faulty(server, "tls", times=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        page(server, "orgs")
    assert page(server, "orgs").status_code == 200
    assert server.faults.fired == {"tls": 1}


def test_a_page_can_have_a_row_more_than_was_asked_for(server: SimulatedServer) -> None:
    right = ids(server, limit=5)
    faulty(server, "extra-row")
    assert ids(server, limit=5) == [*right, right[-1]]
    assert server.faults.fired == {"extra-row": 1}


def test_a_body_can_go_on_for_ever(server: SimulatedServer) -> None:
    faulty(server, "endless", 3)
    url, headers = signed(server, f"{V1P1}/orgs")
    with requests.get(url, headers=headers, stream=True, timeout=10) as answer:
        assert "Content-Length" not in answer.headers
        assert sum(map(len, answer.iter_content(100_000))) > 3_000_000


def test_a_client_may_hang_up_on_an_endless_body(server: SimulatedServer) -> None:
    faulty(server, "endless", times=1)
    url, headers = signed(server, f"{V1P1}/orgs")
    with requests.get(url, headers=headers, stream=True, timeout=10) as answer:
        next(answer.iter_content(1000))
    assert page(server, "orgs").status_code == 200


def test_bytes_can_come_slowly(server: SimulatedServer) -> None:
    faulty(server, "drip", 0.005)
    begin = time.monotonic()
    assert page(server, "orgs").json()["orgs"]
    assert time.monotonic() - begin >= 0.1
    faulty(server, "slow", 0.05)
    begin = time.monotonic()
    assert page(server, "orgs").json()["orgs"]
    assert time.monotonic() - begin >= 0.05
    assert server.faults.fired == {"drip": 1, "slow": 1}


def test_a_redirect_leads_elsewhere(server: SimulatedServer) -> None:
    faulty(server, "redirect")
    answer = page(server, "orgs")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://roster.elsewhere.example")


def test_compression_is_for_who_accepts_it(server: SimulatedServer) -> None:
    plain = page(server, "students", limit=20).json()
    faulty(server, "gzip")
    answer = page(server, "students", limit=20)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json() == plain
    url, headers = signed(server, f"{V1P1}/orgs")
    headers["Accept-Encoding"] = "identity"
    assert "Content-Encoding" not in requests.get(url, headers=headers, timeout=10).headers
    assert server.faults.fired == {"gzip": 1}


def test_a_token_can_expire_in_the_middle(server: SimulatedServer) -> None:
    server.gate.auths = ("oauth2",)
    basic = requests.auth.HTTPBasicAuth(server.client_id, server.client_secret)

    def header() -> dict[str, str]:
        grant = {"grant_type": "client_credentials"}
        given = requests.post(f"{server.url}/token", auth=basic, data=grant, timeout=10).json()
        return {"Authorization": f"Bearer {given['access_token']}"}

    faulty(server, "token-expired", first=2, times=1)
    first = header()
    url = f"{server.url}{V1P1}/orgs"
    assert [requests.get(url, headers=first, timeout=10).status_code for _ in range(3)] == [200, 401, 401]
    assert requests.get(url, headers=header(), timeout=10).status_code == 200
    assert server.faults.fired == {"token-expired": 1}


def test_the_token_itself_can_fail(server: SimulatedServer) -> None:
    server.gate.auths = ("oauth2",)
    faulty(server, "status", 503, collection="token")
    assert requests.post(f"{server.url}/token", timeout=10).status_code == 503
    assert get(server, f"{V1P1}/orgs").status_code == 401


def test_a_single_record_meets_faults_too(server: SimulatedServer) -> None:
    faulty(server, "status", 503, collection="users")
    assert get(server, f"{V1P1}/users/nobody").status_code == 503
    assert page(server, "orgs").status_code == 200


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_fault_breaks_the_server_or_the_oracle(server: SimulatedServer, kind: str) -> None:
    server.faults.set(Fault(kind, 503 if kind == "status" else 1, times=3))
    if kind in {"slow", "drip"}:
        server.faults.set(Fault(kind, 0.001, times=3))
    before = Oracle(server.district.tables).statistics(server.district.today)
    for _ in range(3):
        try:
            page(server, "students", limit=10, fields="sourcedId", filter="status='active'")
        except requests.exceptions.RequestException:
            continue
    assert page(server, "students").status_code == 200
    after = Oracle(server.district.tables).statistics(server.district.today)
    assert (before == after) == (kind not in {"insert", "delete"})
