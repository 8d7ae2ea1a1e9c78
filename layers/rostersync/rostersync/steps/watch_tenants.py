"""Look at every tenant once an hour: count who is in trouble, and tell Senso what an admin has to look at."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from rostersync.at_once import at_once
from rostersync.clock import milliseconds
from rostersync.roster.pausing import is_paused
from rostersync.senso.attention import CREDENTIALS_REJECTED, REMOVALS_HELD, STALE, Attention
from rostersync.senso.bus import Bus
from rostersync.steps.going_on import as_it_stands
from rostersync.steps.requests import Request, RunId
from rostersync.storage.due_times import to_due_at
from rostersync.storage.integrations import Integration
from rostersync.storage.stores import Stores

STALE_AFTER: Final = timedelta(hours=28)
"""A night, the hour that a change of daylight saving may add, and the longest sync."""

LATE_AFTER: Final = timedelta(hours=2)
"""A night that is due has begun by then: there is one every hour, and other tenants come first."""

READERS: Final = 16
RUNS_LOOKED_AT: Final = 100


class WatchRequest(Request, frozen=True, kw_only=True):
    """The night's execution: it names what it finds stale."""

    night_id: RunId


class _Seen(Struct, frozen=True):
    integration: Integration
    held: str
    stale: bool = False


def watch_tenants(
    request: WatchRequest,
    stores: Stores,
    bus: Bus,
    *,
    now: datetime,
    default_time_zone: str,
    count: Callable[[Mapping[str, int]], None],
) -> dict[str, int]:
    """Return how many of the connected tenants are stale, rejected and held; who is paused is not stale.

    ``count`` is given the same before Senso is told: what the bus refuses is told an hour later. Raises
    ``EventBusUnavailable`` then, when all others were told.
    """
    tenants = sorted(set(stores.integrations.all_connected()))

    def look(tenant_id: str) -> _Seen | None:
        seen = _look(tenant_id, stores, now)
        return seen and replace(seen, stale=is_stale(seen.integration, stores, now, default_time_zone))

    looked_at = at_once(look, tenants, workers=READERS)
    found = [(one.integration, _wanted(one, request.night_id)) for one in looked_at if one is not None]
    counts = {
        name: sum(reason in wanted for _, wanted in found)
        for name, reason in (
            ("TenantsStale", STALE),
            ("TenantsRejected", CREDENTIALS_REJECTED),
            ("TenantsHeld", REMOVALS_HELD),
        )
    }
    count(counts)
    at_once(lambda one: Attention(stores, bus, one[0]).settle(one[1]), found)
    return counts


def is_stale(integration: Integration, stores: Stores, now: datetime, default_time_zone: str) -> bool:
    """Say whether no run has got through for 28 hours, all of them without a pause, and a night was missed.

    Without one nobody is late, however long it is: connecting starts no run, a night moved to a later hour
    is more than a day after the last one, and whoever was paused has had none.
    """
    return _is_silent(integration, now, integration.time_zone or default_time_zone) and (
        integration.due_at <= to_due_at(now - LATE_AFTER) or _has_failed(integration, stores, now)
    )


def _has_failed(integration: Integration, stores: Stores, now: datetime) -> bool:
    """Say whether a night has failed since a run got through; one that goes on has not."""
    since = max(integration.synced_at, integration.connected_at)
    lease = stores.leases.holder(integration.tenant_id, now)
    return any(
        run.cause == "nightly" and as_it_stands(run, lease, now).outcome == "failed"
        for run in stores.runs.recent(integration.tenant_id, RUNS_LOOKED_AT)
        if run.started_at >= since
    )


def _is_silent(integration: Integration, now: datetime, time_zone: str) -> bool:
    since = now - STALE_AFTER
    if max(integration.synced_at, integration.connected_at) >= milliseconds(since):
        return False
    zone = ZoneInfo(time_zone)
    day, today = since.astimezone(zone).date(), now.astimezone(zone).date()
    days = (day + timedelta(days=number) for number in range((today - day).days + 1))
    return not integration.paused and not any(is_paused(one, integration.pause_windows) for one in days)


def _wanted(seen: _Seen, night_id: str) -> dict[str, str]:
    """Return what an admin has to look at, and which run found it, by reason."""
    integration = seen.integration
    wanted: dict[str, str] = {REMOVALS_HELD: seen.held} if seen.held else {}
    if integration.trouble is not None:
        wanted[integration.trouble.reason] = integration.trouble.run_id
    if seen.stale:
        wanted[STALE] = integration.told.get(STALE, night_id)
    return wanted


def _look(tenant_id: str, stores: Stores, now: datetime) -> _Seen | None:
    """Return an integration with its undecided list, None when there is none any more.

    A run tells Senso of its list in Deliver, and notes it when it ends: until then it is undecided. What is
    said to be over is over for good.
    """
    integration = stores.integrations.get(tenant_id)
    told = integration.told.get(REMOVALS_HELD, "") if integration is not None else ""
    if integration is not None and told not in {"", integration.undecided(milliseconds(now))}:
        lease = stores.leases.holder(tenant_id, now)
        run = stores.runs.get(tenant_id, told)
        if run is not None and not as_it_stands(run, lease, now).finished_at:
            return _Seen(integration, told)
        # It had ended, or broken off, before this: what it held is noted by now, if it ever is.
        integration = stores.integrations.get(tenant_id)
    if integration is None or integration.status == "disconnecting":
        return None
    return _Seen(integration, integration.undecided(milliseconds(now)))
