"""What a step is asked to do: ids and numbers, never a person's data where a state machine asks."""

from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from rostersync.parsing import TenantId, convert, refusal, shaped

RUN_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.+:=@-]{0,79}$"
"""An execution's name."""

RunId = Annotated[str, shaped(RUN_ID_PATTERN)]

Mode = Literal["changes", "full", "preview"]
Cause = Literal["portal", "nightly", "operator"]
Shard = Annotated[int, Meta(ge=0, le=15)]
Shards = Annotated[tuple[Shard, ...], Meta(min_length=1)]
ActorId = Annotated[str, Meta(max_length=200)]
"""Who pressed a button: an id, never a name."""


class Request(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A step's input, in camelCase outside; unknown fields are refused."""

    @classmethod
    def fields_of(cls, event: Any) -> Any:
        """Return the fields in an event; a request that also comes in another form makes them of that."""
        return event


R = TypeVar("R", bound=Request)


def parse_request(model: type[R], event: Any) -> R:
    """Validate ``event``; raises ``InvalidInput``, which names the field and what is wrong, never a value."""
    try:
        return convert(model.fields_of(event), model)
    except msgspec.ValidationError as error:
        raise refusal(error) from None


class RunRequest(Request, frozen=True, kw_only=True):
    """Names a run."""

    tenant_id: TenantId
    run_id: RunId


class PullRequest(RunRequest, frozen=True, kw_only=True):
    """Names an attempt to pull, 1 to 3."""

    pull: Annotated[int, Meta(ge=1, le=3)]


class LookRequest(PullRequest, frozen=True, kw_only=True):
    """Names a look at a complete pull: the first, or ``holding`` the one in which what is held stays."""

    holding: bool = False


class ShardsRequest(LookRequest, frozen=True, kw_only=True):
    """A task over some of the 16 shards."""

    shards: Shards
