"""``PUT /integration/credentials``: verified first, stored only then."""

import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from functools import cache, partial
from threading import Thread
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from rostersync import bootstrap, clock
from rostersync.api.caller import caller_of
from rostersync.api.resolver import answers, make_resolver, make_router
from rostersync.api.shapes import Connected, Credentials
from rostersync.errors import InvalidInput, TooSlow
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.credentials import Credentials as ServerCredentials
from rostersync.oneroster.discovery import AuthChoice, Discovery, discover
from rostersync.parsing import parse_request
from rostersync.settings import VerifySettings
from rostersync.steps.verify_credentials import ConnectRequest, verify_credentials

SECONDS: Final = 25.0
"""API Gateway gives up after 30: the answer must be ours."""

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
    server_url = body.server_url.strip() or settings.default_server_url
    if not server_url:
        raise InvalidInput("serverUrl: enter the address of the district's Roster Server")
    request = parse_request(
        ConnectRequest,
        {
            "tenantId": caller.tenant_id,
            "serverUrl": server_url,
            "clientId": body.client_id.strip(),
            "clientSecret": body.client_secret.get_secret_value().strip(),
            "confirmDistrict": body.confirm_district,
            "actor": caller.actor,
        },
    )
    verified = verify_credentials(
        request,
        bootstrap.connecting_stores(settings),
        bootstrap.bus(settings),
        bootstrap.executions(),
        settings.disconnect_state_machine,
        partial(_discover_in_time, settings),
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


def in_time(call: Callable[[], Discovery], seconds: float) -> Discovery:
    """Return what a call returns, or raise ``TooSlow`` after so many seconds.

    Whatever it is waiting for then is left to itself: it only reads, and what stores comes after it.
    """
    result: Future[Discovery] = Future()

    def run() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return result.result(seconds)
    except NotInTime:
        raise TooSlow(
            f"the Roster Server did not answer in {seconds:.0f} seconds; try again, or ask the district"
        ) from None


def _discover_in_time(
    settings: VerifySettings, server_url: str, credentials: ServerCredentials, auth: AuthChoice
) -> Discovery:
    deadline = time.monotonic() + SECONDS
    find: Any = partial(
        discover,
        server_url,
        credentials,
        auth=auth,
        allowed=AllowList(settings.roster_server_hosts, loopback=settings.allow_loopback_http),
        seconds_left=lambda: deadline - time.monotonic(),
    )
    return in_time(find, SECONDS)


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
