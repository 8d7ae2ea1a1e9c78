import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from rostersync.errors import (
    AccessDenied,
    CredentialsRejected,
    InvalidInput,
    NotARosterServer,
    RosterServerUnavailable,
    UnexpectedAnswer,
)
from rostersync.oneroster.ability import Ability
from rostersync.oneroster.allowed import AllowList
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.discovery import AuthChoice, Discovery, District, discover
from rostersync.oneroster.wire import RESOURCES
from rostersync.roster.records import COLLECTIONS
from tests.oneroster.loopback import Asked, Loopback, Reply, serving
from tests.oneroster.records import a_class, enrollment, org, session, user

LOCAL = AllowList(("rosterserver.example",), loopback=True)
CREDENTIALS = Credentials("canary-id", "canary-secret")
DISTRICT = org(0, sourcedId="district", name="Nowhere Unified", type="district", parent=None)


class Server:
    """A small Roster Server: what it accepts, and what it has, can be changed."""

    def __init__(self) -> None:
        self.path = "/ims/oneroster/v1p1"
        self.accepts = "HMAC-SHA256"
        self.collections: dict[str, list[dict[str, Any]]] = {
            "orgs": [DISTRICT, *(org(number) for number in range(1, 4))],
            "academicSessions": [session(1)],
            "courses": [],
            "classes": [a_class(1)],
            "teachers": [user(1, role="teacher")],
            "students": [user(2), user(3)],
            "enrollments": [enrollment(1)],
        }
        self.statuses: dict[str, int] = {}
        self.totals = True
        self.fields = True
        self.loses_with_fields: tuple[str, ...] = ()
        self.token_status = 404

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/token":
            return Reply(self.token_status, b'{"access_token": "good"}')
        if not asked.path.startswith(self.path + "/"):
            return Reply(404, b"<html>", {"Content-Type": "text/html"})
        sent = asked.headers["Authorization"]
        if self.accepts not in sent:
            return Reply(401, b'{"imsx_codeMajor": "failure"}')
        collection = asked.path.rpartition("/")[2]
        if collection in self.statuses:
            return Reply(self.statuses[collection])
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        records = self.collections[collection]
        offset, limit = int(query["offset"]), int(query["limit"])
        page = records[offset : offset + limit]
        if "fields" in query:
            if not self.fields:
                return Reply(400)
            wanted = set(query["fields"].split(",")).difference(self.loses_with_fields)
            page = [{name: value for name, value in record.items() if name in wanted} for record in page]
        headers = {"X-Total-Count": str(len(records))} if self.totals else {}
        return Reply(body=json.dumps({RESOURCES[collection]: page}).encode(), headers=headers)


@pytest.fixture
def roster() -> Server:
    return Server()


def look(
    roster: Server, *, auth: AuthChoice = "auto", credentials: Credentials = CREDENTIALS, path: str = ""
) -> tuple[Discovery, Loopback]:
    with serving(roster) as loopback:
        found = discover(loopback.url + path, credentials, auth=auth, allowed=LOCAL, wait=lambda _: None)
    return found, loopback


def test_a_district_is_found_with_what_its_server_can_do(roster: Server) -> None:
    found, loopback = look(roster)
    assert found.base_url == loopback.url + "/ims/oneroster/v1p1"
    assert found.ability == Ability(auth="oauth1-sha256", version="1.1", totals=True, fields=True)
    assert found.district == District(
        name="Nowhere Unified",
        host="127.0.0.1",
        top_org="district",
        school_ids=("school-1", "school-2", "school-3"),
        schools=("Nowhere School 1", "Nowhere School 2", "Nowhere School 3"),
    )
    assert found.totals == {name: len(records) for name, records in roster.collections.items()}
    assert found.refused == ()
    assert "canary" not in repr(found)


@pytest.mark.parametrize(("accepts", "auth"), [("HMAC-SHA1", "oauth1-sha1"), ("Bearer good", "oauth2")])
def test_ways_of_signing_are_tried_in_turn(roster: Server, accepts: str, auth: str) -> None:
    roster.accepts, roster.token_status = accepts, 200
    assert look(roster)[0].ability.auth == auth


def test_a_way_that_was_chosen_is_the_only_one_tried(roster: Server) -> None:
    roster.accepts, roster.token_status = "Bearer good", 200
    assert look(roster, auth="oauth2")[0].ability.auth == "oauth2"
    with pytest.raises(CredentialsRejected):
        look(roster, auth="oauth1")
    roster.accepts = "Bearer static"
    for auth in ("bearer", "auto"):
        assert look(roster, auth=auth, credentials=Credentials(token="static"))[0].ability.auth == "bearer"


def test_a_server_of_1_2_is_found_behind_its_own_path(roster: Server) -> None:
    roster.path = "/ims/oneroster/rostering/v1p2"
    found, loopback = look(roster)
    assert found.base_url == loopback.url + roster.path
    assert found.ability.version == "1.2"
    assert look(roster, path=roster.path)[0].ability.version == "1.2"


@pytest.mark.parametrize("token_status", [404, 401, 400, 403, 500, 503])
def test_wrong_credentials_are_rejected_after_a_few_requests(roster: Server, token_status: int) -> None:
    roster.accepts, roster.token_status = "nobody", token_status
    with serving(roster) as loopback, pytest.raises(CredentialsRejected):
        discover(loopback.url, CREDENTIALS, allowed=LOCAL, wait=lambda _: None)
    assert len(loopback.asked) <= 6


def test_an_application_that_is_not_approved_is_told_apart(roster: Server) -> None:
    roster.statuses = dict.fromkeys(COLLECTIONS, 403)
    with pytest.raises(AccessDenied, match="not approved"):
        look(roster)


def test_a_refused_collection_is_named(roster: Server) -> None:
    roster.statuses = {"orgs": 403, "students": 403}
    found, _ = look(roster)
    assert found.refused == ("orgs", "students")
    assert set(found.totals) == set(COLLECTIONS) - {"orgs", "students"}
    assert found.district == District("127.0.0.1", "127.0.0.1", "", (), ())


def test_a_collection_answered_wrongly_is_an_error(roster: Server) -> None:
    roster.statuses = {"students": 404}
    with pytest.raises(UnexpectedAnswer, match="/students"):
        look(roster)


@pytest.mark.parametrize("reply", [Reply(404), Reply(body=b"<html>"), Reply(body=b"{}"), Reply(302)])
def test_what_does_not_answer_as_oneroster_is_no_roster_server(reply: Reply) -> None:
    with serving(lambda _: reply) as loopback, pytest.raises(NotARosterServer):
        discover(loopback.url, CREDENTIALS, allowed=LOCAL, wait=lambda _: None)
    assert len(loopback.asked) <= 2


def test_a_server_that_is_down_is_unavailable() -> None:
    with serving(lambda _: Reply(503)) as loopback, pytest.raises(RosterServerUnavailable):
        discover(loopback.url, CREDENTIALS, allowed=LOCAL, wait=lambda _: None)
    assert len(loopback.asked) == 4


def test_fields_are_not_used_where_they_are_refused_or_lose_something(roster: Server) -> None:
    roster.fields = False
    assert look(roster)[0].ability.fields is False
    roster.fields, roster.loses_with_fields = True, ("familyName",)
    assert look(roster)[0].ability.fields is False


def test_a_first_row_without_an_id_says_nothing_against_fields(roster: Server) -> None:
    roster.collections["students"].insert(0, user(9, sourcedId=""))
    assert look(roster)[0].ability.fields is True


def test_totals_that_are_not_announced_are_noticed(roster: Server) -> None:
    roster.totals = False
    found, _ = look(roster)
    assert found.ability.totals is False
    assert set(found.totals.values()) == {None}
    assert len(found.district.school_ids) == 3


def test_collections_of_which_a_record_came_are_not_empty(roster: Server) -> None:
    roster.collections["courses"] = []
    assert look(roster)[0].not_empty == tuple(one for one in COLLECTIONS if one != "courses")


def test_too_little_time_ends_it_as_unavailable(roster: Server) -> None:
    left = iter([9.0, 9.0, 9.0, 0.0])
    with serving(roster) as loopback, pytest.raises(RosterServerUnavailable, match="slowly"):
        discover(
            loopback.url,
            CREDENTIALS,
            allowed=LOCAL,
            wait=lambda _: None,
            seconds_left=lambda: next(left, 0.0),
        )


@pytest.mark.parametrize(
    ("auth", "credentials"),
    [
        ("auto", Credentials()),
        ("auto", Credentials("id")),
        ("oauth1", Credentials(token="t")),
        ("bearer", CREDENTIALS),
        ("basic", CREDENTIALS),
    ],
)
def test_missing_credentials_are_named_before_anything_is_sent(auth: Any, credentials: Credentials) -> None:
    with pytest.raises(InvalidInput):
        discover("https://nowhere.rosterserver.example", credentials, allowed=LOCAL, auth=auth)


def test_an_address_that_is_not_allowed_is_refused_before_anything_is_sent(roster: Server) -> None:
    with serving(roster) as loopback:
        for url in ("https://elsewhere.example", loopback.url):
            with pytest.raises(NotARosterServer, match="server address"):
                discover(url, CREDENTIALS, allowed=AllowList(LOCAL.hosts))
    assert loopback.asked == []
