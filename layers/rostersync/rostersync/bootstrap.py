"""Wires a function: its settings, the stores, the way to a Roster Server. Nothing happens at import."""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

import boto3
import msgspec
from botocore.config import Config

from rostersync.oneroster.ability import Ability
from rostersync.oneroster.addresses import normalise_server_url
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.server import RosterServer
from rostersync.senso.bus import Bus
from rostersync.settings import BusSettings, ServerSettings, Settings, StoreSettings
from rostersync.storage.integrations import Integration
from rostersync.storage.secrets import Secrets
from rostersync.storage.staging import Staging
from rostersync.storage.stores import Stores
from rostersync.storage.table import Table

S = TypeVar("S", bound=Settings)

# storage/retrying.py carries on where these few attempts end; the pool serves its threads.
AWS_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=32)


@cache
def environment(model: type[S]) -> S:
    """Return a function's settings; raises ``InvalidInput`` naming what is missing."""
    return model.from_environment()


@cache
def stores(settings: StoreSettings) -> Stores:
    """Return the stores that the settings name."""
    return Stores(
        table=Table(boto3.client("dynamodb", config=AWS_CONFIG), settings.table_name),
        staging=Staging(boto3.client("s3", config=AWS_CONFIG), settings.staging_bucket),
        # Functions read a secret by its ARN; only who connects a tenant names one.
        secrets=Secrets(boto3.client("secretsmanager", config=AWS_CONFIG), prefix=""),
    )


@cache
def bus(settings: BusSettings) -> Bus:
    """Return the way to Senso."""
    return Bus(boto3.client("events", config=AWS_CONFIG), settings.event_bus)


def roster_server(settings: ServerSettings) -> Callable[[Integration], RosterServer]:
    """Return the way from an integration to its Roster Server: reads the secret, sends nothing yet."""

    def connect(integration: Integration) -> RosterServer:
        secret = stores(settings).secrets.get(integration.secret)
        (address,) = normalise_server_url(
            integration.server_url, allow_loopback_http=settings.allow_loopback_http
        )
        return RosterServer(address, Credentials(**secret), msgspec.convert(integration.ability, Ability))

    return connect
