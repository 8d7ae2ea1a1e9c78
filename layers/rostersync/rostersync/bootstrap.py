"""Wires a function: its settings, the stores, the way to a Roster Server. Nothing happens at import.

What only some functions use is imported where it is wired, so that a cold start of the others does not pay
for it (docs/performance.md).
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec.structs import replace

from rostersync.settings import (
    BusSettings,
    NamingSettings,
    ServerSettings,
    Settings,
    StoreSettings,
    VerifySettings,
    suffixes,
)
from rostersync.storage.clients import late_client
from rostersync.storage.integrations import Integration
from rostersync.storage.secrets import Secrets
from rostersync.storage.staging import Staging
from rostersync.storage.stores import Stores
from rostersync.storage.table import Table

if TYPE_CHECKING:
    from rostersync.oneroster.server import RosterServer
    from rostersync.senso.bus import Bus
    from rostersync.storage.executions import Executions

S = TypeVar("S", bound=Settings)


@cache
def environment(model: type[S]) -> S:
    """Return a function's settings; raises ``InvalidInput`` naming what is missing."""
    return model.from_environment()


@cache
def stores(settings: StoreSettings) -> Stores:
    """Return the stores that the settings name."""
    return Stores(
        table=Table(late_client("dynamodb"), settings.table_name),
        staging=Staging(late_client("s3"), settings.staging_bucket),
        # A run reads a secret by its ARN: ``naming_stores`` are for who names one.
        secrets=Secrets(late_client("secretsmanager"), prefix=""),
    )


@cache
def naming_stores(settings: NamingSettings | VerifySettings) -> Stores:
    """Return the stores, with the secrets by their names: for who connects a tenant, or ends that."""
    secrets = Secrets(late_client("secretsmanager"), settings.secret_prefix)
    return replace(stores(settings), secrets=secrets)


@cache
def bus(settings: BusSettings) -> "Bus":
    """Return the way to Senso."""
    from rostersync.senso.bus import Bus

    return Bus(late_client("events"), settings.event_bus)


@cache
def executions() -> "Executions":
    """Return the way to start and to stop a run."""
    from rostersync.storage.executions import Executions

    return Executions(late_client("stepfunctions"))


def roster_server(settings: ServerSettings) -> "Callable[[Integration], RosterServer]":
    """Return the way from an integration to its Roster Server: reads the secret, sends nothing yet."""
    from rostersync.oneroster.ability import Ability
    from rostersync.oneroster.addresses import normalise_server_url
    from rostersync.oneroster.allowed import AllowList
    from rostersync.oneroster.credentials import Credentials
    from rostersync.oneroster.server import RosterServer

    allowed = AllowList(suffixes(settings.roster_server_hosts), loopback=settings.allow_loopback_http)

    def connect(integration: Integration) -> RosterServer:
        secret = stores(settings).secrets.get(integration.secret)
        # An address that was stored long ago is vetted by what is allowed now.
        (address,) = normalise_server_url(integration.server_url, allowed)
        ability = msgspec.convert(integration.ability, Ability)
        return RosterServer(address, Credentials(**secret), ability, allowed=allowed)

    return connect
