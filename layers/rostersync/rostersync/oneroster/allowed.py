"""Which servers may be called: the hosts by their names, and where their names may lead."""

import ipaddress
from typing import Final

from msgspec import Struct

from rostersync.errors import NotARosterServer

_LOOPBACK: Final = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
_IPV6_GIVEN_OUT: Final = ipaddress.ip_network("2000::/3")
_MISSED: Final = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2002::/16")))


class AllowList(Struct, frozen=True):
    """The Roster Servers that a deployment may call.

    ``hosts`` are suffixes: ``rosterserver.com`` allows itself and every name below it. ``loopback`` is for
    the local engine: this machine is allowed too, over http as well.
    """

    hosts: tuple[str, ...]
    loopback: bool = False

    def vet_host(self, scheme: str, host: str) -> None:
        """Raise ``NotARosterServer``, in words for who entered the address, unless ``host`` may be called."""
        if scheme not in {"https", "http"}:
            raise NotARosterServer(
                "the server address must begin with https://; "
                "paste the address from Roster Server, like https://district-st-v2.rosterserver.com"
            )
        if self.loopback and (host == "localhost" or _is_loopback(host)):
            return
        if scheme == "http":
            raise NotARosterServer(
                "the server address begins with http://; only https:// is safe for rosters"
            )
        # A suffix begins at a dot: evil-rosterserver.com is somebody else's.
        if not any(host == suffix or host.endswith(f".{suffix}") for suffix in self.hosts):
            raise NotARosterServer(
                f"{host} is not a server we may call: the server address must end in "
                f"{' or '.join(self.hosts)}; correct it, or ask Senso to add the server's host"
            )

    def vet_addresses(self, host: str, addresses: list[str]) -> None:
        """Raise ``NotARosterServer`` unless ``host`` may lead to every one of ``addresses``.

        One that leads inwards condemns all: whoever mixes it in chooses which is taken. The message keeps the
        address to itself, it would tell what our network looks like.
        """
        for address in addresses:
            if not (is_public(address) or (self.loopback and _is_loopback(address))):
                raise NotARosterServer(
                    f"{host} leads to an address that is not a public one of the internet; "
                    "check the server address"
                )


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to somebody on the internet.

    ``is_global`` refuses private, shared (100.64/10), loopback, link-local, reserved and unspecified
    addresses and Teredo's. It lets pass, or does in some of our Python versions: multicast; 192.0.0.0/24,
    where the network's own helpers answer; and forms that carry an IPv4 address for something on the way to
    unpack (6to4 2002::/16 and its relay 192.88.99.0/24, NAT64 64:ff9b::/96, IPv4-compatible ::/96). Of IPv6
    only 2000::/3 has been given out, so what lies outside (mapped, NAT64, site-local and more) is refused
    unread: a network that reaches IPv4 through NAT64 only would have to be let in here.
    """
    found = ipaddress.ip_address(address)
    if found.version == 6 and found not in _IPV6_GIVEN_OUT:
        return False
    return found.is_global and not found.is_multicast and not any(found in network for network in _MISSED)


def _is_loopback(host: str) -> bool:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(found in network for network in _LOOPBACK)
