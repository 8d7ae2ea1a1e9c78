"""What a deployment tells each function, read from its environment once, when the function first runs.

One model a function: what it lists is all it may read, and a missing or bad value is named at the first
call instead of failing somewhere in the middle of a run.
"""

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

import msgspec
from msgspec import Meta, Struct

from rostersync.errors import InvalidInput
from rostersync.parsing import convert, mistake

NonEmpty = Annotated[str, Meta(min_length=1)]

# Two labels at least: com would allow everybody. The last begins with a letter: no IP address is a name.
HOST_SUFFIX: Final = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])")


def suffixes(hosts: str) -> tuple[str, ...]:
    """Return the suffixes of hosts one by one; raises ``ValueError`` naming the variable."""
    found = tuple(suffix.strip() for suffix in hosts.split(","))
    if not all(HOST_SUFFIX.fullmatch(suffix) for suffix in found):
        raise ValueError("ROSTER_SERVER_HOSTS")
    return found


class Settings(Struct, frozen=True, kw_only=True, rename=str.upper):
    """Environment variables as fields: ``table_name`` is ``TABLE_NAME``."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the fields from the environment; raises ``InvalidInput`` naming the variable."""
        found: Mapping[str, Any] = os.environ if environment is None else environment
        try:
            return convert(dict(found), cls, from_texts=True)
        except msgspec.ValidationError as error:
            place, words = mistake(error)
            # What is wrong with two of them together has no place; which they are its words say.
            raise InvalidInput(
                f"the function's environment is missing or wrong in: {place or words}"
            ) from None


class StoreSettings(Settings, frozen=True, kw_only=True):
    """Where a function finds what is kept."""

    table_name: NonEmpty
    staging_bucket: NonEmpty


class BusSettings(StoreSettings, frozen=True, kw_only=True):
    """For functions that tell Senso something."""

    event_bus: NonEmpty


class NamingSettings(BusSettings, frozen=True, kw_only=True):
    """For functions that name a tenant's secret; those of a run read it by the ARN that they are told."""

    secret_prefix: NonEmpty


class ServerSettings(StoreSettings, frozen=True, kw_only=True):
    """For functions that call a Roster Server. ``roster_server_hosts`` are suffixes, comma-separated."""

    allow_loopback_http: bool = False
    roster_server_hosts: str

    def __post_init__(self) -> None:
        """Refuse what is no list of suffixes."""
        suffixes(self.roster_server_hosts)


class ApiSettings(BusSettings, frozen=True, kw_only=True):
    """``portal_api`` and ``verify_credentials``: whose claims say what, and what the API may start."""

    tenant_claim: NonEmpty
    role_claim: NonEmpty
    admin_role: NonEmpty = "admin"
    reader_role: NonEmpty = "reader"
    default_time_zone: NonEmpty = "UTC"


class PortalSettings(ApiSettings, frozen=True, kw_only=True):
    """``portal_api``."""

    sync_state_machine: NonEmpty
    disconnect_state_machine: NonEmpty


class VerifySettings(ApiSettings, frozen=True, kw_only=True):
    """``verify_credentials``: names secrets and calls servers too, which have no settings in common.

    ``default_server_url`` "": every tenant enters its server's address. ``partner_key_secret``: the name of
    the secret that holds the key of ClassLink's partner API, "" for none.
    """

    secret_prefix: NonEmpty
    allow_loopback_http: bool = False
    roster_server_hosts: str
    disconnect_state_machine: NonEmpty
    default_server_url: str = ""
    partner_api_url: str = ""
    partner_key_secret: str = ""

    def __post_init__(self) -> None:
        """Keep the partner key apart: what lies below the prefix, the functions of a sync may read."""
        suffixes(self.roster_server_hosts)
        if self.partner_key_secret.startswith(f"{self.secret_prefix}/"):
            raise ValueError("PARTNER_KEY_SECRET, which must not lie below SECRET_PREFIX")


class PlanSettings(ServerSettings, frozen=True, kw_only=True):
    """``plan_pull``. ``lease_seconds`` covers the state machine and the longest function.

    ``stop_removals``: no run takes anything away.
    """

    default_time_zone: NonEmpty = "UTC"
    page_size: Annotated[int, Meta(ge=2, le=10_000)] = 5_000
    fetch_tasks: Annotated[int, Meta(ge=1, le=64)] = 4
    lease_seconds: Annotated[int, Meta(ge=60)]
    stop_removals: bool = False


class FetchSettings(ServerSettings, frozen=True, kw_only=True):
    """``fetch_pages`` and ``seal_pull``: how many requests one task keeps in flight."""

    requests_in_flight: Annotated[int, Meta(ge=1, le=32)] = 4


class StopSettings(StoreSettings, frozen=True, kw_only=True):
    """``stop_run``: whose executions it stops."""

    sync_state_machine: NonEmpty


class NightSettings(StoreSettings, frozen=True, kw_only=True):
    """``list_due_tenants``: the time zone of tenants that have not chosen one."""

    default_time_zone: NonEmpty = "UTC"


class WatchSettings(BusSettings, frozen=True, kw_only=True):
    """``watch_tenants``: the time zone of tenants that have not chosen one."""

    default_time_zone: NonEmpty = "UTC"


class FinishDisconnectSettings(NamingSettings, frozen=True, kw_only=True):
    """``finish_disconnect``: whose 02:00 the night of the connection that follows is."""

    default_time_zone: NonEmpty = "UTC"


class FinishSettings(StoreSettings, frozen=True, kw_only=True):
    """``finish_run``: how long a function of an aborted run may still be writing, in seconds."""

    longest_function_seconds: Annotated[int, Meta(ge=1)]
