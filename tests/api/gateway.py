"""The API in one process: the template's front door with its authorizer, both handlers, fakes beneath."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Final

import pytest
from werkzeug.test import Client, TestResponse

from local.clock import Clock
from local.engine import TEMPLATE
from local.front_door import FrontDoor
from local.http_api import read_http_api
from local.template import Template, load_template
from local.tokens import TokenIssuer
from rostersync import bootstrap, clock
from rostersync.api.credentials import make_verifier
from rostersync.api.document import describe
from rostersync.api.resolver import http
from rostersync.roster.guard import GuardSettings
from rostersync.settings import VerifySettings
from tests.api.portal import HANDLER, Context, Portal, served
from tests.steps.driver import TENANT, connected
from tests.steps.guarded import students_of, two_schools, without_people
from tests.steps.rosters import aside, small_roster

OTHER: Final = "other"
EMAIL: Final = "t1@hill.example"
VERIFIER: Final = http(make_verifier())
VERIFY: Final = VerifySettings.from_environment(
    {
        "TABLE_NAME": "table",
        "STAGING_BUCKET": "bucket",
        "EVENT_BUS": "bus",
        "SECRET_PREFIX": "test",
        "ROSTER_SERVER_HOSTS": "rosterserver.example",
        "DISCONNECT_STATE_MACHINE": "disconnect",
        "TENANT_CLAIM": "tenant_id",
        "ROLE_CLAIM": "roles",
    }
)


@cache
def template() -> Template:
    """Return the project's own template."""
    return load_template(TEMPLATE, {"JwtIssuer": "https://issuer.example"})


@cache
def issuer() -> TokenIssuer:
    """Return who signs the tokens of every test."""
    return TokenIssuer("https://issuer.example", Clock())


@dataclass
class Gateway:
    """A district that was synced, its neighbour that was too, and the way in from outside."""

    portal: Portal = field(
        default_factory=lambda: Portal(stores=connected(TENANT, OTHER, guard=GuardSettings()))
    )

    def __post_init__(self) -> None:
        self.portal.added("u1", EMAIL)
        roster = two_schools()
        for collection, records in small_roster().items():
            known = {record.sourced_id for record in roster[collection]}
            roster[collection] += [record for record in records if record.sourced_id not in known]
        roster["students"].append(aside("s9"))
        self.portal.sync(roster)
        # The run that the routes are asked of has a held list too.
        roster = without_people(roster, students_of("hill", 30))
        self.run_id = self.portal.sync(roster).run_id
        self.preview_id = self.portal.sync(roster, mode="preview").run_id
        self.owner_id = self.portal.owner(EMAIL)
        self.portal.bus.take()
        issuer().clock.set(self.portal.clock)
        self._handlers = {
            function.arn: handler
            for function in template().functions.values()
            for name, handler in (("portal_api", HANDLER), ("verify_credentials", VERIFIER))
            if function.name == name
        }
        self.reached = 0
        self._kept = self.portal.stores.table.items, dict(self.portal.stores.staging.s3.objects)
        self._restored = self.done

    @cached_property
    def app(self) -> FrontDoor:
        """The front door, as WSGI has it."""
        api = read_http_api(template())
        assert api is not None
        return FrontDoor(api, self._invoke, issuer().clock, issuers=[issuer()])

    @property
    def done(self) -> tuple[int, ...]:
        """Count what was written, sent and started: equal means that a call has done nothing."""
        stores = self.portal.stores
        written = (stores.table.writes, stores.staging.writes, stores.secrets.writes)
        return (*written, len(self.portal.executions.started), len(self.portal.bus))

    def restore(self) -> None:
        """Put everything back to what it was in the beginning."""
        if self.done == self._restored:
            return
        items, objects = self._kept
        table = self.portal.stores.table
        table.write((), table.items)
        table.write(items.values(), ())
        self.portal.stores.staging.s3.objects = dict(objects)
        self.portal.executions.started.clear()
        self.portal.bus.take()
        self._restored = self.done

    def token(self, role: str = "admin", *, tenant: str = TENANT, **claims: Any) -> str:
        """Return a good token."""
        audience = str(template().parameters["JwtAudience"])
        return issuer().token(audience, {"tenant_id": tenant, "roles": [role], "sub": "user-1", **claims})

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """Call with a JSON body or with bytes; ``token`` "" for none, by default an admin's."""
        bearer = self.token() if token is None else token
        given = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        sent = data if data is not None else json.dumps(body).encode() if body is not None else b""
        kind = {"Content-Type": "application/json"} if sent else {}
        return Client(self.app).open(
            path, method=method, data=sent, headers={**kind, **given, **(headers or {})}
        )

    def _invoke(self, arn: str, event: Any) -> tuple[Any, Mapping[str, Any] | None]:
        self.reached += 1
        # Through JSON both ways, as Lambda has it.
        return json.loads(json.dumps(self._handlers[arn](json.loads(json.dumps(event)), Context()))), None  # type: ignore[arg-type]  # as much of a context as is read


@contextmanager
def opened(gateway: Gateway) -> Iterator[Gateway]:
    """Let both functions work with a gateway's fakes; names lead nowhere."""
    patch = pytest.MonkeyPatch()
    portal = gateway.portal
    patch.setattr(bootstrap, "environment", lambda _: VERIFY)
    patch.setattr(bootstrap, "naming_stores", lambda _: portal.stores)
    patch.setattr(bootstrap, "bus", lambda _: portal.bus)
    patch.setattr(bootstrap, "executions", lambda: portal.executions)
    clock.set_time(portal.clock.isoformat())
    with served(portal):
        yield gateway
    clock.set_time(None)
    patch.undo()


@cache
def operations() -> list[tuple[str, str]]:
    """Return every route of the description: its method and its path."""
    return [(method.upper(), path) for path, found in describe()["paths"].items() for method in found]
