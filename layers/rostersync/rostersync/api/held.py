"""``/runs/{id}/held``, ``/approve`` and ``/discard``: what a sync held, and what becomes of it."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import uuid4

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from rostersync.api import services
from rostersync.api.caller import Caller
from rostersync.api.resolver import answers, make_router
from rostersync.api.shapes import Milliseconds, Shape, StartedRun
from rostersync.roster.guard import EVERYWHERE
from rostersync.steps.decide_held import DecideRequest, approve_held, discard_held
from rostersync.steps.requests import RUN_ID_PATTERN, parse_request
from rostersync.steps.show_held import ShownList, show_held
from rostersync.steps.start_run import Started, StartRequest, start_run

router = make_router()

RunIdInPath = Annotated[str, Path(pattern=RUN_ID_PATTERN)]


class ShareShape(Shape):
    """How many would go, of how many."""

    lost: int
    of: int


class HeldSchool(Shape):
    """What would go of one school; ``school`` is a sourcedId, "" for what belongs to none."""

    school: str
    name: str
    kinds: dict[str, ShareShape]


class HeldGroup(Shape):
    """A group that would go, ``gone``, or lose ``lost`` of its ``of`` members."""

    group_id: str
    name: str
    school: str
    gone: bool
    lost: int
    of: int


class HeldCause(Shape):
    """What was too much: of a kind or collection, in a school, or in all of them: ``school`` is "" then."""

    kind: str
    school: str
    name: str
    lost: int
    of: int


class HeldShape(Shape):
    """A held list. ``stopped`` is "" or says why nothing at all was published, additions included.

    ``kinds`` and ``schools`` count what would go: teachers, students, classes, groups, memberships, owners.
    """

    run_id: str
    state: Annotated[
        str,
        Field(description="undecided, approved, discarded, over (all is back) or replaced by a later list"),
    ]
    held_at: Milliseconds
    expires_at: Milliseconds
    stopped: str
    causes: list[HeldCause]
    kinds: dict[str, ShareShape]
    schools: list[HeldSchool]
    largest_groups: list[HeldGroup]
    students_still_seen: Annotated[
        int, Field(description="Students whom teachers still saw at heldAt who were no longer theirs then")
    ]
    decided_by: str
    decided_at: Milliseconds
    decided_in: Annotated[str, Field(description="The sync that an approval started")]


class Discarded(Shape):
    """The list is forgotten; the next sync looks afresh."""

    run_id: str


@router.get("/runs/<run_id>/held", summary="What a sync held", tags=["runs"], responses=answers(HeldShape))
def get_run_held(run_id: RunIdInPath) -> HeldShape:
    """Return what would go, by kind and by school, the largest groups named, and how it was decided."""
    caller, at = services.who_looks(router), services.current()
    return _shape(run_id, show_held(caller.tenant_id, run_id, at.stores, now=at.now()))


@router.post(
    "/runs/<run_id>/approve",
    summary="Let go what a sync held",
    tags=["runs"],
    responses=answers(StartedRun, 202),
    status_code=202,
)
def post_run_approve(run_id: RunIdInPath) -> StartedRun:
    """Start a sync that permits what is on the list, and judges the rest as usual."""
    caller, at = services.who_acts(router), services.current()
    request = _decision(caller, run_id)
    machine = at.settings.sync_state_machine

    def start(wanted: StartRequest) -> Started:
        return start_run(wanted, at.stores, at.executions, machine, now=at.now(), nonce=uuid4().hex[:8])

    started = approve_held(request, at.stores, start, now=at.now())
    return StartedRun(run_id=started.run_id, already=started.already)


@router.post(
    "/runs/<run_id>/discard",
    summary="Forget what a sync held",
    tags=["runs"],
    responses=answers(Discarded),
)
def post_run_discard(run_id: RunIdInPath) -> Discarded:
    """Forget the list: the next sync looks afresh."""
    caller, at = services.who_acts(router), services.current()
    request = _decision(caller, run_id)
    discard_held(request, at.stores, at.bus, now=at.now())
    return Discarded(run_id=run_id)


def _decision(caller: Caller, run_id: str) -> DecideRequest:
    event = {"tenantId": caller.tenant_id, "runId": run_id, "actor": caller.actor}
    return parse_request(DecideRequest, event)


def _shape(run_id: str, shown: ShownList) -> HeldShape:
    summary, held = shown.summary, shown.held
    schools = sorted(summary.shares.keys() - {EVERYWHERE})
    return HeldShape(
        run_id=run_id,
        state=shown.state,
        held_at=summary.held_at,
        expires_at=held.expires_at,
        stopped=summary.stopped,
        causes=[
            HeldCause(
                kind=kind,
                school="" if school == EVERYWHERE else school,
                name=shown.schools.get(school, ""),
                lost=lost,
                of=of,
            )
            for kind, school, lost, of in summary.causes
        ],
        kinds=_kinds(summary.shares.get(EVERYWHERE, {})),
        schools=[
            HeldSchool(school=one, name=shown.schools.get(one, ""), kinds=_kinds(summary.shares[one]))
            for one in schools
        ],
        largest_groups=[
            HeldGroup(
                group_id=group.group_id,
                name=group.name,
                school=shown.schools.get(group.school, ""),
                gone=group.gone,
                lost=len(group.members),
                of=group.of,
            )
            for group in summary.largest
        ],
        students_still_seen=summary.students_still_seen,
        decided_by=held.decided_by,
        decided_at=held.decided_at,
        decided_in=held.decided_in,
    )


def _kinds(shares: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    return {kind: ShareShape(lost=lost, of=of) for kind, (lost, of) in shares.items()}
