"""The HTTP front door: what API Gateway does between a client and the functions of an HTTP API."""

import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from local.clock import Clock
from local.cors import add_cors_headers, preflight_answer
from local.errors import LocalEngineError
from local.http_answer import api_answer, function_answer
from local.http_api import HttpApi, Route
from local.http_event import decoded_path, http_event, new_request_id
from local.http_routes import RouteMatch, match_route
from local.jwt_authorizer import JwtGate
from local.static_files import StaticFiles
from local.throttle import TokenBucket
from local.tokens import TokenIssuer
from local.workers import PAYLOAD_LIMIT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BODY_LIMIT: Final = 10 * 1024 * 1024
"""Bytes of a request's body: *Quotas for configuring and running an HTTP API*."""

Invoke = Callable[[str, Any], tuple[Any, Mapping[str, Any] | None]]
"""Invokes a function by ARN: its payload, or the report of its error."""


class FrontDoor:
    """A WSGI application that answers as the API would, and with static files beside it.

    ``throttle`` says whether the API's limits hold, on the engine's clock.
    """

    def __init__(
        self,
        api: HttpApi,
        invoke: Invoke,
        clock: Clock,
        *,
        issuers: Iterable[TokenIssuer] = (),
        throttle: bool = False,
        static: StaticFiles | None = None,
    ) -> None:
        self._api = api
        self._invoke = invoke
        self._clock = clock
        self._gate = JwtGate(issuers, clock)
        self._static = static or StaticFiles()
        # One for the stage; whether AWS counts its routes apart could not be confirmed.
        self._bucket: TokenBucket | None = None
        if throttle and api.throttling is not None:
            self._bucket = TokenBucket(api.throttling, lambda: clock.now().timestamp())

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        request = Request(environ)
        request.max_content_length = BODY_LIMIT
        response = self._static.answer(request)
        if response is None:
            request_id = new_request_id()
            response = self._answer(request, request_id)
            response.headers["apigw-requestid"] = request_id
        return response(environ, start_response)

    def _answer(self, request: Request, request_id: str) -> Response:
        match = match_route(self._api.routes, request.method, decoded_path(request))
        if self._is_preflight(request, match):
            return preflight_answer(self._api.cors, request)  # type: ignore[arg-type]  # there is one: see there
        if match is None:
            return api_answer(HTTPStatus.NOT_FOUND)
        if self._bucket is not None and not self._bucket.take():
            return api_answer(HTTPStatus.TOO_MANY_REQUESTS)
        admitted = self._gate.admit(match.route, request)
        if isinstance(admitted, Response):
            return admitted
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            return api_answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        event = http_event(
            request,
            body,
            match,
            api=self._api,
            request_id=request_id,
            time=self._clock.now(),
            jwt=admitted,
        )
        # Lambda takes no more than this. That the answer is the same could not be confirmed.
        if len(event.get("body", "")) > PAYLOAD_LIMIT:
            return api_answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return self._integrate(match.route, event, request)

    def _is_preflight(self, request: Request, match: RouteMatch | None) -> bool:
        """Whether the API itself answers: it has CORS and nobody is asked for a token on the way.

        A route for ANY method, or ``$default``, takes OPTIONS too; with an authorizer it refuses what
        browsers ask beforehand, on AWS as here (*CORS with a $default route and an authorizer*,
        anomalyco/sst#5493).
        """
        is_open = match is None or match.route.authorizer is None
        return request.method == "OPTIONS" and self._api.cors is not None and is_open

    def _integrate(self, route: Route, event: Mapping[str, Any], request: Request) -> Response:
        answers: queue.SimpleQueue[tuple[Any, Mapping[str, Any] | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                answers.put(self._invoke(route.function_arn, event))
            except LocalEngineError as error:  # the engine was closed around it
                answers.put((None, {"errorMessage": str(error)}))

        # The function goes on when nobody waits any more, as it does on AWS.
        threading.Thread(target=run, daemon=True, name="integration").start()
        try:
            payload, error = answers.get(timeout=route.timeout)
        except queue.Empty:
            return api_answer(HTTPStatus.SERVICE_UNAVAILABLE)
        if error is not None:
            return api_answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        response = function_answer(payload)
        # Not for answers of the API's own: AWS says "to the response from an integration". So a page on
        # another origin cannot read a 401, which could not be confirmed.
        if self._api.cors is not None:
            add_cors_headers(self._api.cors, request, response)
        return response
