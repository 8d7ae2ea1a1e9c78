"""The portal's API over fakes: what a test asks it, and what it says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import pytest

from rostersync.api import services
from rostersync.api.portal import make_portal
from rostersync.api.resolver import http
from rostersync.settings import PortalSettings
from rostersync.storage.executions import Executions
from tests.steps.driver import TENANT
from tests.steps.test_linking_users import Tenant

SETTINGS: Final = PortalSettings.from_environment(
    {
        "TABLE_NAME": "table",
        "STAGING_BUCKET": "bucket",
        "EVENT_BUS": "bus",
        "SYNC_STATE_MACHINE": "sync",
        "DISCONNECT_STATE_MACHINE": "disconnect",
        "TENANT_CLAIM": "tenant_id",
        "ROLE_CLAIM": "roles",
    }
)
HANDLER: Final = http(make_portal())


class Context:
    """What Lambda tells a handler, as far as it is read."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = "portal_api"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:portal_api"


@dataclass
class FakeExecutions:
    """Takes what is to be started; ``error`` is raised instead."""

    started: list[tuple[str, str, Any]] = field(default_factory=list)
    error: Exception | None = None

    def start(self, state_machine: str, name: str, event: Any) -> None:
        if self.error is not None:
            raise self.error
        self.started.append((state_machine, name, event))

    def start_next(self, state_machine: str, name: str, event: Any) -> None:
        self.start(state_machine, f"{name}-1", event)


@dataclass
class Answer:
    """A status and a body; ``code`` is a problem's."""

    status: int
    body: Any
    content_type: str

    @property
    def code(self) -> str:
        assert self.content_type == "application/problem+json", self.body
        assert self.body["status"] == self.status
        return str(self.body["code"])


@dataclass
class Portal(Tenant):
    """A tenant and the portal that calls for it, as an admin unless told otherwise."""

    executions: FakeExecutions = field(default_factory=FakeExecutions)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        tenant: str = TENANT,
        roles: str = "[admin]",
        query: str = "",
        claims: Any = None,
        raw: str | None = None,
    ) -> Answer:
        """Ask as API Gateway does, once its authorizer has let the token pass."""
        told = {"tenant_id": tenant, "roles": roles, "sub": "user-1"} if claims is None else claims
        event = {
            "version": "2.0",
            "routeKey": f"{method} /{{proxy+}}",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"content-type": "application/json"},
            "queryStringParameters": dict(part.split("=") for part in query.split("&") if part),
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "authorizer": {"jwt": {"claims": told}},
            },
            "body": raw if raw is not None else json.dumps(body) if body is not None else None,
            "isBase64Encoded": False,
        }
        answer = HANDLER(event, Context())  # type: ignore[arg-type]  # as much of a context as is read
        headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
        return Answer(answer["statusCode"], json.loads(answer["body"]), headers.get("content-type", ""))


@contextmanager
def served(portal: Portal) -> Iterator[Portal]:
    """Let the routes work with a portal's fakes."""
    executions = cast("Executions", portal.executions)

    def current() -> services.Services:
        return services.Services(SETTINGS, portal.stores, portal.bus, executions, now=lambda: portal.clock)

    patch = pytest.MonkeyPatch()
    patch.setattr(services, "current", current)
    patch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    yield portal
    patch.undo()
