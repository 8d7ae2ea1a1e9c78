"""An HTTP API's CORS headers (*Configure CORS for HTTP APIs*)."""

from http import HTTPStatus
from typing import Final

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from local.http_api import Cors

_ANY_ORIGIN: Final = "*"
_PREFIX: Final = "access-control-"


def preflight_answer(cors: Cors, request: Request) -> Response:
    """The API's own answer to an OPTIONS request: 204, with headers when its origin is allowed.

    Whether AWS leaves the headers out when only the method or a header is not allowed could not be confirmed:
    here they say what is allowed, and the browser compares.
    """
    response = Response(status=HTTPStatus.NO_CONTENT)
    del response.headers["content-type"]
    if "access-control-request-method" in request.headers and _allow_origin(cors, request, response.headers):
        for name, values in (("methods", cors.allow_methods), ("headers", cors.allow_headers)):
            if values:
                response.headers[f"{_PREFIX}allow-{name}"] = ",".join(values)
        if cors.max_age is not None:
            response.headers[f"{_PREFIX}max-age"] = str(cors.max_age)
    return response


def add_cors_headers(cors: Cors, request: Request, response: Response) -> None:
    """Set the headers of an answer that came from a function; its own CORS headers are ignored, as on AWS."""
    for name in {name for name in response.headers.keys() if name.lower().startswith(_PREFIX)}:  # noqa: SIM118 - of pairs
        del response.headers[name]
    if _allow_origin(cors, request, response.headers) and cors.expose_headers:
        response.headers[f"{_PREFIX}expose-headers"] = ",".join(cors.expose_headers)


def _allow_origin(cors: Cors, request: Request, headers: Headers) -> bool:
    origin = request.headers.get("origin")
    if not origin:
        return False
    if _ANY_ORIGIN in cors.allow_origins:
        headers[f"{_PREFIX}allow-origin"] = _ANY_ORIGIN
    elif any(_allows(allowed, origin) for allowed in cors.allow_origins):
        headers[f"{_PREFIX}allow-origin"] = origin
    else:
        return False
    if cors.allow_credentials:
        headers[f"{_PREFIX}allow-credentials"] = "true"
    return True


def _allows(allowed: str, origin: str) -> bool:
    return origin.startswith(allowed[:-1]) if allowed.endswith("://*") else origin == allowed
