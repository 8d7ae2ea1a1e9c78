"""The template's ``AWS::Serverless::HttpApi`` as SAM expands it: routes, authorizers, CORS and limits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.aws import REGION
from local.errors import UnsupportedTemplateError
from local.template import Template

ANY: Final = "ANY"
DEFAULT_ROUTE: Final = "$default"
DEFAULT_STAGE: Final = "$default"

_MAXIMUM_TIMEOUT: Final = 30.0
"""Seconds an integration may take: *Quotas for configuring and running an HTTP API*."""

_METHODS: Final = {
    method.lower(): method for method in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
} | {"x-amazon-apigateway-any-method": ANY}
_FUNCTION_ARN: Final = re.compile(r"/functions/(arn:[^/]+)/invocations$")
_HEADER_SOURCE: Final = re.compile(r"\$request\.header\.([A-Za-z0-9-]+)")
_OPEN: Final = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtAuthorizer:
    """A JWT authorizer. ``header`` is the name, in lower case, of the header that holds the token."""

    issuer: str
    audience: tuple[str, ...]
    header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. ``method`` may be ANY, ``path`` may be ``$default``; ``timeout`` in seconds.

    ``authorizer`` is None where anyone may come; of ``scopes`` a token needs one.
    """

    method: str
    path: str
    function_arn: str
    timeout: float = _MAXIMUM_TIMEOUT
    authorizer: JwtAuthorizer | None = None
    scopes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The route key: ``GET /runs/{id}``, ``ANY /{proxy+}``, ``$default``."""
        return self.path if self.path == DEFAULT_ROUTE else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """A ``CorsConfiguration``; an origin may be ``*``, ``https://*`` or ``http://*``."""

    allow_origins: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: int | None = None
    allow_credentials: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttling:
    """``ThrottlingRateLimit``, requests a second, and ``ThrottlingBurstLimit``, requests at once."""

    rate: float
    burst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpApi:
    """An HTTP API with its one stage, ``$default``. ``cors`` and ``throttling`` are None when not set."""

    id: str
    routes: tuple[Route, ...]
    cors: Cors | None
    throttling: Throttling | None
    stage_variables: Mapping[str, str]

    @property
    def domain_name(self) -> str:
        """The host that AWS would give to it."""
        return f"{self.id}.execute-api.{REGION}.amazonaws.com"


def read_http_api(template: Template) -> HttpApi | None:
    """The template's HTTP API, or None when it has none.

    Raises ``UnsupportedTemplateError`` for more than one, and for what the local engine does not serve: other
    integrations than functions of the template with payload format 2.0, other authorizers than JWT by a
    header, other stages than ``$default``, limits of single routes.
    """
    apis = template.of_type("AWS::ApiGatewayV2::Api")
    if not apis:
        return None
    if len(apis) > 1:
        raise UnsupportedTemplateError(f"the local engine serves one HTTP API, not {', '.join(apis)}")
    (logical_id, properties), *_ = apis.items()
    body = properties.get("Body")
    if body is None:
        raise UnsupportedTemplateError(f"{logical_id}: the local engine serves an API that SAM expanded")
    stage = _stage(template, logical_id)
    return HttpApi(
        id=template.physical_names[logical_id],
        routes=_routes(template, logical_id, body),
        cors=_cors(body.get("x-amazon-apigateway-cors")),
        throttling=_throttling(stage.get("DefaultRouteSettings", {})),
        stage_variables=stage.get("StageVariables", {}),
    )


def _stage(template: Template, logical_id: str) -> Mapping[str, Any]:
    stages = list(template.of_type("AWS::ApiGatewayV2::Stage").values())
    if len(stages) != 1 or stages[0].get("StageName") != DEFAULT_STAGE or "RouteSettings" in stages[0]:
        raise UnsupportedTemplateError(
            f"{logical_id}: the local engine serves one stage, $default, with the same limits for all routes"
        )
    return stages[0]


def _routes(template: Template, logical_id: str, body: Mapping[str, Any]) -> tuple[Route, ...]:
    functions = {function.arn for function in template.functions.values()}
    schemes = body.get("components", {}).get("securitySchemes", {})
    routes = []
    for path, operations in body.get("paths", {}).items():
        for name, operation in operations.items():
            if name not in _METHODS:
                continue
            integration = operation.get("x-amazon-apigateway-integration", {})
            found = _FUNCTION_ARN.search(str(integration.get("uri", "")))
            if not found or found[1] not in functions or integration.get("payloadFormatVersion") != "2.0":
                raise UnsupportedTemplateError(
                    f"{logical_id}: {name} {path} does not lead to a function of the template in payload "
                    "format 2.0"
                )
            authorizer, scopes = _security(logical_id, operation.get("security", []), schemes)
            milliseconds = float(integration.get("timeoutInMillis", _MAXIMUM_TIMEOUT * 1000))
            routes.append(
                Route(
                    method=_METHODS[name],
                    path=path,
                    function_arn=found[1],
                    timeout=milliseconds / 1000,
                    authorizer=authorizer,
                    scopes=scopes,
                )
            )
    return tuple(routes)


def _security(
    logical_id: str, security: list[Mapping[str, list[str]]], schemes: Mapping[str, Any]
) -> tuple[JwtAuthorizer | None, tuple[str, ...]]:
    named = {name: tuple(scopes) for item in security for name, scopes in item.items() if name != _OPEN}
    if not named:
        return None, ()
    (name, scopes), *more = named.items()
    authorizer = schemes.get(name, {}).get("x-amazon-apigateway-authorizer", {})
    source = _HEADER_SOURCE.fullmatch(str(authorizer.get("identitySource", "")))
    configuration = authorizer.get("jwtConfiguration", {})
    if more or authorizer.get("type") != "jwt" or not source or not configuration.get("issuer"):
        raise UnsupportedTemplateError(
            f"{logical_id}: the authorizer {name} is not a JWT authorizer with an issuer and a header"
        )
    audience = configuration.get("audience", [])
    return (
        JwtAuthorizer(
            issuer=configuration["issuer"],
            audience=(audience,) if isinstance(audience, str) else tuple(audience),
            header=source[1].lower(),
        ),
        scopes,
    )


def _cors(configuration: Mapping[str, Any] | None) -> Cors | None:
    if configuration is None:
        return None
    return Cors(
        allow_origins=tuple(configuration.get("allowOrigins", ())),
        allow_headers=tuple(configuration.get("allowHeaders", ())),
        allow_methods=tuple(configuration.get("allowMethods", ())),
        expose_headers=tuple(configuration.get("exposeHeaders", ())),
        max_age=int(configuration["maxAge"]) if "maxAge" in configuration else None,
        allow_credentials=str(configuration.get("allowCredentials", False)).lower() == "true",
    )


def _throttling(settings: Mapping[str, Any]) -> Throttling | None:
    if "ThrottlingRateLimit" not in settings or "ThrottlingBurstLimit" not in settings:
        return None
    return Throttling(
        rate=float(settings["ThrottlingRateLimit"]), burst=float(settings["ThrottlingBurstLimit"])
    )
