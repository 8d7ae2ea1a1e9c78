"""The API's description (OpenAPI), made of the code that answers."""

import json
from typing import Any, Final

from rostersync.api.credentials import make_verifier
from rostersync.api.portal import make_portal

TITLE: Final = "Senso roster sync"
VERSION: Final = "1"


def describe() -> dict[str, Any]:
    """Return the OpenAPI document of both functions behind the API."""
    merged: dict[str, Any] = {}
    for resolver in (make_portal(), make_verifier()):
        text = resolver.get_openapi_json_schema(
            title=TITLE,
            version=VERSION,
            security_schemes=_SCHEMES,
            security=[{"portal": []}],
        )
        found = json.loads(text)
        if not merged:
            merged = found
        merged["paths"] |= found["paths"]
        merged["components"]["schemas"] |= found["components"]["schemas"]
    # Where it is deployed is an output of the stack, and no part of what it does.
    merged.pop("servers", None)
    for part in (merged["paths"], merged["components"]["schemas"]):
        for name in sorted(part):
            part[name] = part.pop(name)
    return merged


_SCHEMES: Final[Any] = {
    "portal": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}
