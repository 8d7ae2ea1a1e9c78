"""Finding out what an address and credentials open: server, district, abilities (ONEROSTER §3)."""

import time
from collections.abc import Callable
from random import Random
from typing import Final, Literal, TypeAlias

import requests
from msgspec import Struct

from rostersync.errors import (
    AccessDenied,
    CredentialsRejected,
    InvalidInput,
    NotARosterServer,
    RosterServerUnavailable,
    UnexpectedAnswer,
)
from rostersync.oneroster.ability import Ability, Auth, Version
from rostersync.oneroster.addresses import host_of, normalise_server_url, version_of
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.payloads import Row
from rostersync.oneroster.pulling import TIME_FOR_ONE_REQUEST, Stop, pull
from rostersync.oneroster.server import CONNECT_AND_READ, Page, RosterServer
from rostersync.oneroster.vetted import vetted_session
from rostersync.oneroster.windows import Window
from rostersync.roster.completeness import Answer
from rostersync.roster.merging import merge
from rostersync.roster.records import COLLECTIONS, Org

AuthChoice: TypeAlias = Literal["auto", "oauth1", "oauth2", "bearer"]

ORGS_PAGE: Final = 1_000

_ORDER: Final[dict[str, tuple[Auth, ...]]] = {
    "oauth1": ("oauth1-sha256", "oauth1-sha1"),
    "oauth2": ("oauth2",),
    "bearer": ("bearer",),
    # /token last: production servers have none.
    "auto": ("oauth1-sha256", "oauth1-sha1", "oauth2"),
}


class District(Struct, frozen=True):
    """Whose roster it is. ``schools`` are the names of ``school_ids``, in the same order, by id.

    ``top_org`` is the sourcedId of the org above all others, ``""`` when orgs are not shared.
    """

    name: str
    host: str
    top_org: str
    school_ids: tuple[str, ...]
    schools: tuple[str, ...]


class Discovery(Struct, frozen=True):
    """What an address and credentials opened. ``refused`` are the collections that may not be read.

    ``totals`` maps each collection that may be read to its announced total, None when none is announced.
    ``not_empty`` are those of which a record was seen.
    """

    base_url: str
    ability: Ability
    district: District
    totals: dict[str, int | None]
    refused: tuple[str, ...]
    not_empty: tuple[str, ...]


def discover(
    server_url: str,
    credentials: Credentials,
    *,
    allowed: AllowList,
    auth: AuthChoice = "auto",
    timeout: tuple[float, float] = CONNECT_AND_READ,
    session_factory: Callable[[AllowList], requests.Session] = vetted_session,
    wait: Callable[[float], None] = time.sleep,
    seconds_left: Callable[[], float] = lambda: float("inf"),
) -> Discovery:
    """Find the server, sign in, read one record of every collection and all orgs.

    Raises ``NotARosterServer`` (nothing there answers as OneRoster does, or it may not be called),
    ``CredentialsRejected`` (401 for every way of signing), ``AccessDenied`` (403 for every collection),
    ``UnexpectedAnswer`` (a collection is answered wrongly), ``RosterServerUnavailable`` (no answer, or
    ``seconds_left`` ran out) and ``InvalidInput`` (credentials that the way of signing does not have).
    """
    ways = _ways(auth, credentials)
    candidates = normalise_server_url(server_url, allowed)

    def connect(base_url: str, ability: Ability) -> RosterServer:
        return RosterServer(
            base_url,
            credentials,
            ability,
            allowed=allowed,
            timeout=timeout,
            session_factory=session_factory,
            wait=wait,
        )

    def in_time() -> None:
        if seconds_left() <= 0:
            raise RosterServerUnavailable(f"{host_of(candidates[0])} answers too slowly")

    server, first = _sign_in(candidates, ways, connect, in_time)
    totals: dict[str, int | None] = {}
    refused: list[str] = []
    plain: dict[str, list[Row]] = {}
    for collection in COLLECTIONS:
        in_time()
        page = first if collection == COLLECTIONS[0] else _look(server, collection)
        if page is None:
            refused.append(collection)
        else:
            totals[collection], plain[collection] = page.total, page.rows
    if not totals:
        raise AccessDenied(
            f"{host_of(server.base_url)} shares no collection with these credentials: the application is not "
            "approved in Roster Server, or is disabled"
        )
    ability = Ability(
        auth=server.ability.auth,
        version=server.ability.version,
        totals=all(total is not None for total in totals.values()),
        fields=True,
    )
    sparing = connect(server.base_url, ability)
    if not _understands_fields(sparing, plain, in_time):
        ability = Ability(auth=ability.auth, version=ability.version, totals=ability.totals, fields=False)
        sparing = connect(server.base_url, ability)
    orgs = _read_orgs(sparing, wait, seconds_left) if "orgs" in totals else []
    return Discovery(
        base_url=server.base_url,
        ability=ability,
        district=_district(host_of(server.base_url), orgs),
        totals=totals,
        refused=tuple(refused),
        not_empty=tuple(collection for collection, rows in plain.items() if rows),
    )


def _ways(auth: AuthChoice, credentials: Credentials) -> tuple[Auth, ...]:
    if auth not in _ORDER:
        raise InvalidInput("auth must be auto, oauth1, oauth2 or bearer")
    if auth == "auto" and credentials.token and not credentials.client_id:
        auth = "bearer"
    if auth == "bearer":
        if not credentials.token:
            raise InvalidInput("token is missing: bearer needs one")
    elif not credentials.client_id or not credentials.client_secret:
        raise InvalidInput("client id or client secret is missing")
    return _ORDER[auth]


def _sign_in(
    candidates: list[str],
    ways: tuple[Auth, ...],
    connect: Callable[[str, Ability], RosterServer],
    in_time: Callable[[], None],
) -> tuple[RosterServer, Page | None]:
    """Return a server that took a signature, and its first page (None: that collection is refused)."""
    strange: Exception | None = None
    for base_url in candidates:
        version: Version = "1.2" if version_of(base_url) == "1.2" else "1.1"
        rejected: CredentialsRejected | None = None
        for way in ways:
            in_time()
            server = connect(base_url, Ability(auth=way, version=version))
            try:
                return server, server.peek(COLLECTIONS[0])
            except AccessDenied:
                # The signature was good. Whether anything is shared, the other collections tell.
                return server, None
            except CredentialsRejected as error:
                rejected = error
            except (NotARosterServer, UnexpectedAnswer) as error:
                if way == "oauth2" and rejected is not None:
                    # No /token here, as on production servers: what the signatures were told stands.
                    break
                strange = error
                rejected = None
                break
            except RosterServerUnavailable:
                if way == "oauth2" and rejected is not None:
                    break
                raise
        if rejected is not None:
            raise rejected
    if isinstance(strange, NotARosterServer):
        raise strange
    raise NotARosterServer(
        f"{host_of(candidates[0])} answers, but not as a OneRoster server does ({strange}); "
        "check the server address"
    )


def _look(server: RosterServer, collection: str) -> Page | None:
    """Return one record of a collection, None when it may not be read."""
    try:
        return server.peek(collection)
    except AccessDenied:
        return None


def _understands_fields(
    server: RosterServer, plain: dict[str, list[Row]], in_time: Callable[[], None]
) -> bool:
    """Say whether ``fields`` cuts records down without losing what we read from them."""
    for collection, rows in plain.items():
        in_time()
        try:
            page = server.peek(collection)
        except UnexpectedAnswer:
            return False
        if list(map(_read_as, page.rows)) != list(map(_read_as, rows)):
            return False
    return True


def _read_as(row: Row) -> tuple[object, ...]:
    # Not by its key: a row without an id has that of its content, which is what ``fields`` cuts down.
    return row.sourced_id, row.record, row.set_aside


def _read_orgs(
    server: RosterServer, wait: Callable[[float], None], seconds_left: Callable[[], float]
) -> list[Org]:
    found: list[Org] = []

    def take(window: Window, answer: Answer, rows: list[Row]) -> None:
        del window, answer
        found.extend(row.record for row in rows if isinstance(row.record, Org))

    stop: Stop = pull(
        server,
        [Window("orgs", 0, None)],
        page_size=ORGS_PAGE,
        in_flight=1,
        # Who looks in at a server has less time than one request may take at worst, and is not a pull that
        # must stop in time to stage what it has.
        seconds_left=lambda: seconds_left() + TIME_FOR_ONE_REQUEST,
        take=take,
        wait=wait,
        random=Random(),  # noqa: S311 - jitter
    )
    if stop.windows:
        raise RosterServerUnavailable(f"{host_of(server.base_url)} answers too slowly")
    orgs = merge(found)
    return [orgs[sourced_id] for sourced_id in sorted(orgs) if orgs[sourced_id].active]


def _district(host: str, orgs: list[Org]) -> District:
    """Return the district; ``orgs`` are the active ones, by id."""
    top = min(orgs, key=lambda org: (org.type != "district", bool(org.parent), org.sourced_id), default=None)
    schools = [org for org in orgs if org.type == "school"]
    return District(
        name=(top.name if top else "") or host,
        host=host,
        top_org=top.sourced_id if top else "",
        school_ids=tuple(org.sourced_id for org in schools),
        schools=tuple(org.name for org in schools),
    )
