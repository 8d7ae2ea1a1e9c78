"""One Roster Server: signed requests in, typed answers or typed errors out."""

import base64
import logging
import queue
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

import requests
from msgspec import Struct

from rostersync.errors import (
    AccessDenied,
    CredentialsRejected,
    NotARosterServer,
    RosterServerUnavailable,
    UnexpectedAnswer,
)
from rostersync.oneroster.ability import Ability
from rostersync.oneroster.addresses import host_of, origin_of
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.bodies import LONGEST_BODY, drain, explain, read_body
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.patience import patiently, read_retry_after
from rostersync.oneroster.payloads import Row, parse_page, parse_user, read_object
from rostersync.oneroster.sent import NOT_FOUND, SentRequests
from rostersync.oneroster.signals import Busy, Refused, TooHeavy
from rostersync.oneroster.signing import DIGESTS, ClientCredentials, OAuth1, Signer, StaticBearer
from rostersync.oneroster.vetted import vetted_session
from rostersync.oneroster.wire import FIELDS, FIELDS_1_2

# At its debug level urllib3 writes whole URLs to the log, ids of people in them.
logging.getLogger("urllib3").setLevel(logging.WARNING)

CONNECT_AND_READ: Final = (5.0, 30.0)
"""Seconds to connect, and seconds without a byte."""

LONGEST_REQUEST: Final = 60.0
"""Seconds for one answer whole, so that one that trickles ends too."""


class Page(Struct, frozen=True):
    """One answer. ``total`` is None when none is announced, ``revision`` is ``x-perm-rev`` or ``""``.

    ``bytes`` is the size of the decoded body.
    """

    rows: list[Row]
    total: int | None
    revision: str
    bytes: int


class RosterServer:
    """A Roster Server as one district's credentials see it. Its methods may be called from any thread.

    ``page`` makes one attempt and raises the signals of ``signals``; ``peek`` and ``user`` try
    again by themselves and raise only what the state machines know by name. ``sent`` counts every
    request, those for tokens too.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        ability: Ability,
        *,
        allowed: AllowList,
        timeout: tuple[float, float] = CONNECT_AND_READ,
        longest_request: float = LONGEST_REQUEST,
        longest_body: int = LONGEST_BODY,
        session_factory: Callable[[AllowList], requests.Session] = vetted_session,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.ability = ability
        self.sent = SentRequests()
        self._credentials = credentials
        self._allowed = allowed
        self._timeout = timeout
        self._longest_request = longest_request
        self._longest_body = longest_body
        self._session_factory = session_factory
        self._wait = wait
        self._clock = clock
        self._sessions: queue.LifoQueue[requests.Session] = queue.LifoQueue()
        self._signer = self._make_signer()

    def page(self, collection: str, *, offset: int, limit: int) -> Page:
        """Return rows ``offset`` to ``offset + limit`` of a collection in the order of ids; one attempt.

        Raises ``Busy``, ``TooHeavy``, ``RosterServerUnavailable``, ``CredentialsRejected``, ``AccessDenied``,
        ``NotARosterServer``, ``Refused`` or ``UnexpectedAnswer``.
        """
        parameters = {"limit": str(limit), "offset": str(offset), "sort": "sourcedId", "orderBy": "asc"}
        if self.ability.fields:
            fields = FIELDS_1_2 if self.ability.version == "1.2" else FIELDS
            parameters["fields"] = ",".join(fields[collection])
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        body, headers = self._get(f"{self.base_url}/{collection}?{query}", collection)
        return Page(
            rows=parse_page(collection, body, self.ability.version),
            total=_read_total(collection, headers.get("x-total-count")),
            revision=(headers.get("x-perm-rev") or "").strip(),
            bytes=len(body),
        )

    def peek(self, collection: str, *, offset: int = 0) -> Page:
        """Return a page of one row, trying again while the server is busy or unavailable."""
        return patiently(lambda: self.page(collection, offset=offset, limit=1), wait=self._wait)

    def user(self, sourced_id: str) -> Row | None:
        """Return the user of an id, None when there is none (404).

        None too for an id that no URL can carry: the server cannot be asked for it.
        """
        if sourced_id in {"", ".", ".."}:
            return None
        try:
            address = f"{self.base_url}/users/{quote(sourced_id, safe='')}"
        except UnicodeEncodeError:
            return None

        def ask() -> Row | None:
            try:
                body, _ = self._get(address, "users/{id}")
            except Refused as error:
                if error.status == NOT_FOUND:
                    return None
                raise
            return parse_user(body, self.ability.version)

        return patiently(ask, wait=self._wait)

    def _get(self, url: str, named: str) -> tuple[bytes, Mapping[str, str]]:
        """Send a signed GET, renewing an expired token once. ``named`` is the path as messages may say it."""
        header = self._signer.header(url)
        try:
            found = self._send("GET", url, header, named)
        except CredentialsRejected:
            if not self._signer.renew(header):
                raise
            header = self._signer.header(url)
            found = self._send("GET", url, header, named)
        self._signer.accepted(header)
        return found

    def _send(
        self, method: str, url: str, authorization: str, named: str, form: dict[str, str] | None = None
    ) -> tuple[bytes, Mapping[str, str]]:
        request = requests.Request(
            method,
            url,
            headers={
                "Authorization": authorization,
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": "senso-roster-sync",
            },
            data=form,
        ).prepare()
        if request.url != url:
            # A signature covers the URL as it was built; were it sent otherwise, it would be refused.
            raise NotARosterServer(f"the address of {host_of(url)} cannot be sent as it was written")
        return self.sent.ask(lambda: self._exchange(request, named))

    def _exchange(self, request: requests.PreparedRequest, named: str) -> tuple[bytes, Mapping[str, str]]:
        started = self._clock()
        session = self._borrow_session()
        url = str(request.url)
        try:
            response = session.send(request, stream=True, allow_redirects=False, timeout=self._timeout)
            try:
                _check_status(response, named)
                body = read_body(
                    response,
                    named,
                    longest=self._longest_body,
                    seconds_left=lambda: started + self._longest_request - self._clock(),
                )
            finally:
                response.close()
        except requests.RequestException as error:
            raise explain(error, host_of(url)) from None
        finally:
            self._sessions.put(session)
        return body, response.headers

    def _borrow_session(self) -> requests.Session:
        # A session belongs to one thread at a time; its connection lives on from one pull to the next.
        try:
            return self._sessions.get_nowait()
        except queue.Empty:
            return self._session_factory(self._allowed)

    def _make_signer(self) -> Signer:
        if self.ability.auth in DIGESTS:
            return OAuth1(self._credentials, self.ability.auth)
        if self.ability.auth == "bearer":
            return StaticBearer(self._credentials)
        return ClientCredentials(self._fetch_token, now=self._clock)

    def _fetch_token(self) -> tuple[str, float | None]:
        """Ask ``/token`` at the server's origin for a token (ONEROSTER §3 C)."""
        pair = f"{self._credentials.client_id}:{self._credentials.client_secret}".encode()
        basic = f"Basic {base64.b64encode(pair).decode('ascii')}"
        url = f"{origin_of(self.base_url)}/token"
        try:
            body, _ = self._send("POST", url, basic, "token", {"grant_type": "client_credentials"})
        except AccessDenied:
            raise CredentialsRejected(
                "the Roster Server's /token refused ClientId and ClientSecret"
            ) from None
        except Refused as error:
            if error.status == requests.codes.bad_request:
                raise CredentialsRejected(
                    "the Roster Server's /token refused ClientId and ClientSecret"
                ) from None
            raise
        answer = read_object(body)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token.strip():
            raise UnexpectedAnswer("the Roster Server's /token answered without a token")
        try:
            lifetime = None if seconds is None else float(seconds)
        except (TypeError, ValueError):
            lifetime = None
        return token.strip(), lifetime if lifetime is not None and lifetime > 0 else None


def _read_total(collection: str, header: str | None) -> int | None:
    """Read ``x-total-count``. Only a missing one means that none is announced; a wrong one is no answer."""
    text = (header or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise UnexpectedAnswer(f"the Roster Server announced a total of /{collection} that is no number")
    return int(text)


def _check_status(response: requests.Response, named: str) -> None:
    """Raise what a status other than 200 means (ONEROSTER §7). Bodies are not looked at."""
    status = response.status_code
    if status == requests.codes.ok:
        return
    said = f"the Roster Server answered /{named} with {status}"
    drain(response)
    if 300 <= status < 400:
        raise NotARosterServer(f"{said}, a redirect to another address; enter the server's own address")
    if status == requests.codes.unauthorized:
        raise CredentialsRejected(
            f"{said}: it does not accept these credentials. Copy them again from Roster Server"
        )
    if status == requests.codes.forbidden:
        raise AccessDenied(f"{said}: the application is not approved or is disabled in Roster Server")
    retry_after = read_retry_after(response.headers.get("retry-after"), time.time())
    if status == requests.codes.too_many_requests:
        raise Busy(f"{said}: too many requests", retry_after)
    if status in {502, 503, 504}:
        raise TooHeavy(said, retry_after)
    if status >= 500:
        raise RosterServerUnavailable(said)
    raise Refused(said, status)
