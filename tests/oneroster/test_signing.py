import re
from urllib.parse import unquote

import pytest

from rostersync.errors import CredentialsRejected
from rostersync.oneroster.ability import Auth
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.signing import ClientCredentials, OAuth1, StaticBearer

# The vectors of ONEROSTER §3: a made-up district, key and secret.
URL = (
    "https://demo-nj-v2.rosterserver.com/ims/oneroster/v1p1/users?limit=1000&offset=0&sort=sourcedId"
    "&orderBy=asc&filter=role%3D%27teacher%27%20AND%20status%3D%27active%27"
)
CREDENTIALS = Credentials("0123456789abcdef01234567", "89abcdef0123456789abcdef")


def parameters_of(header: str) -> dict[str, str]:
    return {name: unquote(value) for name, value in re.findall(r'(oauth_\w+)="([^"]*)"', header)}


@pytest.mark.parametrize(
    ("auth", "signature"),
    [
        ("oauth1-sha1", "kfPPs2QH05B+hwwv98eoy5sWqzc="),
        ("oauth1-sha256", "kjXQwY534dQD5zKWZFq2lRxgkgjSYGsOY47ZeRP2IUQ="),
    ],
)
def test_the_known_vectors_are_signed_as_known(auth: Auth, signature: str) -> None:
    signer = OAuth1(CREDENTIALS, auth, now=lambda: 1700000000.9, nonce=lambda: "Ab3dEf6hIj")
    sent = parameters_of(signer.header(URL))
    assert sent["oauth_signature"] == signature
    assert "oauth_version" not in sent
    assert "oauth_token" not in sent


def test_every_request_has_a_nonce_and_a_signature_of_its_own() -> None:
    signer = OAuth1(CREDENTIALS, "oauth1-sha256", now=lambda: 1700000000)
    sent = [parameters_of(signer.header(URL)) for _ in range(20)]
    assert len({header["oauth_nonce"] for header in sent}) == 20
    assert len({header["oauth_signature"] for header in sent}) == 20


def test_pasted_spaces_are_trimmed_and_nothing_shows() -> None:
    credentials = Credentials("  canary-id\n", "\tcanary-secret ", " canary-token ")
    assert (credentials.client_id, credentials.client_secret) == ("canary-id", "canary-secret")
    assert credentials.token == "canary-token"
    assert "canary" not in repr(credentials)


def test_a_static_bearer_is_never_renewed() -> None:
    signer = StaticBearer(Credentials(token="canary"))
    assert signer.header(URL) == "Bearer canary"
    assert not signer.renew("Bearer canary")


class Tokens:
    def __init__(self, lifetime: float | None = None) -> None:
        self.time = 0.0
        self.asked = 0
        self.signer = ClientCredentials(self.fetch, now=lambda: self.time)
        self.lifetime = lifetime

    def fetch(self) -> tuple[str, float | None]:
        self.asked += 1
        return f"token-{self.asked}", self.lifetime


def test_one_token_serves_until_shortly_before_its_end() -> None:
    tokens = Tokens(lifetime=3600)
    assert tokens.signer.header(URL) == "Bearer token-1"
    tokens.time = 3500
    assert tokens.signer.header(URL) == "Bearer token-1"
    tokens.time = 3590
    assert tokens.signer.header(URL) == "Bearer token-2"


def test_a_token_that_had_worked_is_asked_for_again_once() -> None:
    tokens = Tokens()
    first = tokens.signer.header(URL)
    tokens.signer.accepted(first)
    assert tokens.signer.renew(first)
    second = tokens.signer.header(URL)
    assert second != first
    assert not tokens.signer.renew(second)


def test_a_token_that_never_worked_is_not_asked_for_again() -> None:
    tokens = Tokens()
    assert not tokens.signer.renew(tokens.signer.header(URL))
    assert tokens.asked == 1


def test_a_thread_that_comes_second_uses_the_newer_token() -> None:
    tokens = Tokens()
    first = tokens.signer.header(URL)
    tokens.signer.accepted(first)
    assert tokens.signer.renew(first)
    assert tokens.signer.renew(first)
    assert tokens.asked == 2


def test_no_token_means_rejected() -> None:
    with pytest.raises(CredentialsRejected):
        ClientCredentials(lambda: ("", None)).header(URL)
