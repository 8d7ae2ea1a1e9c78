"""Checks a request's token as an HTTP API's JWT authorizer does.

The steps and their order are *Control access to HTTP APIs with JWT authorizers*. Of the words in the answers
only those about the audience are in AWS's own pages; the rest could not be confirmed.
"""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import GuestProtocol, RSAKey
from werkzeug.wrappers import Request, Response

from local.clock import Clock
from local.http_answer import api_answer
from local.http_api import JwtAuthorizer, Route
from local.jwt_claims import claims_as_text
from local.tokens import TokenIssuer

_ALGORITHMS: Final = ("RS256",)
"""AWS takes RSA-based ones; our issuers sign with this one."""

_PREFIX: Final = "bearer "


class _RefusedError(Exception):
    """The token is not good; the text says why, in the words of the answer's header."""


class JwtGate:
    """Lets requests in by their tokens.

    AWS asks the issuer's address for its keys (``/.well-known/openid-configuration``, ``jwks_uri``). Nothing
    of that happens here: ``issuers`` are the whole world, and a token of any other is refused.
    """

    def __init__(self, issuers: Iterable[TokenIssuer], clock: Clock) -> None:
        self._issuers = tuple(issuers)
        self._clock = clock

    def admit(self, route: Route, request: Request) -> dict[str, Any] | Response | None:
        """What the event says of the token, the answer that refuses it, or None for an open route."""
        if route.authorizer is None:
            return None
        token = _token(request.headers.get(route.authorizer.header, ""))
        if not token:
            return api_answer(HTTPStatus.UNAUTHORIZED, {"www-authenticate": "Bearer"})
        try:
            claims = self._claims(route.authorizer, token)
        except _RefusedError as refusal:
            return _refusal(HTTPStatus.UNAUTHORIZED, route, "invalid_token", str(refusal))
        granted = [scope for scope in _scopes(claims) if scope in route.scopes]
        if route.scopes and not granted:
            description = "the token does not have a required scope"
            return _refusal(HTTPStatus.FORBIDDEN, route, "insufficient_scope", description)
        # Null where the route asks for no scope, whatever the token has (its example in awsdocs/amazon-api-
        # gateway-developer-guide#113); that only those asked for are named could not be confirmed.
        return {"claims": claims_as_text(claims), "scopes": granted or None}

    def _claims(self, authorizer: JwtAuthorizer, token: str) -> Mapping[str, Any]:
        def key_of(signed: GuestProtocol) -> RSAKey:
            return self._key(authorizer.issuer, signed.headers().get("kid"))

        try:
            claims = json.loads(jws.deserialize_compact(token, key_of, algorithms=_ALGORITHMS).payload)
        except _RefusedError:
            raise
        except Exception:  # whatever a library makes of what anyone may send, it is no token
            raise _RefusedError("the token could not be verified") from None
        if not isinstance(claims, Mapping):
            raise _RefusedError("the token has no claims")
        if claims.get("iss") != authorizer.issuer:
            raise _RefusedError("issuer does not match")
        # client_id counts only where there is no aud (*Troubleshooting ... HTTP API JWT authorizers*).
        audience = claims["aud"] if "aud" in claims else claims.get("client_id")
        if not any(one in authorizer.audience for one in _listed(audience)):
            raise _RefusedError("the token does not have a valid audience")
        self._check_times(claims)
        return claims

    def _key(self, issuer: str, kid: object) -> RSAKey:
        for known in self._issuers:
            if known.issuer == issuer and isinstance(kid, str) and known.key_id == kid:
                return known.public_key
        raise _RefusedError("the token's key is not known")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        # A token that never expires is refused: could not be confirmed.
        if not _is_number(claims.get("exp")) or claims["exp"] <= now:
            raise _RefusedError("the token has expired")
        for name in ("nbf", "iat"):
            if name in claims and (not _is_number(claims[name]) or claims[name] > now):
                raise _RefusedError("the token is not valid yet")


def _token(header: str) -> str:
    # The prefix in any case: could not be confirmed.
    return (header[len(_PREFIX) :] if header.lower().startswith(_PREFIX) else header).strip()


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    value = claims.get("scope", claims.get("scp"))
    return value.split() if isinstance(value, str) else _listed(value)


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refusal(status: HTTPStatus, route: Route, error: str, description: str) -> Response:
    scope = " ".join(route.scopes)
    challenge = f'Bearer scope="{scope}" error="{error}" error_description="{description}"'
    return api_answer(status, {"www-authenticate": challenge})
