"""Who is let in: real OAuth 1.0a signatures, and bearer tokens."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, SIGNATURE_PLAINTEXT, Client

from simulator.district import District
from simulator.server import SimulatedServer
from tests.simulator.client import V1P1, get, signed

QUERY = "?limit=1&filter=role%3D%27student%27%20AND%20status%3D%27active%27&sort=sourcedId"


@pytest.mark.parametrize("method", [SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256])
def test_both_digests_are_let_in(server: SimulatedServer, method: str) -> None:
    assert get(server, f"{V1P1}/students{QUERY}", method=method).status_code == 200


@pytest.mark.parametrize(
    ("auths", "method", "status"),
    [
        (["oauth1-sha256"], SIGNATURE_HMAC_SHA256, 200),
        (["oauth1-sha256"], SIGNATURE_HMAC_SHA1, 401),
        (["oauth1-sha1"], SIGNATURE_HMAC_SHA256, 401),
        (["oauth2"], SIGNATURE_HMAC_SHA256, 401),
        (["oauth1-sha1", "oauth1-sha256"], SIGNATURE_PLAINTEXT, 401),
    ],
)
def test_only_open_ways_let_in(district: District, auths: list[str], method: str, status: int) -> None:
    with SimulatedServer(district, auths=auths) as server:
        assert get(server, f"{V1P1}/orgs", method=method).status_code == status


def test_a_wrong_secret_and_a_wrong_id_are_refused(server: SimulatedServer) -> None:
    refused = get(server, f"{V1P1}/orgs", secret="another")
    assert refused.status_code == 401
    assert refused.json()["imsx_codeMajor"] == "failure"
    url = f"{server.url}{V1P1}/orgs"
    _, headers, _ = Client("somebody", server.client_secret).sign(url)
    assert requests.get(url, headers=headers, timeout=10).status_code == 401


def test_another_query_than_was_signed_is_refused(server: SimulatedServer) -> None:
    url, headers = signed(server, f"{V1P1}/orgs?limit=1")
    assert requests.get(url.replace("limit=1", "limit=2"), headers=headers, timeout=10).status_code == 401


def test_a_plus_for_a_space_is_refused(server: SimulatedServer) -> None:
    path = f"{V1P1}/students{QUERY}".replace("%20", "+")
    assert get(server, path).status_code == 401


def test_a_nonce_is_good_for_one_request(server: SimulatedServer) -> None:
    url, headers = signed(server, f"{V1P1}/orgs")
    assert requests.get(url, headers=headers, timeout=10).status_code == 200
    assert requests.get(url, headers=headers, timeout=10).status_code == 401


@pytest.mark.parametrize(("nonce", "status"), [("Ab3dEf6h", 200), ("0" * 32, 200), ("short", 401)])
def test_nonces_of_8_letters_to_32_digits_are_in_use(
    server: SimulatedServer, nonce: str, status: int
) -> None:
    assert get(server, f"{V1P1}/orgs", nonce=nonce).status_code == status


def test_a_clock_that_is_far_off_is_refused(server: SimulatedServer) -> None:
    assert get(server, f"{V1P1}/orgs", timestamp="1700000000").status_code == 401


def test_parameters_may_come_in_any_order_and_without_spaces(server: SimulatedServer) -> None:
    url, headers = signed(server, f"{V1P1}/orgs")
    parameters = headers["Authorization"].removeprefix("OAuth ").split(", ")
    header = {"Authorization": "OAuth " + ",".join(reversed(parameters))}
    assert requests.get(url, headers=header, timeout=10).status_code == 200


def test_the_version_may_be_left_out(server: SimulatedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(server.client_id, server.client_secret)
    with_version: Any = client.get_oauth_params

    def without_version(request: Any) -> list[tuple[str, str]]:
        return [pair for pair in with_version(request) if pair[0] != "oauth_version"]

    monkeypatch.setattr(client, "get_oauth_params", without_version)
    url = f"{server.url}{V1P1}/orgs"
    _, headers, _ = client.sign(url)
    assert "oauth_version" not in headers["Authorization"]
    assert requests.get(url, headers=headers, timeout=10).status_code == 200


@pytest.mark.parametrize(
    "header", ["", "OAuth", "OAuth nonsense", "Basic abc", "Bearer ", "Bearer x", 'OAuth a="%"']
)
def test_anything_else_is_refused(server: SimulatedServer, header: str) -> None:
    answer = requests.get(f"{server.url}{V1P1}/orgs", headers={"Authorization": header}, timeout=10)
    assert answer.status_code == 401


def test_a_rotated_secret_ends_the_old_one(server: SimulatedServer) -> None:
    old = server.client_secret
    new = server.rotate_secret()
    assert new != old
    assert get(server, f"{V1P1}/orgs", secret=old).status_code == 401
    assert get(server, f"{V1P1}/orgs", secret=new).status_code == 200


def test_a_static_token_is_let_in(district: District) -> None:
    with SimulatedServer(district, token="given-by-hand") as server:
        url = f"{server.url}{V1P1}/orgs"
        for token, status in (("given-by-hand", 200), ("another", 401)):
            answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
            assert answer.status_code == status


def ask_token(server: SimulatedServer, secret: str, grant: str = "client_credentials") -> requests.Response:
    basic = base64.b64encode(f"{server.client_id}:{secret}".encode()).decode()
    return requests.post(
        f"{server.url}/token",
        headers={"Authorization": f"Basic {basic}"},
        data={"grant_type": grant},
        timeout=10,
    )


def test_there_is_no_token_to_be_had_unless_the_server_gives_some(server: SimulatedServer) -> None:
    assert ask_token(server, server.client_secret).status_code == 404


def test_a_token_for_the_right_credentials_lets_in_until_the_secret_changes(district: District) -> None:
    with SimulatedServer(district, auths=["oauth2"]) as server:
        assert ask_token(server, "wrong").status_code == 401
        assert ask_token(server, server.client_secret, "password").status_code == 401
        token = ask_token(server, server.client_secret).json()["access_token"]
        header = {"Authorization": f"Bearer {token}"}
        url = f"{server.url}{V1P1}/orgs"
        assert requests.get(url, headers=header, timeout=10).status_code == 200
        server.rotate_secret()
        assert requests.get(url, headers=header, timeout=10).status_code == 401
        assert server.served.token_requests == 3
