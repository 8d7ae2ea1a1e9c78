"""A token's claims as they reach a function: all of them text."""

import json
from collections.abc import Mapping
from typing import Any


def claims_as_text(claims: Mapping[str, Any]) -> dict[str, str]:
    """Every claim as API Gateway writes it: as Go prints a value, not as JSON.

    A list is ``[a b]`` (measured in floci-io/floci#2011), so a value with a space in it cannot be told from
    two; a claim that is null is left out (there too). An object is ``map[key:value]``, its keys in order
    (aws/aws-lambda-go#570). What fractions become could not be confirmed.
    """
    return {name: _text(value) for name, value in claims.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_text, value))}]"
    return json.dumps(value)
