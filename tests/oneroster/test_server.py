import gzip
import itertools
import json
import socket
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import pytest
import requests
import responses

from rostersync.errors import (
    AccessDenied,
    CredentialsRejected,
    NotARosterServer,
    RosterServerUnavailable,
    RosterServerUnreliable,
    UnexpectedAnswer,
)
from rostersync.oneroster.ability import Ability
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.server import RosterServer
from rostersync.oneroster.signals import Busy, Refused, TooHeavy
from tests.oneroster.loopback import Asked, Reply, serving
from tests.oneroster.records import org, user

SECRETS = ("canary-id", "canary-secret", "canary-token")
CREDENTIALS = Credentials(*SECRETS)
SHA256 = Ability(auth="oauth1-sha256")
ALLOWED = AllowList(("nowhere.example",), loopback=True)


def orgs(*records: dict[str, Any], **headers: str) -> Reply:
    return Reply(body=json.dumps({"orgs": list(records)}).encode(), headers=headers)


def server_at(url: str, ability: Ability = SHA256, **options: Any) -> RosterServer:
    return RosterServer(
        f"{url}/ims/oneroster/v1p1", CREDENTIALS, ability, allowed=ALLOWED, wait=lambda _: None, **options
    )


def one_page(script: Callable[[Asked], Reply], **options: Any) -> Any:
    with serving(script) as loopback:
        return server_at(loopback.url, **options).page("orgs", offset=0, limit=2)


def counts_of(server: RosterServer) -> list[tuple[int, int, str]]:
    """Return where the server's counts will stand."""
    told: list[tuple[int, int, str]] = []
    server.sent.report_to(lambda *counts: told.append(counts))
    return told


def test_a_page_is_asked_for_in_the_order_of_ids() -> None:
    with serving(lambda _: orgs(org(1), org(2))) as loopback:
        server = server_at(loopback.url)
        page = server.page("orgs", offset=20, limit=10)
    assert [row.sourced_id for row in page.rows] == ["school-1", "school-2"]
    assert (
        loopback.asked[0].target == "/ims/oneroster/v1p1/orgs?limit=10&offset=20&sort=sourcedId&orderBy=asc"
    )
    assert loopback.asked[0].headers["Authorization"].startswith("OAuth ")


def test_fields_are_asked_for_where_they_are_understood() -> None:
    with serving(lambda _: Reply(body=b'{"users": []}')) as loopback:
        server_at(loopback.url, Ability(fields=True)).page("students", offset=0, limit=1)
        server_at(loopback.url, Ability(fields=True, version="1.2")).page("students", offset=0, limit=1)
    assert "fields=sourcedId%2Cstatus%2C" in loopback.asked[0].query
    assert "primaryOrg" not in loopback.asked[0].query
    assert "primaryOrg" in loopback.asked[1].query
    assert "+" not in loopback.asked[0].target


@pytest.mark.parametrize("name", ["x-total-count", "X-Total-Count", "X-TOTAL-COUNT"])
def test_a_total_is_read_whatever_the_case_of_its_header(name: str) -> None:
    page = one_page(lambda _: orgs(org(1), **{name: " 17 ", "X-Perm-Rev": "r7"}))
    assert (page.total, page.revision) == (17, "r7")


def test_a_total_that_is_missing_is_not_announced() -> None:
    assert one_page(lambda _: orgs(org(1))).total is None
    assert one_page(lambda _: orgs(org(1), **{"x-total-count": ""})).total is None


@pytest.mark.parametrize("total", ["-1", "many", "1.5", "9" * 30])
def test_a_total_that_is_no_number_is_no_answer(total: str) -> None:
    with pytest.raises(UnexpectedAnswer, match="total"):
        one_page(lambda _: orgs(org(1), **{"x-total-count": total}))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, CredentialsRejected),
        (403, AccessDenied),
        (404, Refused),
        (418, Refused),
        (429, Busy),
        (500, RosterServerUnavailable),
        (501, RosterServerUnavailable),
        (502, TooHeavy),
        (503, TooHeavy),
        (504, TooHeavy),
        (204, Refused),
        (301, NotARosterServer),
        (302, NotARosterServer),
        (307, NotARosterServer),
    ],
)
def test_a_status_decides_whatever_the_body_says(status: int, error: type[Exception]) -> None:
    reply = Reply(
        status, b"<html>canary</html>" if status != 204 else b"", {"Location": "https://elsewhere.example/"}
    )
    with serving(lambda _: reply) as loopback:
        with pytest.raises(error) as raised:
            server_at(loopback.url).page("students", offset=0, limit=1)
        assert len(loopback.asked) == 1
    assert type(raised.value) is error
    assert "canary" not in str(raised.value)
    assert "sort" not in str(raised.value)


def test_a_cool_down_is_read_in_seconds_and_as_a_date() -> None:
    def after(value: str) -> float | None:
        with pytest.raises(Busy) as raised:
            one_page(lambda _: Reply(429, b"slow down", {"Retry-After": value}))
        return raised.value.retry_after

    assert after("7") == 7.0
    assert after("-3") == 0.0
    assert after("86400") == 900.0
    assert after(formatdate(0, usegmt=True)) == 0.0
    assert after("soon") is None


@pytest.mark.parametrize("body", [b"<html></html>", b"", b"OK", b"[1]", b'{"orgs": null}'])
def test_a_200_that_is_no_page_is_never_empty(body: bytes) -> None:
    with pytest.raises((UnexpectedAnswer, RosterServerUnavailable)):
        one_page(lambda _: Reply(body=body, headers={"Content-Type": "text/html"}))


def test_gzip_is_unpacked() -> None:
    body = gzip.compress(json.dumps({"orgs": [org(1)]}).encode())
    page = one_page(
        lambda asked: Reply(body=body, headers={"Content-Encoding": asked.headers["Accept-Encoding"]})
    )
    assert len(page.rows) == 1
    assert page.bytes > len(body)


def test_broken_gzip_may_be_asked_for_again() -> None:
    with pytest.raises(RosterServerUnavailable):
        one_page(lambda _: Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}))


def test_a_body_shorter_than_announced_may_be_asked_for_again() -> None:
    body = json.dumps({"orgs": [org(1), org(2)]}).encode()
    with pytest.raises(RosterServerUnavailable, match="broke off"):
        one_page(lambda _: Reply(body=body[:40], length=len(body)))


def test_a_body_without_end_ends_at_its_size() -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"orgs": ['
        yield from itertools.repeat(b"{}," * 1000)

    with pytest.raises(TooHeavy, match="longer than"):
        one_page(lambda _: Reply(chunks=endless), longest_body=100_000)


def test_a_small_gzip_of_a_huge_body_ends_at_its_size_too() -> None:
    body = gzip.compress(b" " * 10_000_000)
    with pytest.raises(TooHeavy, match="longer than"):
        one_page(lambda _: Reply(body=body, headers={"Content-Encoding": "gzip"}), longest_body=100_000)


def test_a_body_that_trickles_ends_at_its_time() -> None:
    ticks = itertools.count(0, 10)

    def trickle() -> Iterator[bytes]:
        yield b'{"orgs": ['
        yield from itertools.repeat(b" ")

    with pytest.raises(TooHeavy, match="too long"):
        one_page(lambda _: Reply(chunks=trickle), clock=lambda: float(next(ticks)))


def test_a_hang_up_and_a_closed_port_are_unavailable() -> None:
    with pytest.raises(RosterServerUnavailable):
        one_page(lambda _: Reply(hang_up=True))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(RosterServerUnavailable, match=r"127\.0\.0\.1"):
        server_at(f"http://127.0.0.1:{port}").page("orgs", offset=0, limit=1)


def test_silence_ends_after_the_read_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(RosterServerUnavailable, match="in time"):
            server_at(url, timeout=(1.0, 0.05)).page("orgs", offset=0, limit=1)


def test_a_certificate_nobody_vouches_for_is_not_tried_again() -> None:
    import ssl

    with responses.RequestsMock() as mocked:
        refused = requests.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed"))
        mocked.get("https://nowhere.example/ims/oneroster/v1p1/orgs", body=refused)
        with pytest.raises(NotARosterServer, match="certificate"):
            server_at("https://nowhere.example").page("orgs", offset=0, limit=1)


def test_a_connection_serves_request_after_request() -> None:
    with serving(lambda asked: Reply(404, b"no") if "users" in asked.path else orgs(org(1))) as loopback:
        server = server_at(loopback.url)
        for _ in range(3):
            server.page("orgs", offset=0, limit=1)
            server.user("nobody")
    assert len({asked.connection for asked in loopback.asked}) == 1


def test_a_user_is_read_by_an_escaped_id() -> None:
    sourced_id = "a/b?c%d é+|#"
    with serving(
        lambda _: Reply(body=json.dumps({"user": user(1, sourcedId=sourced_id)}).encode())
    ) as loopback:
        row = server_at(loopback.url).user(sourced_id)
    assert row is not None
    assert row.sourced_id == sourced_id
    assert loopback.asked[0].target == "/ims/oneroster/v1p1/users/a%2Fb%3Fc%25d%20%C3%A9%2B%7C%23"


def test_a_user_who_is_not_there_is_absent_and_another_error_is_not() -> None:
    with serving(lambda _: Reply(404)) as loopback:
        assert server_at(loopback.url).user("u1") is None
    with serving(lambda _: Reply(400)) as loopback, pytest.raises(UnexpectedAnswer) as raised:
        server_at(loopback.url).user("u1")
    assert type(raised.value) is UnexpectedAnswer
    with serving(lambda _: Reply(body=json.dumps({"user": user(2)}).encode())) as loopback:
        answered = server_at(loopback.url).user("U00002")
    assert answered is not None
    assert answered.sourced_id == "u00002", "somebody else; what that means is the caller's"


@pytest.mark.parametrize("sourced_id", ["", ".", "..", "\ud800"])
def test_an_id_that_no_url_can_carry_is_not_asked_for(sourced_id: str) -> None:
    with serving(lambda _: Reply(500)) as loopback:
        assert server_at(loopback.url).user(sourced_id) is None
    assert loopback.asked == []


def test_a_small_question_is_asked_again_and_then_fails_by_its_public_name() -> None:
    replies = iter([Reply(503), Reply(429), orgs(org(1), **{"x-total-count": "9"})])
    with serving(lambda _: next(replies)) as loopback:
        assert server_at(loopback.url).peek("orgs").total == 9
    with serving(lambda _: Reply(503)) as loopback, pytest.raises(RosterServerUnavailable) as raised:
        server_at(loopback.url).peek("orgs")
    assert type(raised.value) is RosterServerUnavailable
    assert len(loopback.asked) == 4


def test_a_failure_that_may_be_sent_again_is_told_at_once() -> None:
    replies = iter([orgs(org(1)), orgs(org(1)), Reply(503), Reply(404), Reply(404), Reply(401)])
    with serving(lambda _: next(replies)) as loopback:
        server = server_at(loopback.url)
        told = counts_of(server)
        for _ in range(2):
            server.page("orgs", offset=0, limit=1)
        with pytest.raises(TooHeavy):
            server.page("orgs", offset=0, limit=1)
        assert server.user("u1") is None, "an answer: there is no such user"
        with pytest.raises(Refused):
            server.page("orgs", offset=0, limit=1)
        with pytest.raises(CredentialsRejected):
            server.page("orgs", offset=0, limit=1)
        server.sent.report()
    assert told == [(2, 1, "the Roster Server answered /orgs with 503"), (2, 1, "")]


def test_who_counts_may_end_it() -> None:
    def refuse(_: int, __: int, why: str) -> None:
        raise RosterServerUnreliable(f"too many: {why}")

    with serving(lambda _: Reply(429)) as loopback:
        server = server_at(loopback.url)
        server.sent.report_to(refuse)
        with pytest.raises(
            RosterServerUnreliable, match="too many: the Roster Server answered /orgs with 429"
        ):
            server.peek("orgs")
    assert len(loopback.asked) == 1, "nothing is asked again"


def test_a_token_is_fetched_once_and_again_when_it_expires() -> None:
    given: list[str] = []

    def script(asked: Asked) -> Reply:
        if asked.path == "/token":
            assert asked.headers["Authorization"] == "Basic Y2FuYXJ5LWlkOmNhbmFyeS1zZWNyZXQ="
            assert asked.body == b"grant_type=client_credentials"
            given.append(f"token-{len(given)}")
            return Reply(body=json.dumps({"access_token": given[-1], "expires_in": 3600}).encode())
        served = sum(1 for each in loopback.asked if each.path != "/token")
        valid = given[0] if served <= 2 else "token-1"
        return orgs(org(1)) if asked.headers["Authorization"] == f"Bearer {valid}" else Reply(401)

    with serving(script) as loopback:
        server = server_at(loopback.url, Ability(auth="oauth2"))
        told = counts_of(server)
        for _ in range(4):
            assert len(server.page("orgs", offset=0, limit=1).rows) == 1
    server.sent.report()
    assert given == ["token-0", "token-1"]
    assert told == [(6, 1, "")], "the first token was refused once, and nothing else"
    assert len(loopback.asked) == 7


def test_after_a_401_for_a_token_that_worked_one_more_request_is_sent_at_most() -> None:
    rotated = False

    def script(asked: Asked) -> Reply:
        if rotated:
            return Reply(401)
        return Reply(body=b'{"access_token": "t"}') if asked.path == "/token" else orgs(org(1))

    with serving(script) as loopback:
        server = server_at(loopback.url, Ability(auth="oauth2"))
        server.page("orgs", offset=0, limit=1)
        rotated = True
        with pytest.raises(CredentialsRejected):
            server.page("orgs", offset=0, limit=1)
    assert [asked.path for asked in loopback.asked[2:]] == ["/ims/oneroster/v1p1/orgs", "/token"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400), CredentialsRejected),
        (Reply(401), CredentialsRejected),
        (Reply(403), CredentialsRejected),
        (Reply(404), Refused),
        (Reply(503), TooHeavy),
        (Reply(body=b"<html>"), UnexpectedAnswer),
        (Reply(body=b'{"access_token": 7}'), UnexpectedAnswer),
    ],
)
def test_what_the_token_address_answers_is_typed(reply: Reply, error: type[Exception]) -> None:
    with serving(lambda _: reply) as loopback, pytest.raises(error):
        server_at(loopback.url, Ability(auth="oauth2")).page("orgs", offset=0, limit=1)


def test_a_static_bearer_is_sent_as_it_is() -> None:
    with serving(lambda _: orgs(org(1))) as loopback:
        server_at(loopback.url, Ability(auth="bearer")).page("orgs", offset=0, limit=1)
    assert loopback.asked[0].headers["Authorization"] == "Bearer canary-token"


def test_neither_a_proxy_nor_a_netrc_of_the_environment_stands_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert len(one_page(lambda _: orgs(org(1))).rows) == 1


def test_an_address_that_would_be_sent_otherwise_is_not_sent() -> None:
    server = RosterServer("https://nowhere.example/a b", CREDENTIALS, SHA256, allowed=ALLOWED)
    with pytest.raises(NotARosterServer, match="as it was written"):
        server.page("orgs", offset=0, limit=1)
    told = counts_of(server)
    server.sent.report()
    assert told == []
