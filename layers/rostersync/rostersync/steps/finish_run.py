"""Finish: record a run's outcome and statistics, give the lease back."""

import json
from datetime import datetime
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import replace

from rostersync import errors
from rostersync.clock import milliseconds
from rostersync.parsing import TenantId, convert
from rostersync.steps.guarding import KEPT_MS
from rostersync.steps.requests import LookRequest, RunId, RunRequest
from rostersync.steps.review_changes import Review
from rostersync.steps.staged_pull import ALL_SHARDS, StagedPull
from rostersync.steps.tallies import DELIVERY, add_up
from rostersync.storage import staged
from rostersync.storage.integrations import Trouble, Undecided
from rostersync.storage.runs import OVER, Held, RunRecord
from rostersync.storage.stores import Stores


class Failure(Struct, frozen=True):
    """A state machine's error output: the error's name and, for our own, Lambda's JSON with the message."""

    error: str = field(default="UnexpectedError", name="Error")
    cause: str = field(default="", name="Cause")

    @property
    def message(self) -> str:
        """The sentence we wrote; nothing else of a cause is shown."""
        kind = getattr(errors, self.error, None)
        try:
            found = json.loads(self.cause)
        except ValueError:
            found = None
        if isinstance(kind, type) and isinstance(found, dict) and isinstance(found.get("errorMessage"), str):
            return str(found["errorMessage"])
        return ENDED.get(self.error, UNEXPECTED)


UNEXPECTED = "the run ended unexpectedly; see the execution's history"

ENDED = {
    "TIMED_OUT": "the run took longer than it may and was ended; everything published so far stays",
    "ABORTED": "somebody stopped the execution; everything published so far stays",
}
"""What the status-change event says of an execution that no Catch saw end."""

ENDED_OUTSIDE = frozenset(ENDED)


class FinishRequest(LookRequest, frozen=True, kw_only=True):
    """From the state machine, or made of Step Functions' status-change event.

    Tenant and run are "" for an event that names none: an execution with a bad input has no run to finish.
    ``publishing``: the run had begun to publish, and what failed may not have stopped its siblings.
    """

    tenant_id: TenantId = ""
    run_id: RunId = ""
    publishing: bool = False
    pull: Annotated[int, Meta(ge=1, le=3)] = 1
    error: Failure | None = None
    ended_outside: bool = False

    @classmethod
    def fields_of(cls, event: Any) -> Any:
        """Read tenant and run from an EventBridge event, whose execution input is a JSON text."""
        if not isinstance(event, dict) or event.get("source") != "aws.states":
            return event
        detail = event.get("detail")
        if not isinstance(detail, dict):
            detail = {}
        named = {"tenantId": _tenant_id_in(detail.get("input")), "runId": detail.get("name")}
        try:
            convert(named, RunRequest)
        except msgspec.ValidationError:
            named = {}
        return {**named, "error": {"Error": detail.get("status", "")}, "endedOutside": True}


def _tenant_id_in(text: Any) -> Any:
    """Return the tenant of an execution's input, None when the event carries no input that says it."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return None
    return found.get("tenantId") if isinstance(found, dict) else None


class Finished(Struct, frozen=True):
    """How a run ended. ``just_now``: by this call, so that it is counted once."""

    tenant_id: str
    run_id: str
    outcome: str
    reason: str = ""
    just_now: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, run: RunRecord, **how: Any) -> Self:
        """Return a run's end."""
        return cls(run.tenant_id, run.run_id, run.outcome, run.reason, **how)

    def summary(self) -> dict[str, Any]:
        """Return what the state machine may carry."""
        return {
            "tenantId": self.tenant_id,
            "runId": self.run_id,
            "outcome": self.outcome,
            "reason": self.reason,
        }


def finish_run(
    request: FinishRequest, stores: Stores, *, now: datetime, longest_function_seconds: int
) -> Finished:
    """Record how the run ended, once; give back its lease, or what is left of it.

    A run that was refused has no item and gets none; a lease it may have taken goes. One that was stopped
    from outside gets an item even then: its Plan may still be under way, and finds there that it has ended.
    """
    if not request.tenant_id:
        return Finished("", "", "refused")
    if request.error is not None and request.error.error in ENDED_OUTSIDE:
        _note_stopped(request, stores, now)
    run = stores.runs.get(request.tenant_id, request.run_id)
    just_now = False
    if run is not None and not run.finished_at:
        review = None
        if request.error is not None:
            ended = _failed(run, request.error, stores)
        else:
            look = StagedPull(stores, request).look
            review = stores.staging.get_json(staged.review(*look), Review)
            ended = _succeeded(run, review, request, stores)
        sent = stores.runs.requests(run.tenant_id, run.run_id).sent
        ended = replace(ended, requests=sent, finished_at=milliseconds(now))
        # Before the run item: a call that dies between the two is made again, and says it again.
        _tell_integration(ended, stores)
        _note_what_is_held(ended, review, stores)
        just_now = stores.runs.finish(ended)
        run = ended if just_now else stores.runs.get(request.tenant_id, request.run_id)
    if run is not None and run.held is None:
        # It was ended from outside just now: on a list that its item does not tell of nobody could decide.
        stores.integrations.release(request.tenant_id, request.run_id)
    if request.ended_outside or request.publishing:
        # A function of the execution may still be writing; nobody else should until it cannot be.
        stores.leases.end(request.tenant_id, request.run_id, now, longest_function_seconds)
    else:
        stores.leases.release(request.tenant_id, request.run_id)
    if run is None:
        return Finished(request.tenant_id, request.run_id, "refused")
    return Finished.of(
        run,
        just_now=just_now,
        counts={
            "RosterItemsWritten": run.writes["roster"],
            "GroupItemsWritten": run.writes["groups"],
            "GroupsSent": run.delivery.get("groups", 0),
        }
        if run.writes
        else {},
    )


def _note_stopped(request: FinishRequest, stores: Stores, now: datetime) -> None:
    holder = stores.leases.holder(request.tenant_id, now)
    if holder is None or holder.run_id == request.run_id:
        stores.runs.start(
            RunRecord(
                tenant_id=request.tenant_id,
                run_id=request.run_id,
                mode="",
                cause="",
                started_at=milliseconds(now),
            )
        )


def _failed(run: RunRecord, error: Failure, stores: Stores) -> RunRecord:
    return replace(
        run,
        outcome="failed",
        error=error.error,
        reason=error.message,
        held=_held_before_it_failed(run, stores),
    )


def _held_before_it_failed(run: RunRecord, stores: Stores) -> Held | None:
    """Return the list that a run left to be decided on by a Finish that came no further."""
    integration = stores.integrations.get(run.tenant_id)
    if integration is None or integration.held is None or integration.held.run_id != run.run_id:
        return None
    return Held(expires_at=integration.held.expires_at)


def _succeeded(run: RunRecord, review: Review, request: FinishRequest, stores: Stores) -> RunRecord:
    where = (run.tenant_id, run.run_id)
    written = add_up(
        stores.staging.get_json(staged.published(*where, request.pull, shard), dict[str, int])
        for shard in review.shards
    )
    told = add_up(
        stores.staging.get_json(staged.delivered(*where, request.pull, shard), dict[str, int])
        for shard in (() if review.outcome == "previewed" else ALL_SHARDS)
    )
    return replace(
        run,
        outcome=review.outcome,
        reason=review.reason,
        stopped=review.stopped,
        held=Held(expires_at=run.started_at + KEPT_MS) if review.held else None,
        warnings=list(review.warnings),
        collections=review.collections,
        statistics=review.statistics,
        changes=review.changes,
        with_groups=review.with_groups,
        without_groups=review.without_groups,
        notes=review.notes,
        writes={"roster": written["roster"], "groups": written["groups"]},
        delivery={name: told[key] for name, key in DELIVERY.items()} if told else {},
        readiness=review.readiness,
    )


def _tell_integration(run: RunRecord, stores: Stores) -> None:
    """A preview leaves nothing but its run item; a rejected secret shows until a run gets through again."""
    if run.mode == "preview":
        return
    if run.stopped:
        stores.integrations.record_connected(run.tenant_id)
    elif run.outcome in {"published", "unchanged", "held"}:
        stores.integrations.record_sync(run.tenant_id, run.statistics, run.started_at)
    elif run.error in {"CredentialsRejected", "AccessDenied"}:
        stores.integrations.record_trouble(run.tenant_id, Trouble("credentials rejected", run.run_id))
    elif run.error == "OtherDistrict":
        stores.integrations.record_trouble(run.tenant_id, Trouble("other district", run.run_id))


def _note_what_is_held(run: RunRecord, review: Review | None, stores: Stores) -> None:
    """Let an approved list be decided once a run has come through with it, and a new one wait."""
    if review is None or run.mode == "preview":
        return
    if review.approved:
        _decide(run, review.approved, "approved", run.actor, stores)
    elif review.over:
        _decide(run, review.over, OVER, "", stores)
    if run.held is not None:
        stores.integrations.hold(run.tenant_id, Undecided(run.run_id, run.held.expires_at))


def _decide(run: RunRecord, list_of: str, decision: str, by: str, stores: Stores) -> None:
    stores.runs.decide(
        run.tenant_id, list_of, decision=decision, by=by, at=run.started_at, decided_in=run.run_id
    )
    stores.integrations.release(run.tenant_id, list_of)
