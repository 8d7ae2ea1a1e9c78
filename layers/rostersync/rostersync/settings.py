"""What a deployment tells each function, read from its environment once, when the function first runs.

One model a function: what it lists is all it may read, and a missing or bad value is named at the first
call instead of failing somewhere in the middle of a run.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rostersync.errors import InvalidInput

NonEmpty = Annotated[str, Field(min_length=1)]


class Settings(BaseModel):
    """Environment variables as fields: ``table_name`` is ``TABLE_NAME``."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, alias_generator=str.upper
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the model's fields from the environment; raises ``InvalidInput`` naming the variable."""
        found: Mapping[str, Any] = os.environ if environment is None else environment
        try:
            return cls.model_validate(dict(found))
        except ValidationError as error:
            names = ", ".join(str(problem["loc"][0]) for problem in error.errors())
            raise InvalidInput(f"the function's environment is missing or wrong in: {names}") from None


class StoreSettings(Settings):
    """Where a function finds what is kept."""

    table_name: NonEmpty
    staging_bucket: NonEmpty


class BusSettings(StoreSettings):
    """For functions that tell Senso something."""

    event_bus: NonEmpty


class ServerSettings(StoreSettings):
    """For functions that call a Roster Server."""

    allow_loopback_http: bool = False


class PlanSettings(ServerSettings):
    """``plan_pull``. ``lease_seconds`` covers the state machine and the longest function."""

    default_time_zone: NonEmpty = "UTC"
    page_size: Annotated[int, Field(ge=2, le=10_000)] = 5_000
    fetch_tasks: Annotated[int, Field(ge=1, le=64)] = 4
    lease_seconds: Annotated[int, Field(ge=60)]


class FetchSettings(ServerSettings):
    """``fetch_pages`` and ``seal_pull``: how many requests one task keeps in flight."""

    requests_in_flight: Annotated[int, Field(ge=1, le=32)] = 4


class FinishSettings(StoreSettings):
    """``finish_run``: how long a function of an aborted run may still be writing, in seconds."""

    longest_function_seconds: Annotated[int, Field(ge=1)]
