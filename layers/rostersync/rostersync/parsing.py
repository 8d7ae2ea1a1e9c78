"""Checks what comes from outside: names the fields that are wrong and never shows a value."""

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from rostersync.errors import InvalidInput

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

TenantId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$")]
"""Fits an execution name beside the night's hour, an S3 key and a log line."""

_QUOTING = "union_tag_invalid"
FIELD = re.compile(r"[A-Za-z0-9_]{1,40}")

M = TypeVar("M", bound=BaseModel)


def parse_request(model: type[M], event: Any) -> M:
    """Validate ``event``; raises ``InvalidInput``, which names fields and what is wrong, never a value."""
    try:
        return model.model_validate(event)
    except ValidationError as error:
        raise refusal(error) from None


def parse_json(model: type[M], text: str | bytes) -> M:
    """Validate a JSON text as ``parse_request`` does an event."""
    try:
        event = json.loads(text)
    except ValueError:
        raise InvalidInput("the input is not valid (it is not JSON)") from None
    # Not model_validate_json: of a field with an alias it lets the field's own name pass beside it.
    return parse_request(model, event)


def refusal(error: ValidationError) -> InvalidInput:
    """Return what pydantic found as an error of ours."""
    problems = "; ".join(f"{_named(problem['loc'])}: {_said(problem)}" for problem in error.errors())
    return InvalidInput(f"the input is not valid ({problems})")


def _said(problem: "ErrorDetails") -> str:
    """Return pydantic's words for what is wrong, but for those that quote the value."""
    return "Input tag is none of the expected ones" if problem["type"] == _QUOTING else problem["msg"]


def _named(location: tuple[int | str, ...]) -> str:
    """Return a field's path; a key of the caller's own making is shown only if it looks like a field."""
    parts = (str(part) if FIELD.fullmatch(str(part)) else "an unknown field" for part in location)
    return ".".join(parts) or "input"
