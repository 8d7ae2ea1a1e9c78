"""Who may read: OAuth 1.0a signatures as oauthlib's server side checks them, and bearer tokens."""

import base64
import binascii
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from oauthlib.common import to_unicode
from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint

TOKEN_SECONDS: Final = 3600
METHODS: Final = {"oauth1-sha256": "HMAC-SHA256", "oauth1-sha1": "HMAC-SHA1"}
AUTHS: Final = (*METHODS, "oauth2")


class Gate:
    """Checks requests. Everything about it may be changed while the server runs.

    ``auths`` are the ways in that are open, of ``AUTHS``; ``token`` is a static bearer token or "".
    As lenient as clients of ClassLink need it (ONEROSTER §3): any order of parameters, ``oauth_version`` or
    not, nonces of 8 to 64 letters. As strict as some servers are: ``+`` for a space is refused, and a nonce
    that comes twice.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        token: str = "",
        auths: tuple[str, ...] = tuple(METHODS),
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.token = token
        self.auths = auths
        self._tokens: dict[str, float] = {}
        self._lock = threading.Lock()
        self._validator = _Validator(self)

    def lets_in(self, method: str, uri: str, headers: Mapping[str, str]) -> bool:
        """Say whether a request is signed as it has to be; ``uri`` exactly as it came over the wire."""
        authorization = headers.get("Authorization", "")
        scheme = authorization.partition(" ")[0].lower()
        if scheme == "bearer":
            return self._knows(authorization.partition(" ")[2].strip())
        if scheme != "oauth" or "+" in uri.partition("?")[2]:
            return False
        endpoint = SignatureOnlyEndpoint(self._validator)
        try:
            valid, _ = endpoint.validate_request(uri, method, None, {"Authorization": authorization})
        except ValueError:
            # What oauthlib cannot even read, such as a query with a space in it.
            return False
        return bool(valid)

    def rotate(self, client_secret: str = "") -> str:
        """Change the client secret, to a new one unless given; return it. Tokens given so far end too."""
        self.client_secret = client_secret or secrets.token_hex(12)
        self.forget_tokens()
        return self.client_secret

    def new_token(self, authorization: str) -> str:
        """Return a new bearer token for HTTP Basic credentials; ``""`` for wrong ones."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            decoded = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        expected = f"{self.client_id}:{self.client_secret}"
        if scheme.lower() != "basic" or not secrets.compare_digest(decoded.encode(), expected.encode()):
            return ""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[token] = time.monotonic() + TOKEN_SECONDS
        return token

    def forget_tokens(self) -> bool:
        """Let no token in any more that was given so far; say whether there was one."""
        with self._lock:
            known = bool(self._tokens)
            self._tokens.clear()
        return known

    def _knows(self, token: str) -> bool:
        if self.token and secrets.compare_digest(token.encode(), self.token.encode()):
            return True
        with self._lock:
            return self._tokens.get(token, 0.0) > time.monotonic()


class _Validator(RequestValidator):
    """What oauthlib asks about keys, secrets and nonces."""

    enforce_ssl = False
    nonce_length = (8, 64)
    dummy_client = "nobody"

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate
        self._seen: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    @property
    def allowed_signature_methods(self) -> tuple[str, ...]:
        return tuple(method for auth, method in METHODS.items() if auth in self._gate.auths)

    def check_client_key(self, client_key: str) -> bool:
        # Nothing is known about what a key may look like.
        return bool(client_key)

    def check_nonce(self, nonce: str) -> bool:
        shortest, longest = self.nonce_length
        return shortest <= len(nonce) <= longest

    def validate_client_key(self, client_key: str, _request: Any) -> bool:
        return secrets.compare_digest(client_key.encode(), self._gate.client_id.encode())

    def get_client_secret(self, client_key: str, _request: Any) -> str:
        secret = self._gate.client_secret if client_key == self._gate.client_id else "nobody's"
        return str(to_unicode(secret))

    def validate_timestamp_and_nonce(
        self,
        client_key: str,  # noqa: ARG002 - oauthlib's signature
        timestamp: str,
        nonce: str,
        request: Any,  # noqa: ARG002 - oauthlib's signature
        request_token: str | None = None,  # noqa: ARG002 - oauthlib's signature
        access_token: str | None = None,  # noqa: ARG002 - oauthlib's signature
    ) -> bool:
        now = time.monotonic()
        with self._lock:
            if (timestamp, nonce) in self._seen:
                return False
            self._seen[(timestamp, nonce)] = now
            if len(self._seen) > 100_000:
                # Older ones are refused by their timestamp.
                self._seen = {
                    key: seen for key, seen in self._seen.items() if now - seen < self.timestamp_lifetime
                }
        return True
