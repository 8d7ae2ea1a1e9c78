"""A client of the simulated server, as small as it can be: it signs, and hands back what came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import requests
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from simulator.server import SimulatedServer

V1P1 = "/ims/oneroster/v1p1"
V1P2 = "/ims/oneroster/rostering/v1p2"


def signed(
    server: SimulatedServer,
    path: str,
    *,
    secret: str = "",
    method: str = SIGNATURE_HMAC_SHA256,
    **client: Any,
) -> tuple[str, dict[str, str]]:
    """Return the address and the headers of a signed GET."""
    url = f"{server.url}{path}"
    signer = Client(server.client_id, secret or server.client_secret, signature_method=method, **client)
    _, headers, _ = signer.sign(url)
    return url, headers


def get(server: SimulatedServer, path: str, **signing: Any) -> requests.Response:
    """Send a signed GET; redirects are not followed."""
    url, headers = signed(server, path, **signing)
    return requests.get(url, headers=headers, timeout=10, allow_redirects=False)


def page(server: SimulatedServer, collection: str, root: str = V1P1, **query: Any) -> requests.Response:
    """Ask for a page of a collection in order of sourcedId."""
    asked = {"sort": "sourcedId", "orderBy": "asc", **query}
    text = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in asked.items())
    return get(server, f"{root}/{collection}?{text}")


def records(server: SimulatedServer, collection: str, root: str = V1P1, **query: Any) -> list[Any]:
    """Return the records of a page, whatever the array is called."""
    (found,) = page(server, collection, root, **query).json().values()
    return list(found)


def all_records(server: SimulatedServer, collection: str, root: str = V1P1) -> Iterator[Any]:
    """Read a collection to its end."""
    offset = 0
    while found := records(server, collection, root, limit=1000, offset=offset):
        yield from found
        offset += len(found)
