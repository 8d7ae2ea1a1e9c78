"""What a client gets: a function's answer as API Gateway understands it, or API Gateway's own."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from werkzeug.wrappers import Response

_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FIELD_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS: Final = frozenset({"connection", "content-length", "transfer-encoding"})
# From Python 3.13 on it is "Content Too Large".
_WORDS: Final = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Request Entity Too Large"}


class _MalformedError(Exception):
    """The function returned what is no answer."""


def api_answer(status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response:
    """API Gateway's own answer: ``{"message": "Not Found"}``."""
    message = {"message": _WORDS.get(status, status.phrase)}
    text = json.dumps(message, separators=(",", ":"))
    return Response(text, status, dict(headers or {}), content_type="application/json")


def function_answer(payload: Any) -> Response:
    """A function's answer; 500 for one that API Gateway cannot make an answer of.

    Without a ``statusCode`` the payload itself is the body, as JSON: a text without its quotes
    (aws/aws-lambda-dotnet#1934).
    """
    if not isinstance(payload, Mapping) or "statusCode" not in payload:
        text = payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"))
        return Response(text, HTTPStatus.OK, content_type="application/json")
    try:
        response = Response(_body(payload), _status(payload["statusCode"]))
        given = [(name, _text(value)) for name, value in _mapping(payload.get("headers")).items()]
        if any(name.lower() == "content-type" for name, _ in given):
            del response.headers["content-type"]
        for name, value in given:
            if name.lower() not in _OURS:
                response.headers.add(_checked(_TOKEN, name), value)
        for cookie in payload.get("cookies") or []:
            response.headers.add("set-cookie", _text(cookie))
    except _MalformedError:
        return api_answer(HTTPStatus.INTERNAL_SERVER_ERROR)
    return response


def _status(value: Any) -> int:
    # A number as text is taken: could not be confirmed for HTTP APIs.
    if isinstance(value, bool) or not re.fullmatch(r"[1-5]\d\d", str(value)):
        raise _MalformedError
    return int(value)


def _body(payload: Mapping[str, Any]) -> bytes:
    body = payload.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise _MalformedError
    if payload.get("isBase64Encoded") is not True:
        return body.encode("utf-8", "replace")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise _MalformedError from None


def _mapping(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _MalformedError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise _MalformedError
    return _checked(_FIELD_VALUE, value if isinstance(value, str) else json.dumps(value))


def _checked(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise _MalformedError
    return text
