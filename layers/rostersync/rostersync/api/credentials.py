"""``PUT /integration/credentials``: verified first, stored only then."""

import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from functools import cache, partial
from threading import Thread
from typing import Final, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from rostersync import bootstrap, clock
from rostersync.api.caller import caller_of
from rostersync.api.resolver import answers, make_resolver, make_router
from rostersync.api.shapes import Connected, Credentials
from rostersync.errors import InvalidInput, RosterSyncError, TooSlow
from rostersync.observability import logger
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.credentials import Credentials as ServerCredentials
from rostersync.oneroster.discovery import AuthChoice, Discovery, discover
from rostersync.oneroster.partner import PartnerApi
from rostersync.settings import VerifySettings, suffixes
from rostersync.steps.requests import parse_request
from rostersync.steps.verify_credentials import ConnectRequest, verify_credentials

SECONDS: Final = 25.0
"""API Gateway gives up after 30: the answer must be ours."""

LOOK_UP_SECONDS: Final = 12.0
"""Of these for finding the server; what is left is enough for verifying."""

T = TypeVar("T")

PERMISSIONS: Final = {
    "orgs": "Organizations",
    "academicSessions": "Academic Sessions",
    "courses": "Courses",
    "classes": "Classes",
    "teachers": "Teachers",
    "students": "Students",
    "enrollments": "Enrollments",
}
"""What an admin looks for among the application's permissions in Roster Server."""

router = make_router()


@router.put(
    "/integration/credentials",
    summary="Connect, or replace the credentials",
    tags=["integration"],
    responses=answers(Connected, 200, 202),
)
def put_credentials(body: Credentials) -> Response[Connected]:
    """Verify the credentials against the Roster Server; when anything is wrong nothing is stored.

    Those of another district are refused as `other-district`, with both names, until the same request comes
    with `confirmDistrict`. Then the answer is 202: all of the old district is removed first, its groups in
    Senso too, which takes minutes. Meanwhile `GET /integration` says `disconnecting` and `switchingTo`.
    """
    settings = bootstrap.environment(VerifySettings)
    caller = caller_of(router.current_event.raw_event, settings)
    caller.must_act()
    deadline = time.monotonic() + SECONDS
    client_id = body.client_id.strip()
    server_url = body.server_url.strip() or _look_up(settings, client_id) or settings.default_server_url
    if not server_url:
        raise InvalidInput("serverUrl: enter the address of the district's Roster Server")
    request = parse_request(
        ConnectRequest,
        {
            "tenantId": caller.tenant_id,
            "serverUrl": server_url,
            "clientId": client_id,
            "clientSecret": body.client_secret.get_secret_value().strip(),
            "confirmDistrict": body.confirm_district,
            "actor": caller.actor,
        },
    )
    verified = verify_credentials(
        request,
        bootstrap.naming_stores(settings),
        bootstrap.bus(settings),
        bootstrap.executions(),
        settings.disconnect_state_machine,
        partial(_discover_in_time, settings, deadline),
        now=clock.now(),
        default_time_zone=settings.default_time_zone,
        new_hash_key=partial(secrets.token_bytes, 32),
    )
    found = verified.found
    told = Connected(
        status="switching" if verified.switching else "connected",
        district_name=found.district.name,
        server_url=found.base_url,
        schools=list(found.district.schools),
        records={name: found.totals.get(name) for name in PERMISSIONS if name not in found.refused},
        advice=_advice(found),
    )
    return Response(202 if verified.switching else 200, content_type="application/json", body=told)


@cache
def make_verifier() -> APIGatewayHttpResolver:
    """Return the resolver with this one route."""
    resolver = make_resolver()
    resolver.include_router(router)
    return resolver


def in_time(call: Callable[[], T], seconds: float) -> T:
    """Return what a call returns, or raise ``TooSlow`` after so many seconds.

    Whatever it is waiting for then is left to itself: it only reads, and what stores comes after it.
    """
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return result.result(seconds)
    except NotInTime:
        raise TooSlow("the Roster Server did not answer in time; try again, or ask the district") from None


def _discover_in_time(
    settings: VerifySettings,
    deadline: float,
    server_url: str,
    credentials: ServerCredentials,
    auth: AuthChoice,
) -> Discovery:
    find: Callable[[], Discovery] = partial(
        discover,
        server_url,
        credentials,
        auth=auth,
        allowed=_allowed(settings),
        seconds_left=lambda: deadline - time.monotonic(),
    )
    return in_time(find, max(0.0, deadline - time.monotonic()))


def _look_up(settings: VerifySettings, client_id: str) -> str:
    """Return where ClassLink says that the server of a ClientId is, "" when it does not say.

    Without an answer there are a default and the form's own field: it is logged, and fails nothing.
    """
    if not (settings.partner_key_secret and settings.partner_api_url and client_id):
        return ""
    deadline = time.monotonic() + LOOK_UP_SECONDS
    try:
        key = bootstrap.stores(settings).secrets.read(settings.partner_key_secret)
        partner = PartnerApi(
            settings.partner_api_url,
            key,
            allowed=_allowed(settings),
            seconds_left=lambda: deadline - time.monotonic(),
        )
        # A request that was under way may go on for as long as its own time-out.
        return in_time(partial(partner.server_of, client_id), LOOK_UP_SECONDS)
    except RosterSyncError as error:
        logger.warning("partner API not asked", error=type(error).__name__, reason=str(error))
        return ""


def _allowed(settings: VerifySettings) -> AllowList:
    return AllowList(suffixes(settings.roster_server_hosts), loopback=settings.allow_loopback_http)


def _advice(found: Discovery) -> list[str]:
    """Return what to change in Roster Server for collections that are refused or empty."""
    refused = [
        f"{PERMISSIONS[name]} are not shared: allow them for the application in Roster Server"
        for name in PERMISSIONS
        if name in found.refused
    ]
    empty = [
        f"{PERMISSIONS[name]} are empty: check what the application's permissions in Roster Server cover"
        for name in PERMISSIONS
        if found.totals.get(name) == 0
    ]
    return refused + empty
