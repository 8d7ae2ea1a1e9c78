"""``/teachers`` and ``/users``: who waits for a user, and importing them."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from msgspec import to_builtins
from msgspec.structs import asdict

from rostersync.api import services
from rostersync.api.resolver import answers, make_router
from rostersync.api.shapes import ImportedUsers, ImportUsers, TeacherPage, TeacherSearch, UsersLeft
from rostersync.steps.import_users import ImportRequest, import_users
from rostersync.steps.list_teachers import TeachersRequest, list_teachers, users_without_teacher
from rostersync.steps.requests import parse_request

router = make_router()


@router.get(
    "/teachers", summary="Teachers who wait for a user", tags=["users"], responses=answers(TeacherPage)
)
def get_teachers(
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> TeacherPage:
    """Return a page of all of them, in order of name."""
    return _page(TeacherSearch(offset=offset, limit=limit))


@router.post(
    "/teachers/search", summary="Search the teachers who wait", tags=["users"], responses=answers(TeacherPage)
)
def post_teachers_search(body: TeacherSearch) -> TeacherPage:
    """Return a page of those that fit."""
    return _page(body)


@router.post("/users", summary="Import teachers as users", tags=["users"], responses=answers(ImportedUsers))
def post_users(body: ImportUsers) -> ImportedUsers:
    """Ask Senso for users; one that cannot be asked for does not stop the others."""
    caller, at = services.who_acts(router), services.current()
    event = {"tenantId": caller.tenant_id, **body.model_dump(by_alias=True)}
    imported = import_users(parse_request(ImportRequest, event), at.stores, at.bus, now=at.now())
    return ImportedUsers.model_validate({"users": [asdict(one) for one in imported]})


@router.get(
    "/users/without-teacher",
    summary="Users whose teacher has left",
    tags=["users"],
    responses=answers(UsersLeft),
)
def get_users_without_teacher() -> UsersLeft:
    """Return the users that were made for teachers who have left the roster since."""
    caller, at = services.who_looks(router), services.current()
    return UsersLeft(user_ids=users_without_teacher(caller.tenant_id, at.stores))


def _page(search: TeacherSearch) -> TeacherPage:
    caller, at = services.who_looks(router), services.current()
    event = {"tenantId": caller.tenant_id, **search.model_dump(by_alias=True)}
    return TeacherPage.model_validate(
        to_builtins(list_teachers(parse_request(TeachersRequest, event), at.stores))
    )
