"""Tokens made on this machine, and what an authorizer makes of them."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from local.clock import Clock
from local.http_api import JwtAuthorizer, Route
from local.jwt_authorizer import JwtGate
from local.jwt_claims import claims_as_text
from local.tokens import LIFETIME, TokenIssuer

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def issuer():
    clock = Clock()
    clock.set(NOW)
    return TokenIssuer("https://issuer.example", clock)


def route(*scopes):
    authorizer = JwtAuthorizer(
        issuer="https://issuer.example", audience=("toy", "other"), header="authorization"
    )
    return Route(method="GET", path="/", function_arn="arn", authorizer=authorizer, scopes=scopes)


def admit(issuer, header, *scopes, issuers=None):
    """What the authorizer gives to the event, or its answer."""
    gate = JwtGate([issuer] if issuers is None else issuers, issuer.clock)
    headers = [("Authorization", header)] if header else []
    environ = EnvironBuilder(headers=headers).get_environ()
    return gate.admit(route(*scopes), Request(environ))


def payload_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_token_says_who_made_it_for_whom_and_until_when(issuer):
    token = payload_of(issuer.token("toy", {"custom:tenant": "t1"}, sub="admin"))
    assert token == {
        "iss": "https://issuer.example",
        "aud": "toy",
        "sub": "admin",
        "custom:tenant": "t1",
        "iat": NOW.timestamp(),
        "exp": (NOW + LIFETIME).timestamp(),
    }


def test_a_claim_overridden_with_none_is_left_out(issuer):
    assert "exp" not in payload_of(issuer.token("toy", {"exp": 1}, exp=None))


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer "])
def test_a_token_is_admitted_with_and_without_bearer(issuer, prefix):
    admitted = admit(issuer, prefix + issuer.token("toy"))
    assert admitted["claims"]["sub"] == "someone"


@pytest.mark.parametrize(
    "given",
    [{"audience": "other"}, {"audience": ["x", "toy"]}, {"audience": "x", "aud": None, "client_id": "toy"}],
)
def test_an_audience_is_one_of_the_authorizers_in_aud_or_else_in_client_id(issuer, given):
    assert "claims" in admit(issuer, issuer.token(**given))


def test_client_id_does_not_count_beside_another_audience(issuer):
    assert admit(issuer, issuer.token("x", client_id="toy")).status_code == 401


def test_a_bad_token_of_every_kind_is_refused(issuer):
    for what, token in issuer.bad_tokens("toy", {"custom:tenant": "t1"}).items():
        answer = admit(issuer, f"Bearer {token}")
        assert isinstance(answer, Response), what
        assert answer.status_code == 401, what
        assert answer.json == {"message": "Unauthorized"}, what
        assert answer.headers["www-authenticate"].startswith('Bearer scope="" error="invalid_token"'), what


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dTpw", "a.b.c", "....", "é.é.é", "Bearer " + "[" * 5000],
)
def test_what_is_no_token_is_refused(issuer, header):
    assert admit(issuer, header).status_code == 401


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["1", True, [], {}])
def test_a_time_that_is_no_number_is_refused(issuer, claim, value):
    assert admit(issuer, issuer.token("toy", {claim: value})).status_code == 401


@pytest.mark.parametrize(
    "header", [{"kid": ["a"]}, {"kid": {}}, {"alg": ["RS256"]}, {"alg": "RS256", "crit": ["x"]}, {}]
)
def test_a_token_whose_header_is_not_as_it_should_be_is_refused(issuer, header):
    text = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    token = ".".join([text, *issuer.token("toy").split(".")[1:]])
    assert admit(issuer, token).status_code == 401


def test_a_good_token_of_an_issuer_that_the_engine_does_not_know_is_refused(issuer):
    assert admit(issuer, issuer.token("toy"), issuers=[]).status_code == 401


def test_the_key_of_another_issuer_that_the_engine_knows_opens_nothing(issuer):
    other = TokenIssuer("https://another.example", issuer.clock)
    token = other.token("toy", iss=issuer.issuer)
    assert admit(issuer, token, issuers=[issuer, other]).status_code == 401


def test_a_token_expires_on_the_engines_clock():
    clock = Clock()
    clock.set(NOW)
    issuer = TokenIssuer("https://issuer.example", clock)
    token = issuer.token("toy")
    clock.advance(LIFETIME - timedelta(seconds=1))
    assert "claims" in admit(issuer, token)
    clock.advance(timedelta(seconds=1))
    assert admit(issuer, token).status_code == 401


def test_one_of_the_routes_scopes_is_enough(issuer):
    for claim in ({"scope": "a w"}, {"scope": ["w"]}, {"scp": "w"}, {"scp": ["w", "x"]}):
        assert admit(issuer, issuer.token("toy", claim), "w", "all")["scopes"] == ["w"]


@pytest.mark.parametrize("claims", [{}, {"scope": ""}, {"scope": "ww"}, {"scp": []}, {"scope": 1}])
def test_a_token_without_the_routes_scopes_is_forbidden(issuer, claims):
    answer = admit(issuer, issuer.token("toy", claims), "w", "all")
    assert (answer.status_code, answer.json) == (403, {"message": "Forbidden"})
    assert 'scope="w all" error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_scopes_are_null_where_the_route_asks_for_none(issuer):
    assert admit(issuer, issuer.token("toy", scope="a b"))["scopes"] is None


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("as it is", "as it is"),
        (1785675600, "1785675600"),
        (True, "true"),
        (False, "false"),
        (["a", "b c", 3, True], "[a b c 3 true]"),
        ([], "[]"),
        ({"b": {"y": [1]}, "a": "x"}, "map[a:x b:map[y:[1]]]"),
    ],
)
def test_a_claim_reaches_a_function_as_text(claim, text):
    assert claims_as_text({"claim": claim}) == {"claim": text}


def test_a_claim_that_is_null_does_not_reach_a_function():
    assert claims_as_text({"a": None, "b": ""}) == {"b": ""}
