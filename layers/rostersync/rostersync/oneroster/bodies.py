"""Reading an answer's body with an end to it, and saying what went wrong underneath."""

import ssl
from collections.abc import Callable, Iterator
from typing import Final

import requests
import urllib3

from rostersync.errors import NotARosterServer, RosterServerUnavailable, RosterSyncError
from rostersync.oneroster.signals import TooHeavy

LONGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes of a decoded body. 10,000 users are about 9 MB (ONEROSTER §7)."""

_CHUNK: Final = 256 * 1024
_DRAINED: Final = 16 * 1024


def read_body(
    response: requests.Response, named: str, *, longest: int, seconds_left: Callable[[], float]
) -> bytes:
    """Return the decoded body. ``named`` is the path as messages may say it.

    Raises ``TooHeavy`` when it is longer than ``longest`` bytes or takes too long, so that a smaller page is
    tried; ``RosterServerUnavailable`` when it breaks off.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        # read1 returns with what there is: a body that trickles is looked at between two drops.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > longest:
                raise TooHeavy(f"the Roster Server's answer to /{named} is longer than {longest} bytes")
            if seconds_left() <= 0:
                raise TooHeavy(f"the Roster Server took too long to answer /{named}")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise RosterServerUnavailable(
            f"the Roster Server's answer to /{named} broke off ({type(error).__name__})"
        ) from None
    return b"".join(chunks)


def drain(response: requests.Response) -> None:
    """Read a short body that nobody needs, so that the connection can be used again."""
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) <= _DRAINED:
        try:
            response.raw.read(_DRAINED)
        except (urllib3.exceptions.HTTPError, OSError):
            return


def explain(error: requests.RequestException, host: str) -> RosterSyncError:
    """Return the error that a failed connection means. Only a certificate that is not good is for ever."""
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return NotARosterServer(f"{host} is not an address that can be called")
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return NotARosterServer(f"{host} has no certificate that can be trusted; check the server address")
    kind = "in time" if isinstance(error, requests.Timeout) else "or cannot be reached"
    return RosterServerUnavailable(f"{host} did not answer {kind} ({type(error).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those it was made of, as requests and urllib3 wrap them."""
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]
