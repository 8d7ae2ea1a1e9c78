"""The partner API finds the server of a ClientId, of no other, and gives nothing else away."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from rostersync.errors import NotARosterServer, RosterServerUnavailable
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.partner import PAGE, PartnerApi
from tests.oneroster.loopback import Asked, Loopback, Reply, Script, serving

KEY = "partner-key"
SECRET = "secret-of-the-district"
ALLOWED = AllowList(("rosterserver.com",), loopback=True)
HOME = "https://hill.rosterserver.com"


def api(loopback: Loopback, seconds_left: Callable[[], float] = lambda: 60.0) -> PartnerApi:
    return PartnerApi(loopback.url, KEY, allowed=ALLOWED, seconds_left=seconds_left, in_flight=4)


def partner(
    servers: dict[str, Any], *, cut: int = PAGE, refused: tuple[str, ...] = (), status: int = 200
) -> Script:
    """A partner API that lists these applications and answers for each with its server."""
    ids = list(servers)

    def answer(asked: Asked) -> Reply:
        if asked.headers.get("Authorization") != f"Bearer {KEY}":
            return Reply(401)
        if asked.path == "/applications":
            query = dict(part.split("=") for part in asked.query.split("&"))
            offset = int(query["offset"])
            page = ids[offset : offset + min(int(query["limit"]), cut)]
            listed = [{"id": 1, "bearer": "x", "oneroster_application_id": one} for one in page]
            return Reply(status, json.dumps({"status": 1, "applications": listed}).encode())
        application = asked.target.split("/")[2]
        if application in refused:
            return Reply(503)
        return Reply(200, json.dumps({"status": 1, "server": servers[application]}).encode())

    return answer


def server(client_id: str, url: str = HOME) -> dict[str, str]:
    return {"client_id": client_id, "client_secret": SECRET, "endpoint_url": url}


MANY = {
    f"App{number}%3D": server(f"client-{number}", f"https://d{number}.rosterserver.com")
    for number in range(630)
}


@pytest.mark.parametrize("number", [0, 199, 200, 629])
def test_of_630_districts_the_one_of_the_client_id_is_found(number: int) -> None:
    with serving(partner(MANY)) as loopback:
        assert api(loopback).server_of(f"client-{number}") == f"https://d{number}.rosterserver.com"
        assert len(loopback.asked) <= 5 + 630
        # Escaped already: as it is in the list, so it is asked for.
        assert {asked.target for asked in loopback.asked if "server" in asked.target} <= {
            f"/applications/{one}/server" for one in MANY
        }


@pytest.mark.parametrize("cut", [1, 7, PAGE])
def test_pages_of_any_length_are_read_to_the_end_and_each_application_once(cut: int) -> None:
    few = dict(list(MANY.items())[:20])
    with serving(partner(few, cut=cut)) as loopback:
        assert api(loopback).server_of("nobody's") == ""
        asked = sorted(one.target for one in loopback.asked if "server" in one.target)
        assert asked == sorted(f"/applications/{one}/server" for one in few)


@pytest.mark.parametrize("client_id", ["client-", "Client-1", "client-1 1", ""])
def test_a_client_id_that_is_only_like_one_is_nobodys(client_id: str) -> None:
    servers = {"A": server("client-1"), "B": server(""), "C": {}}
    with serving(partner(servers)) as loopback:
        assert api(loopback).server_of(client_id) == ""


def test_an_application_that_cannot_be_read_hides_no_other_and_is_not_taken_for_absent() -> None:
    servers = {f"A{number}": server(f"client-{number}") for number in range(8)}
    with serving(partner(servers, refused=("A0", "A3"))) as loopback:
        assert api(loopback).server_of("client-7") == HOME
        with pytest.raises(RosterServerUnavailable, match="for 2 of 8"):
            api(loopback).server_of("client-3")


def test_when_the_time_is_over_nothing_more_is_asked() -> None:
    left = [6]

    def seconds_left() -> float:
        left[0] -= 1
        return float(left[0])

    with serving(partner({f"A{number}": server("other") for number in range(100)})) as loopback:
        with pytest.raises(RosterServerUnavailable, match="did not answer for"):
            api(loopback, seconds_left).server_of("client")
        assert len(loopback.asked) < 12


def test_a_list_that_takes_too_long_is_not_read_on() -> None:
    with serving(partner(MANY)) as loopback:
        with pytest.raises(RosterServerUnavailable, match="too long to list"):
            api(loopback, lambda: 0.0).server_of("client-1")
        assert loopback.asked == []


@pytest.mark.parametrize(
    "url", ["https://evil.example", "http://d1.rosterserver.com", "https://x:y@d1.rosterserver.com", ""]
)
def test_an_address_that_may_not_be_called_is_not_returned(url: str) -> None:
    with serving(partner({"A": server("client", url)})) as loopback:
        if url:
            with pytest.raises(NotARosterServer):
                api(loopback).server_of("client")
        else:
            assert api(loopback).server_of("client") == ""


@pytest.mark.parametrize("application", ["../x", "a/b", "a?b", "a%2Fb", "a%2e%2E", ".", "..", "", "a#b"])
def test_an_id_that_would_lead_to_another_path_is_not_asked_for(application: str) -> None:
    with serving(partner({application: server("client")})) as loopback:
        assert api(loopback).server_of("client") == ""
        assert {asked.path for asked in loopback.asked} == {"/applications"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401),
        Reply(302, headers={"Location": "https://d1.rosterserver.com/applications"}),
        Reply(500, b"<html>"),
        Reply(200, b"<html>"),
        Reply(200, b"{}"),
        Reply(200, b'{"applications": 5}'),
        Reply(hang_up=True),
    ],
)
def test_a_list_that_cannot_be_read_is_said_to_be_so(reply: Reply) -> None:
    with serving(lambda _: reply) as loopback:
        with pytest.raises(RosterServerUnavailable) as error:
            api(loopback).server_of("client")
        assert KEY not in str(error.value)


def test_a_list_without_an_end_is_not_read_for_ever() -> None:
    page = Reply(200, json.dumps({"applications": [{"oneroster_application_id": "A"}]}).encode())
    with serving(lambda _: page) as loopback, pytest.raises(RosterServerUnavailable, match="without an end"):
        api(loopback).server_of("client")


def test_the_partner_api_itself_is_vetted() -> None:
    partner_api = PartnerApi("https://partner.example", KEY, allowed=ALLOWED, seconds_left=lambda: 9.0)
    with pytest.raises(NotARosterServer):
        partner_api.server_of("client")
