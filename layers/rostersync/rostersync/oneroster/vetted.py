"""Connections that go to an address that was vetted, and to no other.

A name is resolved once a connection. What was resolved is vetted, and is what the socket connects to: a
second look-up could answer otherwise (DNS rebinding). The name stays the connection's host, so it is what TLS
asks for (SNI) and holds the certificate against, and what HTTP sends as ``Host``.
"""

import socket
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeAlias

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from rostersync.errors import NotARosterServer
from rostersync.oneroster.allowed import AllowList

Resolve: TypeAlias = Callable[[str, int], list[str]]
"""From host and port to IP addresses, likeliest first; raises ``socket.gaierror``."""


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver. Its own time-out is the only one: none of ours covers a look-up."""
    found = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def vetted_session(allowed: AllowList, resolve: Resolve = resolve) -> requests.Session:
    """Return a session that connects to what is allowed, directly, and keeps its connections."""
    session = requests.Session()
    # Neither .netrc nor a proxy of the environment may stand between us and the address we vetted.
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, _VettedAdapter(allowed, resolve))
    return session


class _Vetted(HTTPConnection):
    scheme: ClassVar = "http"

    def __init__(self, *arguments: Any, allowed: AllowList, resolve: Resolve, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._allowed = allowed
        self._resolve = resolve

    def _new_conn(self) -> socket.socket:
        name = self.host
        self._allowed.vet_host(self.scheme, name)
        try:
            addresses = self._resolve(name, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(name, self, error) from error
        self._allowed.vet_addresses(name, addresses)
        failure: HTTPError = NewConnectionError(self, "the name has no address")
        for address in addresses:
            # What is inherited connects to the host there is: for this moment an address, which no resolver
            # is asked about.
            self.host = address
            try:
                return super()._new_conn()
            except (ConnectTimeoutError, NewConnectionError) as error:
                failure = error
            finally:
                self.host = name
        raise failure


class _VettedTLS(_Vetted, HTTPSConnection):
    scheme = "https"


class _VettedPools(PoolManager):
    def __init__(self, allowed: AllowList, resolve: Resolve, **options: Any) -> None:
        super().__init__(**options)
        self._connections = {
            kind.scheme: partial(kind, allowed=allowed, resolve=resolve) for kind in (_Vetted, _VettedTLS)
        }

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        pool.ConnectionCls = self._connections[scheme]  # type: ignore[assignment] # only ever called
        return pool


class _VettedAdapter(HTTPAdapter):
    def __init__(self, allowed: AllowList, resolve: Resolve) -> None:
        self._pools = partial(_VettedPools, allowed, resolve)
        super().__init__()

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        self.poolmanager = self._pools(num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        # A proxy would resolve the name itself.
        del proxy, proxy_kwargs
        raise NotARosterServer("a Roster Server is called directly; a proxy is set in front of it")
