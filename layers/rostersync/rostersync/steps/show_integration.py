"""The status screen: how a tenant's connection stands, and what is known of its roster and its users."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rostersync.clock import milliseconds
from rostersync.roster.offering import is_offered
from rostersync.steps.list_teachers import read_shards
from rostersync.storage.integrations import Integration
from rostersync.storage.runs import RunRecord
from rostersync.storage.stores import Stores

RUNS_LOOKED_AT: Final = 400
"""A run that changed something lies that far back at most: a night each for longer than a year."""

CHANGING: Final = frozenset({"published", "held"})


@dataclass(frozen=True, slots=True)
class Screen:
    """What an admin sees first. ``integration`` is None for a tenant that is not connected.

    ``status`` is the first that applies of ``disconnecting``, ``not connected``, ``syncing``, ``credentials
    rejected``, ``paused``, ``held`` and ``connected``. ``people`` counts owners: ``teaching`` with groups,
    ``inSenso`` with a user, ``waiting`` with groups and without a user. ``running`` is the id of the run in
    progress, ``held`` that of the run on whose list somebody has to decide, "" for none; ``changed_at`` the
    start of the last run that found something changed, in ms, 0: none.
    """

    status: str
    integration: Integration | None
    people: dict[str, int]
    running: str
    last: RunRecord | None
    changed_at: int
    held: str = ""


def show_integration(tenant_id: str, stores: Stores, *, now: datetime) -> Screen:
    """Read the screen; nothing is asked of ClassLink."""
    integration = stores.integrations.get(tenant_id)
    if integration is None:
        return Screen("not connected", None, {}, "", None, 0)
    held = integration.undecided(milliseconds(now))
    lease = stores.leases.holder(tenant_id, now)
    ended = [run for run in stores.runs.recent(tenant_id, RUNS_LOOKED_AT) if run.finished_at]
    return Screen(
        status=_status(integration, running=lease is not None, held=bool(held)),
        integration=integration,
        people=_people(tenant_id, stores),
        running=lease.run_id if lease is not None else "",
        last=next((run for run in ended if run.mode != "preview"), None),
        changed_at=next((run.started_at for run in ended if run.outcome in CHANGING and _changed(run)), 0),
        held=held,
    )


def _status(integration: Integration, *, running: bool, held: bool) -> str:
    if integration.status == "disconnecting":
        return "disconnecting"
    if running:
        return "syncing"
    if integration.status == "credentials rejected":
        return "credentials rejected"
    if integration.paused:
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
