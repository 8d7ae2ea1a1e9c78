"""The API's resolver and the gate through which its answers leave."""

from typing import Any, Final, cast

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.typing import LambdaContext

from rostersync.api.bodies import check_body
from rostersync.api.problems import CONTENT_TYPE, code_of, problem, problem_of, unexpected
from rostersync.api.shapes import GatewaysAnswer, Problem, Shape
from rostersync.errors import InvalidInput, NotFound, RosterSyncError
from rostersync.observability import Handler, kind_of, logger, place_of
from rostersync.parsing import FIELD

_PROBLEMS: Final = {
    400: "The request is not valid",
    403: "Not allowed",
    404: "Not found",
    409: "Not as things stand now",
    413: "The request is too long",
    415: "Not JSON",
    422: "Refused by the Roster Server",
    500: "Unexpected error",
    503: "Try again",
}
"""What any route may answer beside what it is for."""

_GATEWAYS: Final = {
    401: "No token, or not a good one",
    404: "Not found",
    413: "The request is too long",
    429: "Too many requests",
    500: "Unexpected error",
    503: "Not in time",
}
"""What API Gateway answers by itself, and in its own form: before a function is asked, or in its place."""


def _refusals() -> dict[int, OpenAPIResponse]:
    told: dict[int, OpenAPIResponse] = {}
    for status in sorted({*_PROBLEMS, *_GATEWAYS}):
        content: dict[str, Any] = {}
        if status in _PROBLEMS:
            content[CONTENT_TYPE] = {"model": Problem}
        if status in _GATEWAYS:
            content["application/json"] = {"model": GatewaysAnswer}
        title = _PROBLEMS.get(status) or _GATEWAYS[status]
        told[status] = cast("OpenAPIResponse", {"description": title, "content": content})
    return told


_REFUSALS: Final = _refusals()


def answers(model: type[Shape], *statuses: int) -> dict[int, OpenAPIResponse]:
    """Return what a route may answer: what it is for, and the problems."""
    meant: OpenAPIResponse = {"description": "As asked", "content": {"application/json": {"model": model}}}
    return {**dict.fromkeys(statuses or (200,), meant), **_REFUSALS}


def make_router() -> APIGatewayHttpRouter:
    """Return an empty router."""
    return APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools gives it no types


def make_resolver() -> APIGatewayHttpResolver:
    """Return a resolver that validates requests and answers, and tells every error as a problem."""
    resolver = APIGatewayHttpResolver(enable_validation=True)
    resolver.exception_handler(RequestValidationError)(_not_valid)
    resolver.exception_handler(RosterSyncError)(_refused)
    resolver.exception_handler(Exception)(_unexpected)
    resolver.not_found(_nothing_here)
    return resolver


def http(resolver: APIGatewayHttpResolver) -> Handler:
    """Make a Lambda handler of a resolver. Neither requests nor answers are logged: route and status are."""

    def handler(event: Any, context: LambdaContext) -> Any:
        logger.set_correlation_id(context.aws_request_id)
        logger.append_keys(function=context.function_name, route=str(event.get("routeKey", "")))
        answer = _refused_body(event) or resolver.resolve(event, context)
        logger.info("answered", status=answer["statusCode"])
        return answer

    return cast("Handler", handler)


def _refused_body(event: Any) -> dict[str, Any] | None:
    """Return the answer to a body that no route may get; None for any other."""
    try:
        check_body(event)
    except RosterSyncError as error:
        told = _refused(error)
        headers = {"Content-Type": CONTENT_TYPE}
        return {
            "statusCode": told.status_code,
            "headers": headers,
            "body": told.body,
            "isBase64Encoded": False,
        }
    return None


def _not_valid(error: RequestValidationError) -> Response[str]:
    fields = ", ".join(sorted({_named(one["loc"]) for one in error.errors()}))
    return problem_of(InvalidInput(f"missing or not as it should be: {fields}"))


def _refused(error: RosterSyncError) -> Response[str]:
    logger.warning("refused", error=type(error).__name__, reason=str(error))
    return problem_of(error)


def _unexpected(error: Exception) -> Response[str]:
    logger.error("unexpected error", error=kind_of(error), place=place_of(error))
    return unexpected()


def _nothing_here(_: NotFoundError) -> Response[str]:
    return problem(404, code_of(NotFound), "Not found", "there is nothing at this address")


def _named(location: tuple[Any, ...]) -> str:
    """Return where in a request something is wrong; a name of the caller's own making is not repeated."""
    parts = [str(part) for part in location if part not in {"body", "query", "path"}]
    return ".".join(part if FIELD.fullmatch(part) else "an unknown field" for part in parts) or "the body"
