"""The night ends: write how it went for each tenant."""

from collections import Counter
from typing import Any

from rostersync.steps.requests import Request, RunId
from rostersync.storage import staged
from rostersync.storage.stores import Stores

NOT_STARTED = "not started"
"""Another run held the tenant's lease, or the tenant has no integration any more; it stays due."""


class SummaryRequest(Request):
    """The night's execution."""

    night_id: RunId


def summarise_night(request: SummaryRequest, stores: Stores) -> dict[str, Any]:
    """Write the night's item; return how many tenants had which outcome."""
    tenants = stores.staging.get_json(staged.night_tenants(request.night_id), list[dict[str, str]])
    summary = []
    for tenant in tenants:
        run = stores.runs.get(tenant["tenantId"], tenant["runId"])
        summary.append(
            {
                **tenant,
                "outcome": (run.outcome or "failed") if run else NOT_STARTED,
                "reason": run.reason if run else "",
            }
        )
    outcomes = dict(Counter(entry["outcome"] for entry in summary))
    stores.nights.put_summary(request.night_id, {"outcomes": outcomes, "tenants": summary})
    return {"nightId": request.night_id, "outcomes": outcomes}
