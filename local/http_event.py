"""Makes the event that API Gateway sends to a function: payload format 2.0.

The format is *Create AWS Lambda proxy integrations for HTTP APIs*; what that page leaves open is as others
measured it, named where it is done. A field with nothing in it is left out, but for the query string.
"""

import base64
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request

from local.aws import ACCOUNT
from local.http_api import DEFAULT_STAGE, HttpApi
from local.http_routes import RouteMatch

# Measured in ministackorg/ministack#766: all else is binary, a form and a body without a type too.
_TEXT_TYPES: Final = frozenset({"application/javascript", "application/json", "application/xml"})


def new_request_id() -> str:
    """An id of the kind that HTTP APIs give to requests: ``Mc7UVioPPHcEKPA=``."""
    return base64.b64encode(secrets.token_bytes(11)).decode()


def decoded_path(request: Request) -> str:
    """The path that routes are matched with and functions get as ``rawPath``, which is not raw but decoded.

    Measured in honojs/hono#2156; what follows an encoded question mark is cut off (middleapi/standard-
    server#93). That routes are matched after decoding, so that ``%2F`` parts a path, could not be confirmed.
    """
    return request.path.partition("?")[0]


def http_event(
    request: Request,
    body: bytes,
    match: RouteMatch,
    *,
    api: HttpApi,
    request_id: str,
    time: datetime,
    jwt: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The event of one request; ``jwt`` is ``{"claims", "scopes"}`` where an authorizer let it in."""
    path = decoded_path(request)
    is_binary = bool(body) and not _is_text(request.mimetype)
    query = request.query_string.decode("latin-1")
    cookies = [cookie.strip() for cookie in request.headers.get("cookie", "").split(";") if cookie.strip()]
    source_ip = request.remote_addr or ""
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": api.id,
        "domainName": api.domain_name,
        "domainPrefix": api.id,
        "http": {
            "method": request.method,
            "path": path,
            "protocol": request.environ["SERVER_PROTOCOL"],
            "sourceIp": source_ip,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": match.route.key,
        "stage": DEFAULT_STAGE,
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(time.timestamp() * 1000),
    }
    if jwt is not None:
        context["authorizer"] = {"jwt": jwt}
    text = base64.b64encode(body).decode() if is_binary else body.decode("utf-8", "replace")
    optional = {
        "cookies": cookies,
        "queryStringParameters": _query_parameters(query),
        "pathParameters": dict(match.path_parameters),
        "stageVariables": dict(api.stage_variables),
        "body": text,
    }
    return {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": _headers(request, len(body), api.domain_name, source_ip, time),
        "requestContext": context,
        "isBase64Encoded": is_binary,
        **{name: value for name, value in optional.items() if value},
    }


def _headers(request: Request, length: int, host: str, source_ip: str, time: datetime) -> dict[str, str]:
    # werkzeug has joined repeated ones with a comma, as API Gateway does.
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers.pop("cookie", None)
    forwarded = [headers["x-forwarded-for"]] if "x-forwarded-for" in headers else []
    # That a client's own x-forwarded-for is added to, and not replaced, could not be confirmed.
    return headers | {
        "content-length": str(length),
        "host": host,
        "x-amzn-trace-id": f"Root=1-{int(time.timestamp()):08x}-{secrets.token_hex(12)}",
        "x-forwarded-for": ", ".join([*forwarded, source_ip]),
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }


def _query_parameters(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def _is_text(content_type: str) -> bool:
    return content_type.startswith("text/") or content_type in _TEXT_TYPES
