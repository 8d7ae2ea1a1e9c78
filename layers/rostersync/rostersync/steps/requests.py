"""What the state machines hand to a step: ids and numbers, never a person's data."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rostersync.parsing import TenantId

RUN_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.+:=@-]{0,79}$"
"""An execution's name."""

RunId = Annotated[str, Field(pattern=RUN_ID_PATTERN)]

Mode = Literal["changes", "full", "preview"]
Cause = Literal["portal", "nightly", "operator"]
Shard = Annotated[int, Field(ge=0, le=15)]


class Request(BaseModel):
    """A step's input, in camelCase outside; unknown fields are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        alias_generator=to_camel,
        populate_by_name=True,
        # Built when it is first read: a function has one of these models, not all.
        defer_build=True,
    )


class RunRequest(Request):
    """Names a run."""

    tenant_id: TenantId
    run_id: RunId


class PullRequest(RunRequest):
    """Names an attempt to pull, 1 to 3."""

    pull: Annotated[int, Field(ge=1, le=3)]


class LookRequest(PullRequest):
    """Names a look at a complete pull: the first, or ``holding`` the one in which what is held stays."""

    holding: bool = False


class ShardsRequest(LookRequest):
    """A task over some of the 16 shards."""

    shards: Annotated[tuple[Shard, ...], Field(min_length=1)]
