"""Connect a tenant: find out what the server can do; only then store secret and integration."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from rostersync.clock import milliseconds
from rostersync.errors import NotConnected, OtherDistrict
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.discovery import AuthChoice, Discovery, District
from rostersync.parsing import TenantId
from rostersync.roster.discreet import Discreet
from rostersync.senso.asking import Asking
from rostersync.senso.bus import Bus
from rostersync.steps.begin_switch import begin_switch
from rostersync.steps.requests import ActorId, Request
from rostersync.storage.executions import Executions
from rostersync.storage.integrations import Integration, next_due_at
from rostersync.storage.stores import Stores

Discover = Callable[[str, Credentials, AuthChoice], Discovery]


class ConnectRequest(Discreet, Request, frozen=True, kw_only=True):
    """What an admin enters. It shows nothing of itself.

    ``confirm_district``: another district may take the place of the one connected. ``actor`` is an id.
    """

    tenant_id: TenantId
    server_url: Annotated[str, Meta(min_length=1, max_length=2_000)]
    client_id: Annotated[str, Meta(max_length=1_000)] = ""
    client_secret: str = ""
    token: str = ""
    auth: AuthChoice = "auto"
    confirm_district: bool = False
    actor: ActorId = ""


class Verified(Struct, frozen=True):
    """What was found. ``switching``: it is connected as soon as nothing of the old district is left."""

    found: Discovery
    switching: bool = False


def verify_credentials(
    request: ConnectRequest,
    stores: Stores,
    bus: Bus,
    executions: Executions,
    disconnect_state_machine: str,
    discover: Discover,
    *,
    now: datetime,
    default_time_zone: str,
    new_hash_key: Callable[[], bytes],
) -> Verified:
    """Connect the tenant and return the district found; credentials that are not good leave nothing.

    Replacing credentials keeps settings, schedule and the key of the tenant's hashes; another district begins
    with none of them. Raises what ``discover`` raises, ``OtherDistrict`` when a connected tenant's new
    credentials lead elsewhere and that is not confirmed, and ``NotConnected`` while it is being disconnected.
    """
    credentials = Credentials(request.client_id, request.client_secret, request.token)
    found = discover(request.server_url, credentials, request.auth)
    before = stores.integrations.get(request.tenant_id)
    now_ms = milliseconds(now)
    connection: dict[str, Any] = {
        "server_url": found.base_url,
        "ability": asdict(found.ability),
        "client_id_masked": masked(credentials.client_id),
        "status": "connected",
        "district_name": found.district.name,
        "host": found.district.host,
        "top_org": found.district.top_org,
        "school_ids": found.district.school_ids,
        "not_empty": found.not_empty,
    }
    anew = partial(
        Integration,
        tenant_id=request.tenant_id,
        hash_key=new_hash_key(),
        **connection,
    )
    if before is not None and _must_switch(before, found.district, confirmed=request.confirm_district):
        following = anew(secret_arn="", secret_version="")
        begin_switch(
            before,
            following,
            credentials,
            stores,
            executions,
            disconnect_state_machine,
            actor=request.actor,
            now=now,
        )
        return Verified(found, switching=True)
    since = before.connected_at if before else stores.integrations.begin_connecting(request.tenant_id, now_ms)
    ref = stores.secrets.put(request.tenant_id, str(since), asdict(credentials))
    if before is not None:
        after = replace(before, **connection, secret_arn=ref.arn, secret_version=ref.version_id)
        stores.integrations.reconnect(after)
    else:
        integration = anew(connected_at=since, secret_arn=ref.arn, secret_version=ref.version_id)
        first_night = next_due_at(now, default_time_zone, integration.nightly_hour, "")
        stores.integrations.connect(replace(integration, due_at=first_night))
    # What the bus does not take now is asked for by the next run, until a whole list has come.
    Asking(stores, bus, request.tenant_id).for_all_users(f"connect.{now_ms}")
    return Verified(found)


def _must_switch(before: Integration, found: District, *, confirmed: bool) -> bool:
    """Say whether another district is to take the place of the one connected.

    Raises ``OtherDistrict`` when that is not confirmed, ``NotConnected`` when no district is to be connected
    before the disconnect under way has ended.
    """
    leaving = before.leaving
    if before.status == "disconnecting" and not (leaving and leaving.switching):
        raise NotConnected(f"tenant {before.tenant_id} is being disconnected; connect it when that has ended")
    # Whoever asks again for the district that follows has confirmed it already.
    meant = before if leaving is None else before.following
    if meant is not None and same_district(meant, found):
        return leaving is not None
    if not confirmed:
        named = before if meant is None else meant
        raise OtherDistrict(
            f"these credentials lead to another district than the one connected, {named.district_name}; to "
            "connect the other, confirm both names: roster and groups of the first are removed before",
            connected=named.district_name,
            found=found.name,
        )
    return True


def masked(client_id: str) -> str:
    """Return the last four characters of an id that is long enough to stay hidden behind the rest."""
    return f"…{client_id[-4:]}" if len(client_id) >= 12 else "…" if client_id else ""


def same_district(before: Integration, found: District) -> bool:
    """Say whether a district is the one connected, whatever it is called now.

    Host, top org and schools are compared. Ids are unique within a district only, and plain numbers are
    usual, so at another host the name must agree too; and a host alone proves nothing, for some serve several
    districts. In doubt it is another: asking costs a click, mixing two rosters everything.
    """
    old, new = set(before.school_ids), set(found.school_ids)
    same_org = bool(before.top_org) and before.top_org == found.top_org
    same_name = before.district_name == found.name
    if before.host != found.host:
        return same_org and same_name and bool(old & new or not old)
    if old and new:
        return bool(old & new) and (same_org or same_name)
    return same_org or not (before.top_org and found.top_org)
