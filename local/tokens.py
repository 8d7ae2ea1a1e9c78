"""Tokens of an identity provider that lives on this machine: good ones, and every kind of bad one."""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import KeyParameters, RSAKey

from local.clock import Clock

LIFETIME: Final = timedelta(hours=1)
"""How long a token is good, on the clock it was made by."""

_ALGORITHM: Final = "RS256"
_KEY_BITS: Final = 2048


class TokenIssuer:
    """An issuer with one RSA key, made anew each time: ``LocalEngine(..., clock=clock, issuers=[issuer])``.

    ``issuer`` is the name in ``iss``, which the template's authorizer must have too. Nothing is served at
    that address; the engine takes ``public_key`` from here.
    """

    def __init__(self, issuer: str, clock: Clock, key_id: str = "") -> None:
        self.issuer: Final = issuer
        self.key_id: Final = key_id or str(uuid.uuid4())
        parameters: KeyParameters = {"kid": self.key_id, "use": "sig", "alg": _ALGORITHM}
        self._key = RSAKey.generate_key(_KEY_BITS, parameters)
        self.clock: Final = clock

    @property
    def public_key(self) -> RSAKey:
        """What the issuer would publish at its ``jwks_uri``."""
        return RSAKey.import_key(self._key.as_dict(private=False))

    def token(
        self,
        audience: str | Sequence[str],
        claims: Mapping[str, Any] | None = None,
        *,
        header: Mapping[str, Any] | None = None,
        **overrides: Any,
    ) -> str:
        """A signed token, good for an hour from now.

        ``claims`` is for names that are no Python names (``custom:tenant``); ``overrides`` come last, and
        None leaves a claim out: ``exp=None``. ``header`` overrides the token's header likewise.
        """
        payload = json.dumps(self._claims(audience, claims, overrides))
        full = {"alg": _ALGORITHM, "typ": "JWT", "kid": self.key_id, **(header or {})}
        protected = {name: value for name, value in full.items() if value is not None}
        return jws.serialize_compact(protected, payload, self._key, algorithms=[_ALGORITHM])

    def bad_tokens(self, audience: str, claims: Mapping[str, Any] | None = None) -> dict[str, str]:
        """A token for each thing that can be wrong with one, by what it is; all else about it is right."""
        now = self.clock.now()
        stranger = TokenIssuer(self.issuer, self.clock, self.key_id)
        good = self.token(audience, claims)
        begin, _, signature = good.rpartition(".")
        head, _, _ = begin.partition(".")
        other_claims = _encoded(self._claims(audience, {**(claims or {}), "sub": "another"}, {}))
        public_pem = self._key.as_pem(private=False)

        def by_public_key(text: bytes) -> bytes:
            return hmac.new(public_pem, text, hashlib.sha256).digest()

        def forged(header: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
            body = self._claims(audience, claims, {})
            text = f"{_encoded({'typ': 'JWT', 'kid': self.key_id, **header})}.{_encoded(body)}"
            return f"{text}.{_base64(sign(text.encode()))}"

        return {
            "another key": stranger.token(audience, claims),
            "another key, in its header": stranger.token(
                audience, claims, header={"jwk": stranger.public_key.as_dict(private=False)}
            ),
            "unknown key id": self.token(audience, claims, header={"kid": "unknown"}),
            "no key id": self.token(audience, claims, header={"kid": None}),
            "algorithm none": forged({"alg": "none"}, lambda _: b""),
            "algorithm none, signed": forged({"alg": "none"}, lambda _: b"signature"),
            "public key as secret": forged({"alg": "HS256"}, by_public_key),
            "signature cut off": f"{begin}.",
            "claims changed": f"{head}.{other_claims}.{signature}",
            "expired": self.token(audience, claims, exp=int((now - timedelta(seconds=1)).timestamp())),
            "never expires": self.token(audience, claims, exp=None),
            "not valid yet": self.token(audience, claims, nbf=int((now + LIFETIME / 2).timestamp())),
            "from the future": self.token(audience, claims, iat=int((now + LIFETIME / 2).timestamp())),
            "another issuer": self.token(audience, claims, iss="https://another.example"),
            "no issuer": self.token(audience, claims, iss=None),
            "another audience": self.token(f"{audience}-2", claims),
            "no audience": self.token(audience, claims, aud=None),
            "no token": "garbage",
            "no header": f"{_base64(b'garbage')}.{other_claims}.{signature}",
            "two parts": begin,
        }

    def _claims(
        self, audience: str | Sequence[str], claims: Mapping[str, Any] | None, overrides: Mapping[str, Any]
    ) -> dict[str, Any]:
        now = self.clock.now()
        full = {
            "iss": self.issuer,
            "sub": "someone",
            "aud": audience if isinstance(audience, str) else list(audience),
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            **(claims or {}),
            **overrides,
        }
        return {name: value for name, value in full.items() if value is not None}


def _encoded(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
