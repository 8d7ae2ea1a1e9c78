"""``/runs``: start a sync, follow it, look at those that were."""

from typing import Annotated
from uuid import uuid4

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from msgspec import to_builtins

from rostersync.api import services
from rostersync.api.choices import roster_settings
from rostersync.api.resolver import answers, make_router
from rostersync.api.shapes import Download, IssuePage, RunDetails, Runs, RunShape, StartedRun, StartRun
from rostersync.steps.list_issues import IssuesRequest, export_issues, list_issues
from rostersync.steps.requests import RUN_ID_PATTERN, parse_request
from rostersync.steps.show_run import show_run, show_runs
from rostersync.steps.start_run import StartRequest, start_run
from rostersync.storage.runs import RunRecord

router = make_router()

RunIdInPath = Annotated[str, Path(pattern=RUN_ID_PATTERN)]


@router.post(
    "/runs", summary="Start a sync", tags=["runs"], responses=answers(StartedRun, 202), status_code=202
)
def post_runs(body: StartRun) -> StartedRun:
    """Start a sync, or return the one that goes on: two presses are one run."""
    caller, at = services.who_acts(router), services.current()
    event = {"tenantId": caller.tenant_id, "mode": body.mode, "actor": caller.actor}
    settings = roster_settings(body.settings) if body.settings else None
    other = {"settings": settings, "additionsOnlyUntil": body.additions_only_until}
    request = parse_request(StartRequest, {**event, **other})
    started = start_run(
        request,
        at.stores,
        at.executions,
        at.settings.sync_state_machine,
        now=at.now(),
        nonce=uuid4().hex[:8],
    )
    return StartedRun(run_id=started.run_id, already=started.already)


@router.get("/runs", summary="The last syncs", tags=["runs"], responses=answers(Runs))
def get_runs(limit: Annotated[int, Query(ge=1, le=100)] = 30) -> Runs:
    """Return the last syncs, latest first."""
    caller, at = services.who_looks(router), services.current()
    found = show_runs(caller.tenant_id, limit, at.stores, now=at.now())
    return Runs(runs=[shape_of_run(run) for run in found])


@router.get("/runs/<run_id>", summary="One sync", tags=["runs"], responses=answers(RunDetails))
def get_run(run_id: RunIdInPath) -> RunDetails:
    """Return a sync with its phase, and while it goes on its progress by collection."""
    caller, at = services.who_looks(router), services.current()
    shown = show_run(caller.tenant_id, run_id, at.stores, now=at.now())
    return RunDetails.model_validate(
        {"run": shape_of_run(shown.run), "phase": shown.phase, "progress": shown.progress}
    )


@router.get(
    "/runs/<run_id>/issues", summary="What a sync set aside", tags=["runs"], responses=answers(IssuePage)
)
def get_run_issues(
    run_id: RunIdInPath,
    collection: Annotated[str, Query(max_length=50)] = "",
    reason: Annotated[str, Query(max_length=200)] = "",
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> IssuePage:
    """Return a page of the records set aside, and of those that should be looked at, with reasons."""
    caller, at = services.who_looks(router), services.current()
    event = {"tenantId": caller.tenant_id, "runId": run_id, "collection": collection, "reason": reason}
    request = parse_request(IssuesRequest, {**event, "offset": offset, "limit": limit})
    return IssuePage.model_validate(to_builtins(list_issues(request, at.stores)))


@router.post(
    "/runs/<run_id>/issues/table",
    summary="The same as a table to download",
    tags=["runs"],
    responses=answers(Download),
)
def post_run_issues_table(run_id: RunIdInPath) -> Download:
    """Write all of them as CSV; return a link that can be followed for five minutes."""
    caller, at = services.who_looks(router), services.current()
    return Download(url=export_issues(caller.tenant_id, run_id, at.stores))


def shape_of_run(run: RunRecord) -> RunShape:
    """Return a run as the portal sees it."""
    return RunShape.model_validate(run, from_attributes=True)
