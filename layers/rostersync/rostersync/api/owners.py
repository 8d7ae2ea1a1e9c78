"""``/owners``: one teacher: find, look, send again, match to a user by hand."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from rostersync.api import services
from rostersync.api.resolver import answers, make_router
from rostersync.api.shapes import FindOwner, MatchUser, OwnerShape, ResyncedShape
from rostersync.errors import NotFound
from rostersync.roster.identity import OWNER_ID_PATTERN
from rostersync.steps.find_owner import FindRequest, FoundOwner, find_owner, look_up
from rostersync.steps.match_user import MatchRequest, match_user
from rostersync.steps.requests import parse_request
from rostersync.steps.resync_owner import ResyncRequest, resync_owner

router = make_router()

OwnerIdInPath = Annotated[str, Path(pattern=OWNER_ID_PATTERN)]


@router.post(
    "/owners/find", summary="Find a teacher by e-mail", tags=["owners"], responses=answers(OwnerShape)
)
def post_owners_find(body: FindOwner) -> OwnerShape:
    """Return the teacher with the e-mail, or tied to the Senso user who has it; else why there is none."""
    caller, at = services.who_looks(router), services.current()
    request = parse_request(FindRequest, {"tenantId": caller.tenant_id, "email": body.email})
    return _shape(find_owner(request, at.stores))


@router.get(
    "/owners/<owner_id>/groups", summary="A teacher's classes", tags=["owners"], responses=answers(OwnerShape)
)
def get_owner_groups(owner_id: OwnerIdInPath) -> OwnerShape:
    """Return the classes the teacher is enrolled on, each with its group or the reason why there is none."""
    caller, at = services.who_looks(router), services.current()
    return _shape(_known(caller.tenant_id, owner_id, at))


@router.post(
    "/owners/<owner_id>/resync",
    summary="Send a teacher's groups again",
    tags=["owners"],
    responses=answers(ResyncedShape),
)
def post_owner_resync(owner_id: OwnerIdInPath) -> ResyncedShape:
    """Send all groups of the teacher's user again, whatever was sent before."""
    caller, at = services.who_acts(router), services.current()
    _known(caller.tenant_id, owner_id, at)
    request = parse_request(ResyncRequest, {"tenantId": caller.tenant_id, "ownerId": owner_id})
    resynced = resync_owner(request, at.stores, at.bus)
    return ResyncedShape(
        groups=resynced.groups,
        as_of=resynced.as_of,
        reason=resynced.explanation.reason,
        without_groups=dict(resynced.explanation.without_groups),
    )


@router.put(
    "/owners/<owner_id>/user",
    summary="Match a teacher to a Senso user",
    tags=["owners"],
    responses=answers(OwnerShape),
)
def put_owner_user(owner_id: OwnerIdInPath, body: MatchUser) -> OwnerShape:
    """Match by hand, or undo it; the groups move with it."""
    caller, at = services.who_acts(router), services.current()
    _known(caller.tenant_id, owner_id, at)
    event = {"tenantId": caller.tenant_id, "ownerId": owner_id, "email": body.email}
    return _shape(match_user(parse_request(MatchRequest, event), at.stores, at.bus, now=at.now()))


def _known(tenant_id: str, owner_id: str, at: services.Services) -> FoundOwner:
    """Return an owner of this tenant; raises ``NotFound``, for another tenant's too."""
    found = look_up(tenant_id, owner_id, at.stores)
    if found.owner is None and not found.user_id and not found.classes:
        raise NotFound("there is no such teacher; find the teacher by e-mail")
    return found


def _shape(found: FoundOwner) -> OwnerShape:
    owner = found.owner
    return OwnerShape.model_validate(
        {
            "owner_id": found.owner_id,
            "given_name": owner.given_name if owner else "",
            "family_name": owner.family_name if owner else "",
            "email": owner.email if owner else "",
            "user_id": found.user_id,
            "by_hand": found.by_hand,
            "groups": found.groups,
            "reason": found.explanation.reason,
            "without_groups": dict(found.explanation.without_groups),
            "classes": [
                {"class_id": one.class_id, "name": one.name, "reason": one.reason, "group_id": one.group_id}
                for one in found.classes
            ],
        }
    )
