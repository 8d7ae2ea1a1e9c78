"""What a deployment tells each function, read from its environment once, when the function first runs.

One model a function: what it lists is all it may read, and a missing or bad value is named at the first
call instead of failing somewhere in the middle of a run.
"""

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from rostersync.errors import InvalidInput

NonEmpty = Annotated[str, Field(min_length=1)]

# Two labels at least: com would allow everybody. The last begins with a letter: no IP address is a name.
HOST_SUFFIX: Final = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])")


class Settings(BaseModel):
    """Environment variables as fields: ``table_name`` is ``TABLE_NAME``."""

    # Built when it is first read: a function has one of these models, not all.
    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, alias_generator=str.upper, defer_build=True
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the model's fields from the environment; raises ``InvalidInput`` naming the variable."""
        found: Mapping[str, Any] = os.environ if environment is None else environment
        try:
            return cls.model_validate(dict(found))
        except ValidationError as error:
            # What is wrong with two of them together has no place; which it is its sentence says.
            names = ", ".join(str((*problem["loc"], problem["msg"])[0]) for problem in error.errors())
            raise InvalidInput(f"the function's environment is missing or wrong in: {names}") from None


class StoreSettings(Settings):
    """Where a function finds what is kept."""

    table_name: NonEmpty
    staging_bucket: NonEmpty


class BusSettings(StoreSettings):
    """For functions that tell Senso something."""

    event_bus: NonEmpty


class NamingSettings(BusSettings):
    """For functions that name a tenant's secret; those of a run read it by the ARN that they are told."""

    secret_prefix: NonEmpty


class ServerSettings(StoreSettings):
    """For functions that call a Roster Server. ``roster_server_hosts`` are suffixes, comma-separated."""

    allow_loopback_http: bool = False
    roster_server_hosts: tuple[str, ...]

    @field_validator("roster_server_hosts", mode="before")
    @classmethod
    def _read_suffixes(cls, text: str) -> tuple[str, ...]:
        suffixes = tuple(suffix.strip() for suffix in text.split(","))
        if not all(HOST_SUFFIX.fullmatch(suffix) for suffix in suffixes):
            raise ValueError
        return suffixes


class ApiSettings(BusSettings):
    """``portal_api`` and ``verify_credentials``: whose claims say what, and what the API may start."""

    tenant_claim: NonEmpty
    role_claim: NonEmpty
    admin_role: NonEmpty = "admin"
    reader_role: NonEmpty = "reader"
    default_time_zone: NonEmpty = "UTC"


class PortalSettings(ApiSettings):
    """``portal_api``."""

    sync_state_machine: NonEmpty
    disconnect_state_machine: NonEmpty


class VerifySettings(ApiSettings, ServerSettings, NamingSettings):
    """``verify_credentials``. ``default_server_url`` "": every tenant enters its server's address.

    ``partner_key_secret``: the name of the secret that holds the key of ClassLink's partner API, "" for none.
    """

    disconnect_state_machine: NonEmpty
    default_server_url: str = ""
    partner_api_url: str = ""
    partner_key_secret: str = ""

    @model_validator(mode="after")
    def _keep_the_partner_key_apart(self) -> Self:
        # What lies below the prefix, the functions of a sync may read.
        if self.partner_key_secret.startswith(f"{self.secret_prefix}/"):
            raise PydanticCustomError("prefix", "the partner key must not lie below SECRET_PREFIX")
        return self


class PlanSettings(ServerSettings):
    """``plan_pull``. ``lease_seconds`` covers the state machine and the longest function.

    ``stop_removals``: no run takes anything away.
    """

    default_time_zone: NonEmpty = "UTC"
    page_size: Annotated[int, Field(ge=2, le=10_000)] = 5_000
    fetch_tasks: Annotated[int, Field(ge=1, le=64)] = 4
    lease_seconds: Annotated[int, Field(ge=60)]
    stop_removals: bool = False


class FetchSettings(ServerSettings):
    """``fetch_pages`` and ``seal_pull``: how many requests one task keeps in flight."""

    requests_in_flight: Annotated[int, Field(ge=1, le=32)] = 4


class StopSettings(StoreSettings):
    """``stop_run``: whose executions it stops."""

    sync_state_machine: NonEmpty


class NightSettings(StoreSettings):
    """``list_due_tenants``: the time zone of tenants that have not chosen one."""

    default_time_zone: NonEmpty = "UTC"


class WatchSettings(BusSettings):
    """``watch_tenants``: the time zone of tenants that have not chosen one."""

    default_time_zone: NonEmpty = "UTC"


class FinishDisconnectSettings(NamingSettings):
    """``finish_disconnect``: whose 02:00 the night of the connection that follows is."""

    default_time_zone: NonEmpty = "UTC"


class FinishSettings(StoreSettings):
    """``finish_run``: how long a function of an aborted run may still be writing, in seconds."""

    longest_function_seconds: Annotated[int, Field(ge=1)]
