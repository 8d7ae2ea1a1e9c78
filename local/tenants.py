"""Tenants of the local engine: its stores, connecting one, and what has been published for it."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from local.engine import LocalEngine
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.discovery import Discovery, discover
from rostersync.roster.groups import Group
from rostersync.roster.identity import SHARDS
from rostersync.roster.owners import Owner
from rostersync.senso.bus import Bus
from rostersync.steps.verify_credentials import ConnectRequest, verify_credentials
from rostersync.storage import items, keys
from rostersync.storage.executions import Executions
from rostersync.storage.secrets import Secrets
from rostersync.storage.staging import Staging
from rostersync.storage.stores import Stores
from rostersync.storage.table import Table


def stores_of(engine: LocalEngine) -> Stores:
    """Return the stores that the engine's functions use."""
    return Stores(
        table=Table(engine.client("dynamodb"), engine.table_name),
        staging=Staging(engine.client("s3"), engine.bucket),
        secrets=Secrets(engine.client("secretsmanager"), str(engine.parameters["SecretPrefix"])),
    )


def bus_of(engine: LocalEngine) -> Bus:
    """Return the bus that the engine's functions send to."""
    return Bus(engine.client("events"), engine.event_bus)


def connect(engine: LocalEngine, request: ConnectRequest) -> Discovery:
    """Connect a tenant as the portal will: verified first, stored only then."""
    allowed = AllowList(
        tuple(str(engine.parameters["RosterServerHosts"]).split(",")),
        loopback=engine.parameters["Environment"] == "local",
    )
    return verify_credentials(
        request,
        stores_of(engine),
        bus_of(engine),
        Executions(engine.client("stepfunctions")),
        engine.state_machine("disconnect").arn,
        lambda url, credentials, auth: discover(url, credentials, allowed=allowed, auth=auth),
        now=engine.clock.now(),
        default_time_zone=str(engine.parameters["DefaultTimeZone"]),
        new_hash_key=partial(secrets.token_bytes, 32),
    ).found


@dataclass(frozen=True)
class Published:
    """What is in the table for a tenant: its owners by id, and the groups that are not removed."""

    owners: dict[str, Owner]
    groups: tuple[Group, ...]

    def by_owner(self) -> dict[tuple[str, str], Group]:
        """Return the groups by their owner's e-mail and their class's sourcedId, as the oracle names them."""
        return {(self.owners[group.owner_id].email, group.class_id): group for group in self.groups}


def published(stores: Stores, tenant_id: str) -> Published:
    """Read a tenant's owners and groups."""
    return Published(
        owners={owner.owner_id: owner for owner in _owners(stores, tenant_id)},
        groups=tuple(group for group in _groups(stores, tenant_id) if not group.removed),
    )


def _owners(stores: Stores, tenant_id: str) -> Iterator[Owner]:
    for shard in range(SHARDS):
        for item in stores.table.query(keys.owners_partition(tenant_id, shard), keys.OWNER_PREFIX):
            yield items.owner_of(item)


def _groups(stores: Stores, tenant_id: str) -> Iterator[Group]:
    for shard in range(SHARDS):
        for item in stores.table.query(keys.groups_partition(tenant_id, shard)):
            if not keys.is_sent(item["sk"]):
                yield items.group_of(item)
