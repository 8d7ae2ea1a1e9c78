"""How long to wait before trying again, and small questions that are asked until answered."""

import math
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from random import Random
from typing import Final, TypeVar

from rostersync.errors import RosterServerUnavailable, RosterSyncError
from rostersync.oneroster.signals import Busy, TooHeavy, settled

ROUNDS: Final = 4
"""Failures in a row, with nothing read between them, before a server counts as unavailable."""

LONGEST_WAIT: Final = 10.0
"""Seconds that a function waits by itself; anything longer is a Wait state's business."""

LONGEST_RETRY_AFTER: Final = 900.0
"""Seconds. A server that asks for more is asked again then, at the price of one request."""

T = TypeVar("T")


def back_off(failures: int, random: Random) -> float:
    """Return seconds to wait after so many failures in a row: exponential, full jitter (ONEROSTER §7)."""
    return random.uniform(0, min(LONGEST_WAIT, 2.0 ** (failures - 1)))


def read_retry_after(header: str | None, now: float) -> float | None:
    """Read ``Retry-After``, seconds or an HTTP date, as seconds from ``now`` (seconds since 1970), capped."""
    text = (header or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None


def cool_down(error: RosterSyncError, failures: int, random: Random) -> float:
    """Return seconds to wait after an error: what the server asks for, else a back-off."""
    asked = error.retry_after if isinstance(error, (Busy, TooHeavy)) else None
    own = back_off(failures, random)
    return own if asked is None else max(asked, min(own, 1.0))


def patiently(
    call: Callable[[], T], *, wait: Callable[[float], None] = time.sleep, random: Random | None = None
) -> T:
    """Return what ``call`` returns, tried up to four times while the server is busy or unavailable.

    Raises only what the state machines know by name; a cool-down longer than ten seconds ends it at once.
    """
    dice = random or Random()  # noqa: S311 - jitter
    for failures in range(1, ROUNDS + 1):
        try:
            return call()
        except RosterServerUnavailable as error:
            seconds = cool_down(error, failures, dice)
            if failures == ROUNDS or seconds > LONGEST_WAIT:
                raise settled(error) from None
            wait(seconds)
        except RosterSyncError as error:
            raise settled(error) from None
    raise AssertionError("unreachable: the last round returns or raises")
