"""Connect a tenant: find out what the server can do; only then store secret and integration."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, SecretStr

from rostersync.clock import milliseconds
from rostersync.errors import NotConnected, OtherDistrict
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.discovery import AuthChoice, Discovery, District
from rostersync.parsing import TenantId
from rostersync.senso.asking import Asking
from rostersync.senso.bus import Bus
from rostersync.steps.requests import Request
from rostersync.storage.integrations import Integration, next_due_at
from rostersync.storage.stores import Stores

Discover = Callable[[str, Credentials, AuthChoice], Discovery]


class ConnectRequest(Request):
    """What an admin enters. The secrets do not show in ``repr`` or in errors."""

    tenant_id: TenantId
    server_url: Annotated[str, Field(min_length=1, max_length=2_000)]
    client_id: Annotated[str, Field(max_length=1_000)] = ""
    client_secret: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    auth: AuthChoice = "auto"


def verify_credentials(
    request: ConnectRequest,
    stores: Stores,
    bus: Bus,
    discover: Discover,
    *,
    now: datetime,
    default_time_zone: str,
    new_hash_key: Callable[[], bytes],
) -> Discovery:
    """Connect the tenant and return the district found; nothing is stored when anything is raised.

    Replacing credentials keeps settings, schedule and the key of the tenant's hashes. Raises what
    ``discover`` raises, ``OtherDistrict`` when a connected tenant's new credentials lead elsewhere, and
    ``NotConnected`` while it is being disconnected.
    """
    credentials = Credentials(
        request.client_id, request.client_secret.get_secret_value(), request.token.get_secret_value()
    )
    found = discover(request.server_url, credentials, request.auth)
    before = stores.integrations.get(request.tenant_id)
    if before is not None and before.status == "disconnecting":
        raise NotConnected(
            f"tenant {request.tenant_id} is being disconnected; connect it when that has ended"
        )
    if before is not None and not _same_district(before, found.district):
        raise OtherDistrict(
            f"these credentials lead to another district than the one connected, {before.district_name}; "
            "disconnect it first"
        )
    connected_at = milliseconds(now)
    generation = str(before.connected_at if before else connected_at)
    ref = stores.secrets.put(request.tenant_id, generation, asdict(credentials))
    connection: dict[str, Any] = {
        "server_url": found.base_url,
        "ability": asdict(found.ability),
        "secret_arn": ref.arn,
        "secret_version": ref.version_id,
        "client_id_masked": masked(credentials.client_id),
        "status": "connected",
        "district_name": found.district.name,
        "host": found.district.host,
        "top_org": found.district.top_org,
        "school_ids": found.district.school_ids,
    }
    if before is not None:
        stores.integrations.reconnect(replace(before, **connection))
    else:
        integration = Integration(
            tenant_id=request.tenant_id, hash_key=new_hash_key(), connected_at=connected_at, **connection
        )
        first_night = next_due_at(now, default_time_zone, integration.nightly_hour, "")
        stores.integrations.connect(replace(integration, due_at=first_night))
    # What the bus does not take now is asked for by the next run, until a whole list has come.
    Asking(stores, bus, request.tenant_id).for_all_users(f"connect.{connected_at}")
    return found


def masked(client_id: str) -> str:
    """Return the last four characters of an id that is long enough to stay hidden behind the rest."""
    return f"…{client_id[-4:]}" if len(client_id) >= 12 else "…" if client_id else ""


def _same_district(before: Integration, found: District) -> bool:
    """Say whether a district is the one connected: by its schools where they are shared, else as a whole."""
    if before.school_ids and found.school_ids:
        return bool(set(before.school_ids) & set(found.school_ids))
    return found.host == before.host or bool(before.top_org and before.top_org == found.top_org)
