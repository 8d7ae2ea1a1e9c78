"""The night begins: claim the hour and stage the list of tenants whose night it is."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any

from msgspec import Meta

from rostersync.parsing import TenantId
from rostersync.steps.requests import Request, RunId
from rostersync.storage import staged
from rostersync.storage.due_times import is_due, to_due_at
from rostersync.storage.stores import Stores

LONGEST_NIGHT_SECONDS = 79_200
"""The time-out of the nightly state machine: a night that was not ended by its summary is over by then."""


class NightRequest(Request, frozen=True, kw_only=True):
    """``nightId`` is the execution; ``scheduledTime`` comes from the schedule, ``tenantIds`` by hand."""

    night_id: RunId
    scheduled_time: Annotated[datetime, Meta(tz=True)] | None = None
    tenant_ids: Annotated[tuple[TenantId, ...], Meta(min_length=1)] | None = None


def list_due_tenants(
    request: NightRequest, stores: Stores, *, now: datetime, default_time_zone: str
) -> dict[str, Any]:
    """Stage ``[{"tenantId", "runId", "cause"}]``; return where it lies and how many there are.

    An hour that another execution has claimed is empty, and so is one in which another night is still at
    work: its tenants are that one's, or stay due. Named tenants are an operator's runs, due or not.
    """
    tenants: list[str] = []
    if request.tenant_ids is not None:
        tenants = sorted(set(request.tenant_ids))
    elif stores.nights.begin(request.night_id, now, LONGEST_NIGHT_SECONDS) and (
        request.scheduled_time is None
        or stores.nights.claim(to_due_at(request.scheduled_time), request.night_id)
    ):
        tenants = list(_due(stores, now, default_time_zone))
    cause = "nightly" if request.tenant_ids is None else "operator"
    night = blake2b(request.night_id.encode(), digest_size=3).hexdigest()
    hour = (request.scheduled_time or now).strftime("%Y%m%dT%H")
    key = staged.night_tenants(request.night_id)
    stores.staging.put_json(
        key,
        [
            {"tenantId": tenant, "runId": f"nightly-{hour}-{night}-{tenant}", "cause": cause}
            for tenant in tenants
        ],
    )
    return {"nightId": request.night_id, "tenantsKey": key, "tenants": len(tenants)}


def _due(stores: Stores, now: datetime, default_time_zone: str) -> Iterator[str]:
    """Yield who is due, the longest waiting first; the index may be behind, so each integration is asked."""
    for tenant_id in stores.integrations.due(now):
        found = stores.integrations.get(tenant_id)
        if found is None or not found.has_nights:
            continue
        zone = found.time_zone or default_time_zone
        if is_due(found.due_at, now, zone, found.nightly_hour, found.pause_windows):
            yield tenant_id
