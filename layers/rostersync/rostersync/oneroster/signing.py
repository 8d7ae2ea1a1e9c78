"""Proof of who asks: OAuth 1.0a signatures, OAuth 2 client credentials, static bearers (ONEROSTER §3)."""

import logging
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from rostersync.errors import CredentialsRejected
from rostersync.oneroster.ability import Auth
from rostersync.oneroster.credentials import Credentials

# At its debug level oauthlib writes whole requests, signatures included, to the log.
logging.getLogger("oauthlib").setLevel(logging.WARNING)

DIGESTS: Final = {"oauth1-sha256": SIGNATURE_HMAC_SHA256, "oauth1-sha1": SIGNATURE_HMAC_SHA1}

EXPIRY_MARGIN: Final = 30.0
"""Seconds before its announced end from which a token is no longer used."""


class Signer(ABC):
    """Makes the ``Authorization`` header of each request. Used by several threads at once."""

    @abstractmethod
    def header(self, url: str) -> str:
        """Return the header for a GET of exactly this URL."""

    def accepted(self, header: str) -> None:
        """Hear that the server took a header."""
        del header

    def renew(self, header: str) -> bool:
        """Say whether another header may succeed where this one was answered with 401."""
        del header
        return False


class _ClassLinkClient(Client):
    """oauthlib's client without the optional ``oauth_version``, as ClassLink's own samples sign."""

    def get_oauth_params(self, request: Any) -> Any:
        parameters = super().get_oauth_params(request)  # type: ignore[no-untyped-call]  # the stubs leave it out
        return [(name, value) for name, value in parameters if name != "oauth_version"]


class OAuth1(Signer):
    """Two-legged OAuth 1.0a with an empty token secret. Fresh nonce and timestamp for every header."""

    def __init__(
        self,
        credentials: Credentials,
        auth: Auth,
        *,
        now: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._credentials = credentials
        self._digest = DIGESTS[auth]
        self._now = now
        self._nonce = nonce

    def header(self, url: str) -> str:
        """Sign a GET of ``url``, all of its query parameters included."""
        client = _ClassLinkClient(
            self._credentials.client_id,
            client_secret=self._credentials.client_secret,
            signature_method=self._digest,
            nonce=self._nonce(),
            timestamp=str(int(self._now())),
        )
        _, headers, _ = client.sign(url)
        return str(headers["Authorization"])


class StaticBearer(Signer):
    """The bearer that ClassLink's proxy takes."""

    def __init__(self, credentials: Credentials) -> None:
        self._header = f"Bearer {credentials.token}"

    def header(self, url: str) -> str:
        """Return the bearer."""
        del url
        return self._header


class ClientCredentials(Signer):
    """OAuth 2 client credentials: one token for all threads, asked for again when it has expired.

    ``fetch`` asks the server and returns the token and the seconds it lives (None: not announced).
    """

    def __init__(
        self, fetch: Callable[[], tuple[str, float | None]], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._header = ""
        self._expires_at: float | None = None
        self._worked = False

    def header(self, url: str) -> str:
        """Return the token's header, asking for a token when there is none that lasts."""
        del url
        with self._lock:
            if not self._header or (self._expires_at is not None and self._now() >= self._expires_at):
                self._ask()
            return self._header

    def accepted(self, header: str) -> None:
        """Note that a token was good once: a later 401 for it means that it expired."""
        if header == self._header:
            self._worked = True

    def renew(self, header: str) -> bool:
        """Say whether to try again: another thread has a newer token already, or this one had worked."""
        with self._lock:
            if header != self._header:
                return bool(self._header)
            if not self._worked:
                return False
            self._header = ""
            self._ask()
            return True

    def _ask(self) -> None:
        token, seconds = self._fetch()
        if not token:
            raise CredentialsRejected(
                "the Roster Server's /token gave no token for this ClientId and ClientSecret"
            )
        self._header = f"Bearer {token}"
        self._worked = False
        # A token that is said to live for less than the margin would be asked for before every request.
        self._expires_at = (
            None if seconds is None else self._now() + max(seconds - EXPIRY_MARGIN, seconds / 2)
        )
