"""What the state machines hand to a step: ids and numbers, never a person's data."""

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from rostersync.errors import InvalidInput

TenantId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$")]
"""Fits an execution name beside the night's hour, an S3 key and a log line."""

RunId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+:=@-]{0,79}$")]
"""An execution's name."""

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
    )


class RunRequest(Request):
    """Names a run."""

    tenant_id: TenantId
    run_id: RunId


class PullRequest(RunRequest):
    """Names an attempt to pull, 1 to 3."""

    pull: Annotated[int, Field(ge=1, le=3)]


class ShardsRequest(PullRequest):
    """A task over some of the 16 shards."""

    shards: Annotated[tuple[Shard, ...], Field(min_length=1)]


FIELD = re.compile(r"[A-Za-z0-9_]{1,40}")

R = TypeVar("R", bound=Request)


def parse_request(model: type[R], event: Any) -> R:
    """Validate ``event``; raises ``InvalidInput``, which names fields and what is wrong, never a value."""
    try:
        return model.model_validate(event)
    except ValidationError as error:
        problems = "; ".join(f"{_named(problem['loc'])}: {problem['msg']}" for problem in error.errors())
        raise InvalidInput(f"the input is not valid ({problems})") from None


def _named(location: tuple[int | str, ...]) -> str:
    """Return a field's path; a key of the caller's own making is shown only if it looks like a field."""
    parts = (str(part) if FIELD.fullmatch(str(part)) else "an unknown field" for part in location)
    return ".".join(parts) or "input"
