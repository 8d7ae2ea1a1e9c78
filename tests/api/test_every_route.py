"""Every route of the description, from outside: tokens, roles, other tenants' ids, tricks, bad bodies.

A route that is added is asked too, by itself.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.api.gateway import OTHER, Gateway, issuer, opened, operations, template
from tests.steps.driver import TENANT

LOOKING: Final = {
    ("POST", "/teachers/search"),
    ("POST", "/owners/find"),
    ("POST", "/explain"),
    ("POST", "/runs/{run_id}/issues/table"),
}
"""What a reader may, beside every GET: they ask in a body so that no address holds a name."""

ACTING: Final = [one for one in operations() if one[0] != "GET" and one not in LOOKING]
WITH_IDS: Final = [one for one in operations() if "{" in one[1]]
READING_BODIES: Final = [one for one in operations() if one[0] in {"POST", "PUT", "PATCH"}]

BODIES: Final[dict[tuple[str, str], Any]] = {
    ("POST", "/explain"): {"class": "c1"},
    ("POST", "/owners/find"): {"email": "t1@hill.example"},
    ("POST", "/runs"): {"mode": "changes"},
    ("POST", "/teachers/search"): {"query": ""},
    ("POST", "/users"): {"users": [{"ownerId": "o_" + "0" * 20, "role": "teacher"}]},
    ("PATCH", "/integration/settings"): {"paused": True},
    ("PUT", "/integration/credentials"): {"clientId": "id", "clientSecret": "s", "serverUrl": "https://x"},
    ("PUT", "/owners/{owner_id}/user"): {"email": None},
}
QUERIES: Final = {
    ("DELETE", "/integration"): "?groups=keep",
    ("GET", "/users/automatic"): "?domains=x.example",
}

MALFORMED: Final = {
    "broken": b'{"mode": ',
    "no object": b'"Jane Invented"',
    "a list": b"[]",
    "nested deeply": b'{"mode":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "nested more than is meant": b'{"mode":' + b"[" * 40 + b"]" * 40 + b"}",
    "a name twice": b'{"mode": "preview", "mode": "changes"}',
    "no number": b'{"mode": NaN}',
    "endless": b'{"mode": Infinity}',
    "huge": b'{"mode": ' + b"9" * 5_000 + b"}",
    "huger than a float": b'{"offset": 1e999, "nightlyHour": 1e999, "email": 1e999, "users": 1e999}',
    "half a pair": rb'{"email": "jane\ud800@hill.example", "mode": "\udfff"}',
    "half a pair for a name": rb'{"\ud800": 1}',
    "NUL": b'\x00{"mode": "changes"}',
    "a byte order mark": b'\xef\xbb\xbf{"mode": "changes"}x',
    "not UTF-8": b'\xff\xfe{"mode": "changes"}',
}


@pytest.fixture(scope="module")
def opened_once() -> Iterator[Gateway]:
    with opened(Gateway()) as gateway:
        yield gateway


@pytest.fixture
def gateway(opened_once: Gateway) -> Gateway:
    opened_once.restore()
    return opened_once


def ask(gateway: Gateway, method: str, path: str, **how: Any) -> Any:
    """Ask for what is there, with a good body unless told otherwise."""
    address = path.replace("{run_id}", gateway.run_id).replace("{owner_id}", gateway.owner_id)
    if "data" not in how:
        how.setdefault("body", BODIES.get((method, path)))
    return gateway.call(method, address + QUERIES.get((method, path), ""), **how)


def problem_of(answer: Any) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json", answer.text
    return answer.status_code, answer.json["code"]


# -- Tokens ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), operations())
def test_without_a_good_token_no_route_reaches_a_function(gateway: Gateway, method: str, path: str) -> None:
    audience = str(template().parameters["JwtAudience"])
    claims = {"tenant_id": TENANT, "roles": ["admin"], "sub": "user-1"}
    bad = {"none": "", **issuer().bad_tokens(audience, claims)}
    assert {"expired", "not valid yet", "algorithm none", "another key", "another audience"} < bad.keys()
    reached, before = gateway.reached, gateway.done
    for kind, token in bad.items():
        answer = ask(gateway, method, path, token=token)
        assert (answer.status_code, answer.json) == (401, {"message": "Unauthorized"}), kind
    assert (gateway.reached, gateway.done) == (reached, before)


@pytest.mark.parametrize(("method", "path"), operations())
@pytest.mark.parametrize(
    "claims",
    [
        {"tenant_id": None},
        {"tenant_id": ""},
        {"tenant_id": "../other"},
        {"tenant_id": "T#other"},
        {"tenant_id": f"{TENANT}\n"},
        {"tenant_id": [TENANT, OTHER]},
        {"tenant_id": {"is": TENANT}},
        {"tenant_id": 7.5},
        {"roles": None},
        {"roles": []},
        {"roles": ["administrator"]},
        {"roles": {"admin": True}},
    ],
    ids=str,
)
def test_a_token_without_a_tenant_or_a_role_of_ours_sees_nothing(
    gateway: Gateway, method: str, path: str, claims: dict[str, Any]
) -> None:
    before = gateway.done
    token = gateway.token(**{"tenant": TENANT, **claims})
    assert problem_of(ask(gateway, method, path, token=token)) == (403, "forbidden")
    assert gateway.done == before


@pytest.mark.parametrize(("method", "path"), operations())
def test_a_reader_looks_and_does_not_act(gateway: Gateway, method: str, path: str) -> None:
    before = gateway.done
    answer = ask(gateway, method, path, token=gateway.token("reader"))
    if (method, path) in ACTING:
        assert problem_of(answer) == (403, "forbidden")
        assert gateway.done == before
    else:
        assert answer.status_code == 200


@pytest.mark.parametrize(("method", "path"), operations())
def test_an_admin_gets_what_the_route_is_for(gateway: Gateway, method: str, path: str) -> None:
    answer = ask(gateway, method, path)
    if path == "/integration/credentials":
        assert problem_of(answer) == (422, "not-a-roster-server")
    else:
        assert answer.status_code in {200, 202}, answer.text


# -- Other tenants ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), WITH_IDS)
@pytest.mark.parametrize("role", ["admin", "reader"])
def test_another_tenants_ids_are_not_found(gateway: Gateway, method: str, path: str, role: str) -> None:
    before = gateway.done
    answer = ask(gateway, method, path, token=gateway.token(role, tenant=OTHER))
    may = role == "admin" or (method, path) not in ACTING
    assert problem_of(answer) == ((404, "not-found") if may else (403, "forbidden"))
    assert gateway.done == before


def test_another_tenants_preview_permits_nothing(gateway: Gateway) -> None:
    body = {"roster": {"schoolsExcluded": ["hill"]}, "preview": gateway.preview_id}
    answer = gateway.call("PATCH", "/integration/settings", body, token=gateway.token(tenant=OTHER))
    assert problem_of(answer) == (409, "preview-needed")


# -- Tricks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [one for one in operations() if one[0] == "GET"])
def test_a_header_or_a_query_names_no_other_tenant_and_no_other_method(
    gateway: Gateway, method: str, path: str
) -> None:
    usual = ask(gateway, method, path, token=gateway.token("reader"))
    before = gateway.done
    for name, value in (
        ("x-tenant-id", OTHER),
        ("tenant_id", OTHER),
        ("x-amzn-oidc-identity", OTHER),
        ("x-amzn-oidc-data", "e30.e30.e30"),
        ("x-amzn-request-context", json.dumps({"authorizer": {"jwt": {"claims": {"tenant_id": OTHER}}}})),
        ("x-http-method-override", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-original-url", "/runs"),
        ("x-rewrite-url", "/runs"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
    ):
        answer = ask(gateway, method, path, token=gateway.token("reader"), headers={name: value})
        assert (answer.status_code, answer.json) == (usual.status_code, usual.json), name
    assert gateway.done == before


@pytest.mark.parametrize(("method", "path"), operations())
def test_only_the_written_form_of_an_address_leads_anywhere(gateway: Gateway, method: str, path: str) -> None:
    address = path.replace("{run_id}", gateway.run_id).replace("{owner_id}", gateway.owner_id)
    before = gateway.done
    for twisted in (
        f"{address}/",
        f"{address}%2F",
        f"{address}%00",
        f"{address};x=y",
        f"{address}/..%2f..",
        f"/x/..{address}",
        f"/x/%2e%2e{address}",
        f"/%2e{address}",
        address.upper(),
        "/" + address[1:].replace("/", "%5C") + "%5C",
    ):
        answer = gateway.call(method, twisted, BODIES.get((method, path)))
        assert answer.status_code in {400, 404}, twisted
    assert gateway.done == before


@pytest.mark.parametrize("path", sorted({path for _, path in operations()}))
def test_a_method_that_is_not_described_does_nothing(gateway: Gateway, path: str) -> None:
    before = gateway.done
    there = {method for method, one in operations() if one == path}
    address = path.replace("{run_id}", gateway.run_id).replace("{owner_id}", gateway.owner_id)
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"} - there:
        answer = gateway.call(method, address, headers={"x-http-method-override": min(there)})
        assert answer.status_code in {400, 404}, method
    assert gateway.done == before


@pytest.mark.parametrize(
    "bad", ["..%2F..", "T%23other", "a%20b", "%00", "a" * 81, "'%20OR%201=1", "é", "%ff"]
)
@pytest.mark.parametrize(("method", "path"), WITH_IDS)
def test_an_id_of_another_form_is_refused(gateway: Gateway, method: str, path: str, bad: str) -> None:
    before = gateway.done
    answer = gateway.call(method, re.sub(r"\{\w+\}", bad, path), BODIES.get((method, path)))
    assert problem_of(answer)[0] in {400, 404}
    assert gateway.done == before


# -- Bodies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), operations())
def test_a_body_over_64_kb_is_refused_in_bytes(gateway: Gateway, method: str, path: str) -> None:
    before = gateway.done
    for data, kind in (
        (b'{"mode": "' + b"x" * 65_536 + b'"}', "application/json"),
        (('{"mode": "' + "é" * 32_768 + '"}').encode(), "application/json"),
        (b"\xff" * 65_537, "application/octet-stream"),
    ):
        answer = ask(gateway, method, path, data=data, headers={"Content-Type": kind})
        assert problem_of(answer) == (413, "too-large")
    assert gateway.done == before


@pytest.mark.parametrize(("method", "path"), READING_BODIES)
@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_body_is_refused_and_not_quoted(
    gateway: Gateway, method: str, path: str, kind: str
) -> None:
    before = gateway.done
    answer = ask(gateway, method, path, data=MALFORMED[kind])
    if (method, path) not in BODIES and answer.status_code in {200, 202}:
        assert kind in {"no object", "a list", "huger than a float"}, "a route that takes none reads none"
        return
    assert problem_of(answer) == (400, "invalid-input")
    assert "ane" not in answer.json["detail"].replace("an unknown", "")
    assert gateway.done == before


@pytest.mark.parametrize(("method", "path"), sorted(BODIES))
@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/xml",
        "application/jsonp",
        "application/json-patch+json",
    ],
)
def test_a_body_of_another_type_is_refused(
    gateway: Gateway, method: str, path: str, content_type: str
) -> None:
    before = gateway.done
    answer = ask(gateway, method, path, headers={"Content-Type": content_type})
    assert problem_of(answer) == (415, "unsupported-media-type")
    assert gateway.done == before


def test_every_body_that_is_described_is_sent() -> None:
    """Or what is refused above would be refused for another reason."""
    assert BODIES.keys() <= set(operations())
    assert {one for one in READING_BODIES if one not in BODIES} == {
        ("POST", "/runs/{run_id}/approve"),
        ("POST", "/runs/{run_id}/discard"),
        ("POST", "/runs/{run_id}/issues/table"),
        ("POST", "/owners/{owner_id}/resync"),
    }


# -- Server addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "017700000001", "0", "0.0.0.0"),
        *(
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
        ),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "[fe80::1%25eth0]"),
        *("[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "localhost", "localhost.", "metadata.google.internal"),
        *("x.rosterserver.example@127.0.0.1", "127.0.0.1#.rosterserver.example"),
        *("127.0.0.1\\.rosterserver.example", "127.0.0.1/.rosterserver.example"),
        *("127.0.0.1.rosterserver.example.evil.example", "rosterserver.example:80@127.0.0.1", "①②⑦.⓪.⓪.①"),
    ],
)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_server_address_that_leads_inwards_is_refused(gateway: Gateway, host: str, scheme: str) -> None:
    before = gateway.done
    body = {"clientId": "id", "clientSecret": "canary-secret", "serverUrl": f"{scheme}://{host}"}
    answer = gateway.call("PUT", "/integration/credentials", body)
    assert problem_of(answer) == (422, "not-a-roster-server")
    assert "canary-secret" not in answer.text
    assert gateway.done == before


def test_a_name_that_leads_inwards_is_refused(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1"):
        found = [(2, 1, 6, "", (address, 443))]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, found=found, **__: found)
        body = {"clientId": "id", "clientSecret": "s", "serverUrl": "https://inner.rosterserver.example"}
        answer = gateway.call("PUT", "/integration/credentials", body)
        assert problem_of(answer) == (422, "not-a-roster-server")
        assert address not in answer.text
