"""The night ends: write how it went for each tenant, and let the next one work."""

from collections import Counter
from typing import Any

from rostersync.at_once import at_once
from rostersync.errors import StagedObjectMissing
from rostersync.steps.requests import Request, RunId
from rostersync.storage import staged
from rostersync.storage.stores import Stores

NOT_STARTED = "not started"
"""Another run held the tenant's lease, its night was over, or it has no integration; if due, it stays due."""

READERS = 16


class SummaryRequest(Request, frozen=True, kw_only=True):
    """The night's execution, from the state machine or from Step Functions' status-change event."""

    night_id: RunId

    @classmethod
    def fields_of(cls, event: Any) -> Any:
        """Read the execution's name from an EventBridge event."""
        if not isinstance(event, dict) or event.get("source") != "aws.states":
            return event
        detail = event.get("detail")
        return {"nightId": detail.get("name") if isinstance(detail, dict) else None}


def summarise_night(request: SummaryRequest, stores: Stores) -> dict[str, Any]:
    """Write the night's item; return how many tenants had which outcome.

    Of a night that was ended from outside it says how far it came.
    """
    try:
        tenants = stores.staging.get_json(staged.night_tenants(request.night_id), list[dict[str, str]])
    except StagedObjectMissing:
        # Ended before it had listed anybody.
        tenants = []

    def how_it_went(tenant: dict[str, str]) -> dict[str, str]:
        run = stores.runs.get(tenant["tenantId"], tenant["runId"])
        outcome = (run.outcome or "running") if run else NOT_STARTED
        return {**tenant, "outcome": outcome, "reason": run.reason if run else ""}

    summary = at_once(how_it_went, tenants, workers=READERS)
    outcomes = dict(Counter(entry["outcome"] for entry in summary))
    stores.nights.put_summary(request.night_id, {"outcomes": outcomes, "tenants": summary})
    stores.nights.end(request.night_id)
    return {"nightId": request.night_id, "outcomes": outcomes}
