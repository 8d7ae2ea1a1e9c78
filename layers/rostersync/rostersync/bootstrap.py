"""Wires a function: its settings, the stores, the way to a Roster Server. Nothing happens at import."""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

import boto3
import msgspec
from botocore.config import Config

from rostersync.oneroster.ability import Ability
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.server import RosterServer
from rostersync.settings import ServerSettings, Settings, StoreSettings
from rostersync.storage.integrations import Integration
from rostersync.storage.secrets import Secrets
from rostersync.storage.staging import Staging
from rostersync.storage.stores import Stores
from rostersync.storage.table import Table

S = TypeVar("S", bound=Settings)

# Adaptive retries slow down a throttled client; the pool serves the threads that read and write batches.
AWS_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=32)


@cache
def environment(model: type[S]) -> S:
    """Return a function's settings; raises ``InvalidInput`` naming what is missing."""
    return model.from_environment()


@cache
def stores(settings: StoreSettings) -> Stores:
    """Return the stores that the settings name."""
    prefix = settings.secret_prefix if isinstance(settings, ServerSettings) else ""
    return Stores(
        table=Table(boto3.client("dynamodb", config=AWS_CONFIG), settings.table_name),
        staging=Staging(boto3.client("s3", config=AWS_CONFIG), settings.staging_bucket),
        secrets=Secrets(boto3.client("secretsmanager", config=AWS_CONFIG), prefix),
    )


def roster_server(settings: ServerSettings) -> Callable[[Integration], RosterServer]:
    """Return the way from an integration to its Roster Server: reads the secret, sends nothing yet."""

    def connect(integration: Integration) -> RosterServer:
        secret = stores(settings).secrets.get(integration.secret)
        return RosterServer(
            integration.server_url, Credentials(**secret), msgspec.convert(integration.ability, Ability)
        )

    return connect
