"""Wires a function: its settings, the stores, the way to a Roster Server. Nothing happens at import."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TypeVar

import boto3
import msgspec
from botocore.config import Config

from rostersync.oneroster.ability import Ability
from rostersync.oneroster.addresses import normalise_server_url
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.server import RosterServer
from rostersync.senso.bus import Bus
from rostersync.settings import (
    BusSettings,
    ServerSettings,
    Settings,
    StoreSettings,
    VerifySettings,
)
from rostersync.storage.executions import Executions
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
def connecting_stores(settings: VerifySettings) -> Stores:
    """Return the stores, with the secrets by their names: for who connects a tenant."""
    client = boto3.client("secretsmanager", config=AWS_CONFIG)
    return replace(stores(settings), secrets=Secrets(client, settings.secret_prefix))


@cache
def bus(settings: BusSettings) -> Bus:
    """Return the way to Senso."""
    return Bus(boto3.client("events", config=AWS_CONFIG), settings.event_bus)


@cache
def executions() -> Executions:
    """Return the way to start and to stop a run."""
    return Executions(boto3.client("stepfunctions", config=AWS_CONFIG))


def roster_server(settings: ServerSettings) -> Callable[[Integration], RosterServer]:
    """Return the way from an integration to its Roster Server: reads the secret, sends nothing yet."""
    allowed = AllowList(settings.roster_server_hosts, loopback=settings.allow_loopback_http)

    def connect(integration: Integration) -> RosterServer:
        secret = stores(settings).secrets.get(integration.secret)
        # An address that was stored long ago is vetted by what is allowed now.
        (address,) = normalise_server_url(integration.server_url, allowed)
        ability = msgspec.convert(integration.ability, Ability)
        return RosterServer(address, Credentials(**secret), ability, allowed=allowed)

    return connect
