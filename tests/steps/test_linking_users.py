"""Users and owners find each other, whoever comes second (RULES 2.4, DESIGN §4)."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.errors import EventBusUnavailable, InvalidInput, LeaseLost
from rostersync.roster.linking import Claim, assign_users
from rostersync.roster.settings import RosterSettings
from rostersync.steps.link_users import link_users, read_message
from rostersync.steps.match_user import MatchRequest, match_user
from rostersync.steps.requests import parse_request
from rostersync.steps.resync_owner import ResyncRequest, resync_owner
from rostersync.storage import items
from tests.fakes import FakeBus
from tests.steps.driver import NOW, TENANT, FakeStores, connected, sync
from tests.steps.rosters import Roster, enrolled, section, serve, small_roster, teacher

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass
class Tenant:
    """A connected tenant, the bus, and a clock that moves on with every event."""

    stores: FakeStores = field(default_factory=connected)
    bus: FakeBus = field(default_factory=FakeBus)
    clock: Any = NOW + timedelta(hours=8)

    def sync(self, roster: Roster, **how: Any) -> Any:
        self.clock += timedelta(hours=1)
        how.setdefault("run_id", f"run-{self.clock:%d-%H}")
        return sync(self.stores, serve(roster), bus=self.bus, now=self.clock, **how)

    def hear(self, detail_type: str, **detail: Any) -> None:
        """Take in an event of Senso's, as the queue hands it over."""
        self.clock += SECOND
        detail = {"schemaVersion": 1, "tenantId": TENANT, **detail}
        body = json.dumps({"source": "senso.portal", "detail-type": detail_type, "detail": detail})
        link_users(read_message(body), self.stores, self.bus, now=self.clock)

    def added(self, user_id: str, email: str, at: str = "2026-10-05T01:00:00Z") -> None:
        self.hear("User Added", userId=user_id, email=email, at=at)

    def owner(self, email: str) -> str:
        """Return the id of the owner who has an e-mail."""
        for item in self.stores.table.items.values():
            if item["kind"] == "owner" and items.owner_of(item).email == email:
                return items.owner_of(item).owner_id
        raise LookupError(f"nobody has {email}")

    def user_of(self, email: str) -> str:
        link = self.stores.links.of_owner(TENANT, self.owner(email))
        return link.user_id if link is not None else ""

    def match(self, email: str, user_email: str | None) -> None:
        self.clock += SECOND
        event = {"tenantId": TENANT, "ownerId": self.owner(email), "email": user_email}
        match_user(parse_request(MatchRequest, event), self.stores, self.bus, now=self.clock)

    def told(self) -> list[tuple[str | None, list[str]]]:
        """Take what was sent: for each event the user and the names of the groups, "-" for removed ones."""
        return sorted(
            (
                (
                    detail["link"]["userId"],
                    sorted("-" if g["removed"] else g["name"] for g in detail["groups"]),
                )
                for kind, detail in self.bus.take()
                if kind == "Groups Changed"
            ),
            key=str,
        )


def test_a_user_who_is_known_before_the_first_sync_gets_the_groups_with_it() -> None:
    tenant = Tenant()
    tenant.added("u1", "  T1@Hill.Example ")
    assert tenant.told() == []
    run = tenant.sync(small_roster())
    assert tenant.told() == [("u1", ["Art"])]
    assert run.delivery == {
        "linked": 1,
        "newlyLinked": 1,
        "waiting": 1,
        "groups": 1,
        "removals": 0,
        "events": 1,
        "usersAskedFor": 0,
    }


def test_a_user_who_comes_later_gets_the_groups_at_once() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.told()
    tenant.added("u1", "T1@hill.example")
    assert tenant.told() == [("u1", ["Art"])]
    assert tenant.user_of("t1@hill.example") == "u1"


def test_an_event_that_comes_twice_tells_nothing_twice() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    for _ in range(2):
        tenant.added("u1", "t1@hill.example")
    assert len(tenant.told()) == 1


def test_an_unchanged_night_with_nothing_due_tells_nothing_and_writes_nothing() -> None:
    tenant = Tenant()
    tenant.added("u1", "t1@hill.example")
    tenant.hear(
        "Users Listed",
        requestId="r",
        page=1,
        pages=1,
        asOf="2026-10-05T01:30:00Z",
        users=[{"userId": "u1", "email": "t1@hill.example"}],
    )
    tenant.sync(small_roster())
    tenant.bus.take()
    before = {
        key: item
        for key, item in tenant.stores.table.items.items()
        if item["kind"] not in {"run", "integration"}
    }
    run = tenant.sync(small_roster())
    assert run.outcome == "unchanged"
    assert tenant.bus.take() == []
    after = tenant.stores.table.items
    assert {key: after[key] for key in before} == before


def test_a_removal_that_comes_before_the_addition_it_ends_wins() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.hear("User Removed", userId="u1", at="2026-10-05T02:00:00Z")
    tenant.added("u1", "t1@hill.example", at="2026-10-05T01:00:00Z")
    assert tenant.told() == []
    assert tenant.user_of("t1@hill.example") == ""


def test_a_removed_user_s_link_ends_and_one_who_comes_back_gets_everything_under_a_new_one() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "t1@hill.example", at="2026-10-05T01:00:00Z")
    first = tenant.bus.take()[-1][1]["link"]
    tenant.hear("User Removed", userId="u1", at="2026-10-05T02:00:00Z")
    assert tenant.told() == [(None, [])]
    tenant.added("u1", "t1@hill.example", at="2026-10-05T03:00:00Z")
    (kind, again), *_ = tenant.bus.take()
    assert kind == "Groups Changed"
    assert again["link"]["id"] > first["id"]
    assert [group["name"] for group in again["groups"]] == ["Art"]


def test_a_removal_that_comes_after_the_return_it_ended_by_sends_everything_again() -> None:
    # Senso has dropped the groups in between, and we had not heard of it.
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "t1@hill.example", at="2026-10-05T01:00:00Z")
    tenant.added("u1", "t1@hill.example", at="2026-10-05T03:00:00Z")
    tenant.told()
    tenant.hear("User Removed", userId="u1", at="2026-10-05T02:00:00Z")
    assert tenant.told() == [("u1", ["Art"])]
    assert tenant.user_of("t1@hill.example") == "u1"


def test_an_event_from_the_future_is_refused_in_words() -> None:
    tenant = Tenant()
    with pytest.raises(InvalidInput, match="quarter of an hour ahead"):
        tenant.added("u1", "t1@hill.example", at="2026-10-05T10:16:00Z")


def test_a_sender_that_died_after_the_bus_accepted_leaves_nothing_behind() -> None:
    tenant = Tenant()
    tenant.added("u1", "t1@hill.example")
    roster = small_roster()

    def die(state: str) -> None:
        # The second write of what was sent: the first says that it may be on its way.
        if state == "Deliver":
            tenant.stores.table.fail_at_write(4, LeaseLost("gone"))

    tenant.sync(roster, before=die)
    assert tenant.told() == [("u1", ["Art"])]
    roster["classes"] = roster["classes"][1:]
    tenant.sync(roster)
    assert tenant.told() == [("u1", ["-"])]


def test_a_process_that_died_before_it_could_mark_leaves_no_group_with_the_wrong_user() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.told()
    # Two writes link, the third notes what is on its way; the fourth would mark it.
    tenant.stores.table.fail_at_write(6, LeaseLost("gone"))
    with pytest.raises(LeaseLost):
        tenant.added("u1", "t1@hill.example")
    assert tenant.told() == [("u1", ["Art"])]
    tenant.hear("User Changed", userId="u1", email="t2@hill.example", at="2026-10-05T01:01:00Z")
    assert tenant.told() == [("u1", ["Music"]), (None, [])]


def test_who_lost_a_user_hears_of_it_though_the_process_died_in_between() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "t1@hill.example")
    tenant.told()
    tenant.bus.eventbridge.refuses = lambda _: "InternalFailure"
    with pytest.raises(EventBusUnavailable):
        tenant.hear("User Changed", userId="u1", email="t2@hill.example", at="2026-10-05T01:01:00Z")
    tenant.bus.eventbridge.refuses = lambda _: ""
    tenant.hear("User Changed", userId="u1", email="t2@hill.example", at="2026-10-05T01:01:00Z")
    assert tenant.told() == [("u1", ["Music"]), (None, [])]


def test_an_event_of_a_tenant_that_is_not_connected_is_dropped() -> None:
    tenant = Tenant(stores=FakeStores())
    tenant.added("u1", "t1@hill.example")
    assert len(tenant.stores.table) == 0


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Jane Invented",
        "[]",
        '{"source": "senso.portal"}',
        '{"source": "aws.states", "detail-type": "User Added", "detail": {}}',
        '{"source": "senso.portal", "detail-type": "Jane Invented", "detail": {}}',
        '{"source": "senso.portal", "detail-type": "User Added", "detail": {"email": "Jane Invented"}}',
        '{"source": "senso.portal", "detail-type": "User Added", "detail": "Jane Invented"}',
    ],
)
def test_a_bad_message_is_refused_and_not_quoted(body: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_message(body)
    assert "Jane" not in str(caught.value)


# -- Lists of users --------------------------------------------------------------------------------------


def listed(
    tenant: Tenant, page: int, users: list[tuple[str, str]], *, pages: int = 2, at: str = "02"
) -> None:
    tenant.hear(
        "Users Listed",
        requestId="r1",
        page=page,
        pages=pages,
        asOf=f"2026-10-05T{at}:00:00Z",
        users=[{"userId": user_id, "email": email} for user_id, email in users],
    )


def test_pages_of_a_list_come_in_any_order_and_a_whole_list_replaces_what_is_older() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("old", "t1@hill.example", at="2026-10-05T01:00:00Z")
    tenant.added("new", "t2@hill.example", at="2026-10-05T03:00:00Z")
    tenant.told()
    listed(tenant, 2, [("u9", "nobody@hill.example")])
    assert tenant.user_of("t1@hill.example") == "old"
    listed(tenant, 1, [("u1", "T1@hill.example")])
    # The list knows neither: the one is older than it, the other came to be later.
    assert tenant.user_of("t1@hill.example") == "u1"
    assert tenant.user_of("t2@hill.example") == "new"
    assert tenant.stores.users.complete_as_of(TENANT) == 1_791_165_600_000


def test_a_list_that_would_take_the_groups_from_most_teachers_removes_nobody() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    for number in range(1, 9):
        tenant.added(f"u{number}", f"t{number}@hill.example", at="2026-10-05T01:00:00Z")
    with pytest.raises(InvalidInput, match="8 of 8 users are missing"):
        listed(tenant, 1, [], pages=1)
    assert tenant.user_of("t1@hill.example") == "u1"
    assert tenant.stores.users.complete_as_of(TENANT) == 0
    listed(tenant, 1, [(f"u{number}", f"t{number}@hill.example") for number in range(1, 5)], pages=1, at="03")
    assert tenant.stores.users.complete_as_of(TENANT) > 0


def test_an_email_that_is_far_too_long_keeps_nobody_else_of_the_page_out() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    listed(tenant, 1, [("u1", "t1@hill.example"), ("u2", f"{'x' * 300}@hill.example")], pages=1)
    assert tenant.user_of("t1@hill.example") == "u1"


def test_a_list_that_lacks_a_page_only_adds() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("old", "t1@hill.example", at="2026-10-05T01:00:00Z")
    listed(tenant, 2, [("u2", "t2@hill.example")])
    listed(tenant, 2, [("u2", "t2@hill.example")])
    assert tenant.user_of("t1@hill.example") == "old"
    assert tenant.user_of("t2@hill.example") == "u2"
    assert tenant.stores.users.complete_as_of(TENANT) == 0


def test_an_older_list_that_comes_late_takes_nothing_back() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    listed(tenant, 1, [("u1", "t1@hill.example")], pages=1, at="04")
    listed(tenant, 1, [("u7", "t1@hill.example")], pages=1, at="03")
    assert tenant.user_of("t1@hill.example") == "u1"
    assert tenant.stores.users.complete_as_of(TENANT) == 1_791_172_800_000


def test_matches_by_hand_stay_when_a_list_comes() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "t1@hill.example")
    tenant.added("ux", "x@other.example")
    tenant.match("t1@hill.example", "x@other.example")
    listed(tenant, 1, [("u1", "t1@hill.example"), ("ux", "x@other.example")], pages=1)
    assert tenant.user_of("t1@hill.example") == "ux"


def test_200_users_who_existed_before_connecting_have_all_their_groups_after_the_first_sync() -> None:
    tenant = Tenant()
    roster = small_roster()
    roster["teachers"] = [teacher(f"n{number}") for number in range(200)]
    roster["classes"] = [section(f"c{number}", f"Art {number}") for number in range(400)]
    roster["enrollments"] = [
        row
        for number in range(400)
        for row in (enrolled(f"c{number}", f"n{number % 200}", "teacher"), enrolled(f"c{number}", "s1"))
    ]
    order = list(range(4))
    Random(7).shuffle(order)
    for page in order:
        users = [(f"u{n}", f"N{n}@Hill.example") for n in range(page * 50, page * 50 + 50)]
        listed(tenant, page + 1, users, pages=4)
    run = tenant.sync(roster)
    told = tenant.told()
    assert {user for user, _ in told} == {f"u{number}" for number in range(200)}
    assert sum(len(groups) for _, groups in told) == 400
    assert (run.delivery["linked"], run.delivery["groups"]) == (200, 400)
    # 200 events, ten of them a call, and the request for the list that has come already is not made again.
    assert tenant.bus.eventbridge.calls == 20


def test_users_are_asked_for_until_a_whole_list_has_come_and_in_every_full_run() -> None:
    tenant = Tenant()
    for _ in range(2):
        tenant.sync(small_roster())
        assert len(tenant.bus.of("Users Requested")) == 1
        tenant.bus.take()
    listed(tenant, 1, [], pages=1)
    tenant.sync(small_roster())
    assert tenant.bus.of("Users Requested") == []
    tenant.sync(small_roster(), mode="full")
    assert len(tenant.bus.of("Users Requested")) == 1


# -- By hand ---------------------------------------------------------------------------------------------


def test_a_match_by_hand_wins_over_the_email_and_moves_the_groups() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "t1@hill.example")
    tenant.added("ux", "x@other.example")
    tenant.told()
    tenant.match("t1@hill.example", " X@Other.example")
    assert tenant.user_of("t1@hill.example") == "ux"
    assert tenant.told() == [("ux", ["Art"])]


def test_a_match_takes_a_user_from_another_teacher_who_is_listed() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "t1@hill.example")
    tenant.told()
    tenant.match("t2@hill.example", "t1@hill.example")
    assert tenant.user_of("t1@hill.example") == ""
    assert tenant.user_of("t2@hill.example") == "u1"
    assert tenant.told() == [("u1", ["Music"]), (None, [])]
    lost = tenant.stores.links.of_owner(TENANT, tenant.owner("t1@hill.example"))
    assert lost is not None
    assert lost.lost


@pytest.mark.parametrize(("first", "second"), [("t1", "t2"), ("t2", "t1")])
def test_whoever_loses_a_matched_user_to_another_match_is_listed(first: str, second: str) -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("ux", "x@other.example")
    for one in (first, second):
        tenant.match(f"{one}@hill.example", "x@other.example")
    lost = tenant.stores.links.of_owner(TENANT, tenant.owner(f"{first}@hill.example"))
    assert lost is not None
    assert lost.lost


@pytest.mark.parametrize(("email", "afterwards"), [("x@other.example", ""), ("t1@hill.example", "u")])
def test_a_match_that_is_undone_leaves_what_the_rules_give(email: str, afterwards: str) -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u", email)
    tenant.match("t1@hill.example", email)
    assert tenant.user_of("t1@hill.example") == "u"
    tenant.match("t1@hill.example", None)
    assert tenant.user_of("t1@hill.example") == afterwards
    # Undone is undone: the e-mail of a user who stays may change, as that of any other.
    tenant.hear("User Changed", userId="u", email="y@other.example", at="2026-10-05T09:00:00Z")
    assert tenant.user_of("t1@hill.example") == afterwards


def test_a_match_with_a_user_that_senso_does_not_have_is_refused_in_words() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    with pytest.raises(InvalidInput, match="no user in Senso has it"):
        tenant.match("t1@hill.example", "x@other.example")


# -- Life goes on ----------------------------------------------------------------------------------------


def test_a_changed_email_keeps_the_link_on_either_side() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "t1@hill.example")
    tenant.told()
    tenant.sync({**small_roster(), "teachers": [teacher("t1", "ada@hill.example"), teacher("t2")]})
    assert tenant.user_of("ada@hill.example") == "u1"
    assert tenant.told() == []
    tenant.hear("User Changed", userId="u1", email="ada@hill.example", at="2026-10-05T09:00:00Z")
    assert tenant.user_of("ada@hill.example") == "u1"
    assert tenant.told() == []


def test_a_whole_domain_changes_by_the_rewrite_setting() -> None:
    rewrite = RosterSettings(email_domains={"hill.example": "dale.example"})
    tenant = Tenant(stores=connected(settings=rewrite))
    tenant.added("u1", "t1@hill.example")
    tenant.sync({**small_roster(), "teachers": [teacher("t1", "t1@dale.example"), teacher("t2")]})
    assert tenant.user_of("t1@dale.example") == "u1"
    tenant.added("u2", "T2@DALE.example")
    assert tenant.user_of("t2@dale.example") == "u2"


def test_two_records_that_merge_into_one_email_end_in_one_owner_with_all_groups() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "t1@hill.example")
    tenant.added("u2", "t2@hill.example")
    tenant.told()
    tenant.sync({**small_roster(), "teachers": [teacher("t1"), teacher("t2", "t1@hill.example")]})
    assert tenant.told() == [("u1", ["Music"]), ("u2", ["-"])]


def test_a_teacher_who_turns_up_as_a_student_loses_groups_and_keeps_the_user() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.added("u1", "t1@hill.example")
    tenant.told()
    roster = small_roster()
    roster["students"] = [*roster["students"], teacher("s9", "t1@hill.example")]
    tenant.sync(roster)
    assert tenant.told() == [("u1", ["-"])]
    tenant.sync(small_roster())
    assert tenant.told() == [("u1", ["Art"])]


# -- Sending ---------------------------------------------------------------------------------------------


def test_what_the_bus_refuses_stays_due_and_goes_with_the_next_run() -> None:
    tenant = Tenant()
    for number in (1, 2):
        tenant.added(f"u{number}", f"t{number}@hill.example")
    refused = json.dumps("u2")
    tenant.bus.eventbridge.refuses = lambda entry: "Throttling" if refused in entry["Detail"] else ""
    run = tenant.sync(small_roster())
    assert (run.outcome, run.error) == ("failed", "EventBusUnavailable")
    assert "did not take 1 of 1 events (Throttling); they stay due" in run.reason
    assert tenant.told() == [("u1", ["Art"])]
    tenant.bus.eventbridge.refuses = lambda _: ""
    tenant.clock += DAY
    assert tenant.sync(small_roster()).outcome == "unchanged"
    assert tenant.told() == [("u2", ["Music"])]


def test_an_event_that_died_in_the_middle_is_finished_when_it_comes_again() -> None:
    tenant = Tenant()
    tenant.sync(small_roster())
    tenant.told()
    tenant.bus.eventbridge.refuses = lambda _: "InternalFailure"
    with pytest.raises(EventBusUnavailable):
        tenant.added("u1", "t1@hill.example")
    tenant.bus.eventbridge.refuses = lambda _: ""
    tenant.added("u1", "t1@hill.example")
    assert tenant.told() == [("u1", ["Art"])]


def test_a_full_run_ends_by_sending_everything_to_every_linked_owner() -> None:
    tenant = Tenant()
    tenant.added("u1", "t1@hill.example")
    tenant.sync(small_roster())
    tenant.told()
    tenant.sync(small_roster(), mode="full")
    assert tenant.told() == [("u1", ["Art"])]


def test_a_preview_tells_nobody_anything() -> None:
    tenant = Tenant()
    tenant.added("u1", "t1@hill.example")
    tenant.sync(small_roster(), mode="preview")
    assert tenant.bus.take() == []


def test_a_resync_sends_all_groups_of_one_user_again_and_says_as_of_when() -> None:
    tenant = Tenant()
    tenant.added("u1", "t1@hill.example")
    run = tenant.sync(small_roster())
    tenant.told()
    request = ResyncRequest(tenant_id=TENANT, owner_id=tenant.owner("t1@hill.example"))
    resynced = resync_owner(request, tenant.stores, tenant.bus)
    assert (resynced.groups, resynced.as_of) == (1, run.started_at)
    assert tenant.told() == [("u1", ["Art"])]
    # It changes nothing: the next run has nothing to send.
    tenant.sync(small_roster())
    assert tenant.told() == []


def test_a_resync_that_the_bus_refuses_is_due_until_it_is_sent() -> None:
    tenant = Tenant()
    tenant.added("u1", "t1@hill.example")
    tenant.sync(small_roster())
    tenant.told()
    tenant.bus.eventbridge.refuses = lambda _: "InternalFailure"
    request = ResyncRequest(tenant_id=TENANT, owner_id=tenant.owner("t1@hill.example"))
    with pytest.raises(EventBusUnavailable):
        resync_owner(request, tenant.stores, tenant.bus)
    tenant.bus.eventbridge.refuses = lambda _: ""
    tenant.sync(small_roster())
    assert tenant.told() == [("u1", ["Art"])]


def test_a_removal_is_sent_though_its_tombstone_has_expired() -> None:
    tenant = Tenant()
    tenant.added("u1", "t1@hill.example")
    tenant.sync(small_roster())
    tenant.bus.eventbridge.refuses = lambda _: "InternalFailure"
    roster = small_roster()
    roster["classes"] = roster["classes"][1:]
    tenant.sync(roster)
    tombstones = [
        (item["pk"], item["sk"])
        for item in tenant.stores.table.items.values()
        if item["kind"] == "group" and item["removed"]
    ]
    tenant.stores.table.write([], tombstones)
    tenant.bus.eventbridge.refuses = lambda _: ""
    before = tenant.bus.of("Groups Changed")[-1]["groups"][0]
    tenant.bus.take()
    tenant.clock += 91 * DAY
    tenant.sync(roster)
    ((_, removal),) = [event for event in tenant.bus.take() if event[0] == "Groups Changed"]
    assert removal["groups"] == [
        {"groupId": before["groupId"], "version": before["version"] + 1, "removed": True}
    ]


# -- The rule, wherever it is asked ----------------------------------------------------------------------

OWNERS = ("t1", "t2", "t3")
EMAILS = st.sampled_from(["t1@hill.example", "t2@hill.example", "t3@hill.example", "t1@old.example", ""])
REWRITE = {"old.example": "hill.example"}


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """Draw what happens to users and matches: (what, user or owner, e-mail)."""
    one = st.one_of(
        st.tuples(st.just("user"), st.sampled_from(["u1", "u2", "u3", "u4"]), EMAILS),
        st.tuples(st.just("gone"), st.sampled_from(["u1", "u2", "u3", "u4"]), st.just("")),
        st.tuples(st.just("match"), st.sampled_from(OWNERS), st.sampled_from(["u1", "u2", "u3", "u4"])),
        st.tuples(st.just("undo"), st.sampled_from(OWNERS), st.just("")),
        st.tuples(st.just("sync"), st.just(""), st.sampled_from(["", *OWNERS])),
    )
    return draw(st.lists(one, min_size=1, max_size=12))


@settings(max_examples=150)
@given(changes())
def test_what_is_settled_owner_by_owner_is_what_the_rule_gives_for_all(
    happened: list[tuple[str, str, str]],
) -> None:
    tenant = Tenant(stores=connected(settings=RosterSettings(email_domains=REWRITE)))
    roster = small_roster()
    roster["teachers"] = [teacher(one) for one in OWNERS]
    tenant.sync(roster)
    stores = tenant.stores
    for place, (what, who, value) in enumerate(happened):
        at = f"2026-10-05T03:{place:02}:00Z"
        if what == "user":
            tenant.hear("User Changed", userId=who, email=value, at=at)
        elif what == "gone":
            tenant.hear("User Removed", userId=who, at=at)
        elif what == "sync":
            absent = small_roster()
            absent["teachers"] = [teacher(one) for one in OWNERS if one != value]
            tenant.sync(absent, run_id=f"r{place}")
        else:
            user = stores.users.get(TENANT, value) if what == "match" else None
            email = user.email if user is not None and not user.removed else None
            if f"{who}@hill.example" in {o.email for o in _owners(stores)} and (what == "undo" or email):
                tenant.match(f"{who}@hill.example", email)
    assert_links_are_right(stores, REWRITE)


def assert_links_are_right(stores: FakeStores, email_domains: dict[str, str]) -> None:
    """Hold the links, at both of their ends, against the rule for all owners and users at once."""
    users = [known.user for known in stores.users.all(TENANT) if not known.removed]
    links = {
        item["sk"].removeprefix("LINK#"): item
        for item in stores.table.items.values()
        if item["kind"] == "link"
    }
    emails = {owner.owner_id: owner.email for owner in _owners(stores)}
    claims = [
        Claim(
            one,
            emails.get(one, ""),
            stores.links.matched_user(TENANT, one),
            links[one]["user_id"] if one in links else "",
        )
        for one in {*emails, *links}
    ]
    assert {one: item["user_id"] for one, item in links.items() if item["user_id"]} == assign_users(
        claims, users, email_domains
    )
    for one in users:
        linked = stores.links.of_user(TENANT, one.user_id).owner_id
        holders = [owner_id for owner_id, item in links.items() if item["user_id"] == one.user_id]
        assert ([linked] if linked else []) == holders


def _owners(stores: FakeStores) -> list[Any]:
    return [items.owner_of(item) for item in stores.table.items.values() if item["kind"] == "owner"]
