"""The status screen: how a tenant's connection stands, and what is known of its roster and its users."""

from collections import Counter
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from rostersync.clock import milliseconds
from rostersync.roster.offering import is_offered
from rostersync.roster.pausing import paused_until
from rostersync.steps.going_on import as_it_stands, goes_on
from rostersync.steps.list_teachers import read_shards
from rostersync.storage.integrations import Integration
from rostersync.storage.runs import RunRecord
from rostersync.storage.stores import Stores

RUNS_LOOKED_AT: Final = 400
"""A run that changed something lies that far back at most: a night each for longer than a year."""

CHANGING: Final = frozenset({"published", "held"})
SYNCED: Final = CHANGING | {"unchanged"}
"""Outcomes of a run after which is known what ClassLink has; of a held one some of it waits."""


class Screen(Struct, frozen=True):
    """What an admin sees first. ``integration`` is None for a tenant that is not connected.

    ``paused_until`` is the last local day of the pause window that today lies in, "" when it lies in none or
    the tenant is paused anyway.
    ``status`` is the first that applies of ``disconnecting``, ``not connected``, ``syncing``, ``credentials
    rejected``, ``paused``, ``held`` and ``connected``. ``people`` counts owners: ``teaching`` with groups,
    ``inSenso`` with a user, ``waiting`` with groups and without a user. ``running`` is the id of the run in
    progress, ``held`` that of the run on whose list somebody has to decide, "" for none; ``changed_at`` the
    start of the last run that found something changed, in ms, 0: none. ``last`` is the last that was no
    preview, ``synced`` the last that got through: a failed one knows nothing of the roster, and what is shown
    of it stays.
    """

    status: str
    integration: Integration | None
    people: dict[str, int]
    running: str
    last: RunRecord | None
    synced: RunRecord | None
    changed_at: int
    paused_until: str = ""
    held: str = ""


def show_integration(tenant_id: str, stores: Stores, *, now: datetime, default_time_zone: str) -> Screen:
    """Read the screen; nothing is asked of ClassLink."""
    integration = stores.integrations.get(tenant_id)
    if integration is None:
        return Screen("not connected", None, {}, "", None, None, 0)
    held = integration.undecided(milliseconds(now))
    lease = stores.leases.holder(tenant_id, now)
    recent = [as_it_stands(run, lease, now) for run in stores.runs.recent(tenant_id, RUNS_LOOKED_AT)]
    running = lease.run_id if lease is not None else ""
    if not goes_on(lease, next((run for run in recent if run.run_id == running), None)):
        running = ""
    # What an earlier connection's runs found may be another district's.
    ended = [run for run in recent if run.finished_at and run.started_at >= integration.connected_at]
    today = now.astimezone(ZoneInfo(integration.time_zone or default_time_zone)).date()
    until = paused_until(today, integration.pause_windows)
    return Screen(
        status=_status(integration, running=bool(running), in_window=bool(until), held=bool(held)),
        integration=integration,
        people=_people(tenant_id, stores),
        running=running,
        last=next((run for run in ended if run.mode != "preview"), None),
        synced=next((run for run in ended if run.outcome in SYNCED), None),
        changed_at=next((run.started_at for run in ended if run.outcome in CHANGING and _changed(run)), 0),
        paused_until="" if integration.paused else until,
        held=held,
    )


def _status(integration: Integration, *, running: bool, in_window: bool, held: bool) -> str:
    if integration.status == "disconnecting":
        return "disconnecting"
    if running:
        return "syncing"
    if integration.status == "credentials rejected":
        return "credentials rejected"
    if integration.paused or in_window:
        return "paused"
    return "held" if held else "connected"


def _changed(run: RunRecord) -> bool:
    return any(sum(counts.values()) for counts in run.changes.values())


def _people(tenant_id: str, stores: Stores) -> dict[str, int]:
    people = Counter({"teaching": 0, "inSenso": 0, "waiting": 0})
    for shard in read_shards(stores, tenant_id):
        for owner_id in shard.owners:
            groups, linked = shard.groups_of(owner_id), bool(shard.user_of(owner_id))
            people["teaching"] += groups > 0
            people["inSenso"] += linked
            people["waiting"] += is_offered(groups, linked=linked)
    return dict(people)
