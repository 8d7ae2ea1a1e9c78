"""What people paste as a server's address, and the base URLs it can mean (ONEROSTER §2)."""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from requests.utils import requote_uri

from rostersync.errors import NotARosterServer
from rostersync.oneroster.allowed import AllowList

PATH_1_1: Final = "/ims/oneroster/v1p1"
PATH_1_2: Final = "/ims/oneroster/rostering/v1p2"

_VERSIONS: Final = ("v1p1", "v1p2")
_PATH_BEGUN: Final = re.compile(r"(/ims(/oneroster(/rostering)?)?)$")
_ESCAPE: Final = re.compile(r"%[0-9a-fA-F]{2}")
_HOST_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_ADVICE: Final = "paste the address from Roster Server, like https://district-st-v2.rosterserver.com"


def normalise_server_url(text: str, allowed: AllowList) -> list[str]:
    """Return the base URLs, without a trailing slash, that an address can mean, likeliest first.

    An address with a version in its path means itself, cut after the version; one without is tried with the
    paths of OneRoster 1.1 and 1.2. Only https, to a host that is allowed. Where its name leads is vetted when
    a connection is made.
    Raises ``NotARosterServer`` with words for the person who pasted it.
    """
    pasted = text.strip()
    if not pasted:
        raise NotARosterServer(f"the server address is empty; {_ADVICE}")
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in pasted):
        raise NotARosterServer(
            f"the server address contains a space or a character no address has; {_ADVICE}"
        )
    if "://" not in pasted:
        pasted = f"https://{pasted}"
    try:
        parts = urlsplit(pasted)
        port = parts.port
    except ValueError:
        raise NotARosterServer(f"the server address cannot be read; {_ADVICE}") from None
    _refuse_extras(parts)
    host = _host(parts)
    allowed.vet_host(parts.scheme.lower(), host)
    origin = f"{parts.scheme.lower()}://{f'[{host}]' if ':' in host else host}"
    default_port = 443 if parts.scheme.lower() == "https" else 80
    if port is not None and port != default_port:
        origin += f":{port}"
    return [origin + path for path in _paths(parts.path)]


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def host_of(url: str) -> str:
    """Return the host of a URL, as it may stand in a message."""
    return urlsplit(url).hostname or ""


def version_of(base_url: str) -> str:
    """Return the OneRoster version that a base URL's path names, ``1.1`` when it names none."""
    return "1.2" if "v1p2" in urlsplit(base_url).path.lower().split("/") else "1.1"


def _refuse_extras(parts: SplitResult) -> None:
    if "@" in parts.netloc:
        raise NotARosterServer(f"the server address carries a user name or password; {_ADVICE}")
    if parts.fragment or parts.query:
        raise NotARosterServer(f"the server address carries a ? or # part; {_ADVICE}")
    if parts.port == 0 or parts.netloc.endswith(":"):
        raise NotARosterServer(f"the server address carries a port that is none; {_ADVICE}")


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        try:
            return ipaddress.IPv6Address(host).compressed
        except ValueError:
            raise NotARosterServer(f"the server address has no readable host; {_ADVICE}") from None
    try:
        host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        host = ""
    if not host or not all(_HOST_LABEL.fullmatch(label) for label in host.split(".")):
        raise NotARosterServer(f"the server address has no readable host; {_ADVICE}")
    return host


def _paths(pasted: str) -> list[str]:
    # Escapes stay (a proxy's application id is pasted percent-escaped), in the one form in which requests and
    # urllib3 send them: a signature covers the URL as it is sent.
    sent = _ESCAPE.sub(lambda escape: escape[0].upper(), requote_uri(pasted))
    segments = [segment for segment in sent.split("/") if segment]
    if any(segment in {".", ".."} for segment in segments):
        raise NotARosterServer(f"the server address has dots for a folder in it; {_ADVICE}")
    versions = [place for place, segment in enumerate(segments) if segment.lower() in _VERSIONS]
    if versions:
        return ["/" + "/".join(segments[: versions[-1] + 1])]
    prefix = _PATH_BEGUN.sub("", "".join(f"/{segment}" for segment in segments))
    return [prefix + PATH_1_1, prefix + PATH_1_2]
