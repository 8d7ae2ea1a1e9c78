"""ClassLink's partner API: where the Roster Server of a ClientId is (ONEROSTER §2)."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event
from typing import Final, TypeVar

import msgspec
import requests

from rostersync.decoders import decoder
from rostersync.errors import RosterServerUnavailable
from rostersync.oneroster.addresses import host_of, normalise_server_url
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.bodies import explain, read_body
from rostersync.oneroster.signals import TooHeavy
from rostersync.oneroster.vetted import vetted_session

PAGE: Final = 200
MOST_PAGES: Final = 50
"""10,000 applications; about 630 districts were seen. A list that never ends is not read for ever."""

IN_FLIGHT: Final = 24
"""630 requests of 365 ms each are 10 seconds then."""

CONNECT_AND_READ: Final = (3.05, 5.0)
LONGEST_BODY: Final = 4 * 1024 * 1024

# Already percent-escaped and used as it is; one with a slash or dots would lead to another path.
_ID: Final = re.compile(r"[A-Za-z0-9_~=-](?:[A-Za-z0-9_.~=-]|%(?!2[EFef])[0-9A-Fa-f]{2}){0,199}")

S = TypeVar("S")


class _Application(msgspec.Struct):
    oneroster_application_id: str = ""


class _Applications(msgspec.Struct):
    applications: list[_Application]


class _Server(msgspec.Struct):
    """What is not named here, the district's secret, is skipped and never becomes an object."""

    client_id: str = ""
    endpoint_url: str = ""


class _ServerFound(msgspec.Struct):
    server: _Server


class PartnerApi:
    """The partner API at ``url``, for who bears ``key``.

    ``seconds_left`` ends a search that takes too long; ``in_flight`` requests go at a time.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        allowed: AllowList,
        seconds_left: Callable[[], float],
        session_factory: Callable[[AllowList], requests.Session] = vetted_session,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key.strip()
        self._allowed = allowed
        self._seconds_left = seconds_left
        self._session_factory = session_factory
        self._in_flight = in_flight

    def server_of(self, client_id: str) -> str:
        """Return the address of the server that knows exactly this ClientId, "" when none does.

        The list names no ClientId, so each application is asked for, until one fits. Raises
        ``RosterServerUnavailable`` when the list could not be read, or not all of it, and none was found;
        ``NotARosterServer`` when the partner API's own address may not be called, or the one found.
        """
        with self._session_factory(self._allowed) as session:
            listed = list(dict.fromkeys(self._applications(session)))
        stop, unread = Event(), 0
        # Each of the pool's threads works through a share of its own, with a connection of its own.
        shares = [listed[begin :: self._in_flight] for begin in range(min(self._in_flight, len(listed)))]
        with ThreadPoolExecutor(self._in_flight) as pool:
            searches = [pool.submit(self._search, share, client_id, stop) for share in shares]
            for search in as_completed(searches):
                found, failed = search.result()
                unread += failed
                if found:
                    normalise_server_url(found, self._allowed)
                    return found
        if unread:
            raise RosterServerUnavailable(
                f"ClassLink's partner API did not answer for {unread} of {len(listed)} applications"
            )
        return ""

    def _applications(self, session: requests.Session) -> Iterator[str]:
        """Yield the ids of all applications; there is no count, so until a page is empty."""
        offset = 0
        for _ in range(MOST_PAGES):
            if self._seconds_left() <= 0:
                raise RosterServerUnavailable("ClassLink's partner API takes too long to list applications")
            answer = self._get(session, f"/applications?limit={PAGE}&offset={offset}", _Applications)
            if not answer.applications:
                return
            offset += len(answer.applications)
            for one in answer.applications:
                if _ID.fullmatch(one.oneroster_application_id):
                    yield one.oneroster_application_id
        raise RosterServerUnavailable("ClassLink's partner API lists applications without an end")

    def _search(self, share: list[str], client_id: str, stop: Event) -> tuple[str, int]:
        """Return the address found in a share, "" for none, and how many applications stayed unread."""
        failed = 0
        with self._session_factory(self._allowed) as session:
            for place, application in enumerate(share):
                if stop.is_set() or self._seconds_left() <= 0:
                    return "", failed + len(share) - place
                try:
                    found = self._get(session, f"/applications/{application}/server", _ServerFound).server
                except RosterServerUnavailable:
                    failed += 1
                    continue
                if client_id and found.client_id.strip() == client_id:
                    stop.set()
                    return found.endpoint_url.strip(), failed
        return "", failed

    def _get(self, session: requests.Session, path: str, shape: type[S]) -> S:
        """Return a decoded answer. Whatever is wrong, it is the partner API that cannot be asked."""
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        named = "applications"
        try:
            response = session.get(
                self._url + path,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=CONNECT_AND_READ,
            )
            try:
                if response.status_code != requests.codes.ok:
                    raise RosterServerUnavailable(
                        f"ClassLink's partner API answered with {response.status_code}"
                    )
                body = read_body(response, named, longest=LONGEST_BODY, seconds_left=self._seconds_left)
            finally:
                response.close()
            return decoder(shape).decode(body)
        except requests.RequestException as error:
            raise RosterServerUnavailable(str(explain(error, host_of(self._url)))) from None
        except TooHeavy:
            raise RosterServerUnavailable("ClassLink's partner API answers too much, or too slowly") from None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise RosterServerUnavailable("ClassLink's partner API answers with something else") from None
