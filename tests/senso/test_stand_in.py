"""What the stand-in for Senso does with events: each rule of docs/integration-with-senso.md."""

from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.mailbag import Mailbag
from local.received_groups import ShownGroup
from local.senso import Event, Senso

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
ELM, OAK = "elm", "oak"
OWNER, OTHER = "o_" + "1" * 20, "o_" + "2" * 20
ART, BIO = "g_" + "a" * 24, "g_" + "b" * 24


def whole(
    group_id: str,
    version: int,
    *students: str,
    name: str = "Art",
    name_version: int = 1,
    part: int = 1,
    parts: int = 1,
) -> dict[str, Any]:
    return {
        "groupId": group_id,
        "version": version,
        "removed": False,
        "name": name,
        "nameVersion": name_version,
        "part": part,
        "parts": parts,
        "members": [
            {
                "sourcedId": student,
                "login": f"{student}@elm.example",
                "email": f"{student}@elm.example",
                "givenName": "Pebble",
                "familyName": "Mossynose",
            }
            for student in students
        ],
    }


def gone(group_id: str, version: int) -> dict[str, Any]:
    return {"groupId": group_id, "version": version, "removed": True}


class Told:
    """Senso with one teacher, and events of that teacher's groups."""

    def __init__(self) -> None:
        self.senso = Senso(lambda: NOON)
        self.user_id, self.added = self.senso.add_user(ELM, "pickle@elm.example")

    def tell(
        self, *groups: dict[str, Any], link: int = 1, user_id: str | None = "user-1", owner: str = OWNER
    ) -> None:
        detail = {
            "schemaVersion": 1,
            "tenantId": ELM,
            "ownerId": owner,
            "link": {"id": link, "userId": user_id},
            "groups": list(groups),
        }
        assert self.senso.receive("Groups Changed", detail) == []

    @property
    def groups(self) -> dict[str, ShownGroup]:
        return self.senso.groups_of(ELM, self.user_id)

    def members(self, group_id: str) -> frozenset[str]:
        return self.groups[group_id].members


@pytest.fixture
def told() -> Told:
    return Told()


# -- Groups ----------------------------------------------------------------------------------------------


def test_a_group_is_shown_to_the_user_whom_the_link_names(told: Told) -> None:
    told.tell(whole(ART, 1, "s1", "s2"))
    logins = {"s1": "s1@elm.example", "s2": "s2@elm.example"}
    assert told.groups == {ART: ShownGroup("Art", frozenset({"s1", "s2"}), frozenset(), logins)}
    assert told.senso.groups_by_email(ELM) == {"pickle@elm.example": told.groups}
    assert told.senso.owners_of(ELM, told.user_id) == {OWNER}
    assert told.senso.link_of(ELM, OWNER) == (1, told.user_id)


def test_tenants_with_the_same_ids_have_nothing_in_common(told: Told) -> None:
    told.senso.add_user(OAK, "pickle@elm.example")
    told.tell(whole(ART, 1, "s1"))
    assert told.senso.users(OAK) == told.senso.users(ELM)
    assert told.senso.groups_by_email(OAK) == {}
    assert told.senso.link_of(OAK, OWNER) == (0, None)


def test_of_one_group_the_greatest_version_counts(told: Told) -> None:
    told.tell(whole(ART, 2, "s2"))
    told.tell(whole(ART, 1, "s1"))
    assert told.members(ART) == {"s2"}
    told.tell(whole(ART, 3, "s3"))
    assert told.members(ART) == {"s3"}


def test_the_same_version_again_does_no_harm(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.tell(whole(ART, 1, "s1"))
    assert told.members(ART) == {"s1"}
    assert told.senso.received == {"Groups Changed": 2}


def test_one_groups_version_says_nothing_of_another_group(told: Told) -> None:
    told.tell(whole(ART, 9, "s1"))
    told.tell(whole(BIO, 2, "s2"))
    assert set(told.groups) == {ART, BIO}


def test_a_late_event_does_not_bring_a_removed_group_back(told: Told) -> None:
    told.tell(gone(ART, 2))
    told.tell(whole(ART, 1, "s1"))
    assert told.groups == {}
    told.tell(whole(ART, 3, "s3"))
    assert told.members(ART) == {"s3"}


def test_a_smaller_link_is_ignored(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"), link=2)
    told.tell(whole(ART, 5, "s5"), whole(BIO, 5, "s5"), link=1)
    assert {key: group.members for key, group in told.groups.items()} == {ART: {"s1"}}


def test_a_greater_link_drops_what_came_under_the_older_one(told: Told) -> None:
    other, _ = told.senso.add_user(ELM, "waffle@elm.example")
    told.tell(whole(ART, 5, "s1"), whole(BIO, 5, "s1"))
    told.tell(whole(ART, 4, "s4"), link=2, user_id=other)
    assert told.groups == {}
    assert {key: group.members for key, group in told.senso.groups_of(ELM, other).items()} == {ART: {"s4"}}


def test_a_link_to_nobody_drops_the_groups(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.tell(link=2, user_id=None)
    assert told.groups == {}
    assert told.senso.link_of(ELM, OWNER) == (2, None)


def test_another_owners_link_says_nothing_of_this_ones(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.tell(whole(BIO, 1, "s1"), link=7, user_id=None, owner=OTHER)
    assert set(told.groups) == {ART}


# -- Parts -----------------------------------------------------------------------------------------------


def test_a_group_in_parts_is_shown_when_all_have_come_in_any_order_and_doubled(told: Told) -> None:
    told.tell(whole(ART, 1, "s3", part=3, parts=3))
    told.tell(whole(ART, 1, "s1", part=1, parts=3))
    told.tell(whole(ART, 1, "s3", part=3, parts=3))
    assert told.groups == {}
    told.tell(whole(ART, 1, "s2", part=2, parts=3))
    assert told.members(ART) == {"s1", "s2", "s3"}


def test_until_all_parts_have_come_the_version_before_is_shown(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.tell(whole(ART, 2, "s2", part=1, parts=2))
    assert told.members(ART) == {"s1"}
    told.tell(whole(ART, 2, "s3", part=2, parts=2))
    assert told.members(ART) == {"s2", "s3"}


def test_parts_of_two_versions_are_never_put_together(told: Told) -> None:
    told.tell(whole(ART, 1, "s1", part=1, parts=2))
    told.tell(whole(ART, 2, "s2", part=2, parts=2))
    assert told.groups == {}
    told.tell(whole(ART, 2, "s3", part=1, parts=2))
    told.tell(whole(ART, 1, "s4", part=2, parts=2))
    assert told.members(ART) == {"s2", "s3"}


# -- What a teacher does by hand -------------------------------------------------------------------------


def test_who_was_added_by_hand_is_kept_apart_and_survives_every_event(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.senso.add_by_hand(ELM, told.user_id, ART, "s9")
    told.tell(whole(ART, 2, "s2", "s9"))
    told.tell(whole(ART, 3, "s2"))
    assert told.members(ART) == {"s2"}
    assert told.groups[ART].by_hand == {"s9"}


def test_nothing_by_hand_is_left_of_a_group_that_was_removed(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.senso.add_by_hand(ELM, told.user_id, ART, "s9")
    told.senso.rename_by_hand(ELM, told.user_id, ART, "My art")
    told.tell(gone(ART, 2))
    told.tell(whole(ART, 3, "s1"))
    assert told.groups[ART].by_hand == set()
    assert told.groups[ART].name == "Art"


def test_a_teachers_own_name_wins_until_the_names_version_grows(told: Told) -> None:
    told.tell(whole(ART, 4, "s1", name_version=4))
    told.senso.rename_by_hand(ELM, told.user_id, ART, "My art")
    told.tell(whole(ART, 5, "s2", name_version=4))
    assert told.groups[ART].name == "My art"
    told.tell(whole(ART, 6, "s2", name="Art II", name_version=6))
    assert told.groups[ART].name == "Art II"


def test_a_teacher_changes_only_what_the_teacher_sees(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.tell(gone(ART, 2))
    with pytest.raises(KeyError):
        told.senso.add_by_hand(ELM, told.user_id, ART, "s9")
    with pytest.raises(KeyError):
        told.senso.rename_by_hand(ELM, told.user_id, BIO, "My biology")


# -- Users -----------------------------------------------------------------------------------------------


def test_a_removed_users_groups_are_gone_and_do_not_come_back_with_the_user(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.senso.remove_user(ELM, told.user_id)
    assert told.groups == {}
    told.senso.add_user(ELM, "pickle@elm.example", user_id=told.user_id)
    assert told.groups == {}


def test_a_link_to_a_user_who_does_not_exist_shows_nowhere(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"), user_id="user-9")
    assert told.senso.groups_of(ELM, "user-9") == {}
    assert told.senso.groups_by_email(ELM) == {}


def test_no_two_changes_of_a_tenant_have_one_time(told: Told) -> None:
    senso = told.senso
    changes = [
        told.added,
        senso.add_user(ELM, "waffle@elm.example")[1],
        senso.change_email(ELM, "user-1", "quill@elm.example"),
        *senso.receive("Users Requested", {"tenantId": ELM, "requestId": "r1"}),
        senso.remove_user(ELM, "user-2"),
    ]
    times = [detail["at"] if "at" in detail else detail["asOf"] for _, detail in changes]
    assert times == sorted(set(times))
    assert [kind for kind, _ in changes] == [
        "User Added",
        "User Added",
        "User Changed",
        "Users Listed",
        "User Removed",
    ]
    assert times[0] == "2026-10-05T12:00:00.000Z"


def test_the_list_has_pages_of_one_time_and_of_nobody_one_that_is_empty() -> None:
    senso = Senso(lambda: NOON, page_size=2)
    for name in ("acorn", "ember", "quartz"):
        senso.add_user(ELM, f"{name}@elm.example")
    pages = [detail for _, detail in senso.receive("Users Requested", {"tenantId": ELM, "requestId": "r1"})]
    assert [(page["page"], page["pages"], len(page["users"])) for page in pages] == [(1, 2, 2), (2, 2, 1)]
    assert len({page["asOf"] for page in pages}) == 1
    assert {user["userId"]: user["email"] for page in pages for user in page["users"]} == senso.users(ELM)
    [(_, empty)] = senso.receive("Users Requested", {"tenantId": OAK, "requestId": "r1"})
    assert (empty["page"], empty["pages"], empty["users"]) == (1, 1, [])


# -- Users that are wanted -------------------------------------------------------------------------------


def want(senso: Senso, email: str, request_id: str = "r1") -> list[Event]:
    wanted = {"tenantId": ELM, "requestId": request_id, "ownerId": OWNER, "email": email}
    return senso.receive("User Wanted", wanted)


def test_a_wanted_user_is_made_once_for_a_request(told: Told) -> None:
    first = want(told.senso, "waffle@elm.example")
    told.senso.change_email(ELM, "user-2", "quill@elm.example")
    assert want(told.senso, "waffle@elm.example") == first
    assert told.senso.users(ELM) == {"user-1": "pickle@elm.example", "user-2": "quill@elm.example"}
    [(kind, detail)] = first
    assert (kind, detail["userId"], detail["answers"]) == (
        "User Added",
        "user-2",
        {"requestId": "r1", "ownerId": OWNER},
    )


def test_who_has_the_email_already_is_the_answer_with_the_time_of_the_last_change(told: Told) -> None:
    [(kind, detail)] = want(told.senso, " PICKLE@elm.example")
    answers = {"requestId": "r1", "ownerId": OWNER}
    assert (kind, detail) == ("User Added", {**told.added[1], "answers": answers})


def test_a_wanted_user_may_be_refused(told: Told) -> None:
    told.senso.refuse(ELM, "Waffle@elm.example", "no licence left")
    [(kind, detail)] = want(told.senso, "waffle@elm.example")
    assert (kind, detail["reason"]) == ("User Refused", "no licence left")
    assert detail["answers"] == {"requestId": "r1", "ownerId": OWNER}
    assert len(told.senso.users(ELM)) == 1


def test_who_is_silent_neither_answers_nor_makes_a_user(told: Told) -> None:
    told.senso.silent = True
    assert want(told.senso, "waffle@elm.example") == []
    assert len(told.senso.users(ELM)) == 1
    told.senso.silent = False
    assert want(told.senso, "waffle@elm.example")[0][0] == "User Added"


def test_an_event_that_senso_does_not_take_is_a_mistake(told: Told) -> None:
    with pytest.raises(ValueError, match="User Removed"):
        told.senso.receive("User Removed", {"tenantId": ELM})


# -- What need not have been said ------------------------------------------------------------------------


def test_a_version_that_says_what_the_one_before_said_changed_nothing(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.tell(whole(ART, 2, "s1"))
    assert told.senso.changed_nothing == 1
    told.tell(whole(ART, 3, "s1"), whole(BIO, 3, "s1"))
    assert told.senso.changed_nothing == 1


@pytest.mark.parametrize(
    "events",
    [
        ([whole(ART, 1, "s1")], [whole(ART, 1, "s1")]),
        ([whole(ART, 1, "s1")], [whole(ART, 3, "s1")], [whole(ART, 2, "s2")]),
        ([gone(ART, 2)], [whole(ART, 1, "s1")]),
        ([whole(ART, 1, "s1")], [gone(ART, 2)], [whole(ART, 3, "s1")]),
        ([whole(ART, 1, "s1")], [whole(ART, 2, "s1", name_version=2)]),
        ([whole(ART, 1, "s1", part=1, parts=2)], [whole(ART, 1, "s2", part=2, parts=2)]),
        ([], []),
    ],
    ids=["repeated", "changed back", "late", "came back", "named again", "in parts", "only the link"],
)
def test_what_is_repeated_late_or_new_is_not_counted(
    told: Told, events: Iterable[list[dict[str, Any]]]
) -> None:
    for groups in events:
        told.tell(*groups)
    assert told.senso.changed_nothing == 0


def test_what_is_told_again_under_a_new_link_is_not_counted(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.tell(whole(ART, 1, "s1"), link=2)
    assert (told.senso.changed_nothing, told.senso.contradictions) == (0, 0)


def test_one_version_told_in_two_ways_is_a_contradiction(told: Told) -> None:
    told.tell(whole(ART, 1, "s1"))
    told.tell(whole(ART, 1, "s2"))
    assert told.senso.contradictions == 1
    told.tell(whole(ART, 1, "s2"), user_id="user-9")
    assert told.senso.contradictions == 3


# -- Any order -------------------------------------------------------------------------------------------

VERSIONS = st.integers(1, 6)


@st.composite
def entries(draw: st.DrawFn, link: int) -> list[dict[str, Any]]:
    """One group at one version, as a whole, in two parts or removed: what it says depends on these alone."""
    group_id, version = draw(st.sampled_from([ART, BIO])), draw(VERSIONS)
    said = Random(f"{link} {group_id} {version}")
    if said.random() < 0.25:
        return [gone(group_id, version)]
    students = [f"s{number}" for number in range(said.randint(1, 4))]
    name = said.choice(["Art", "Craft"])
    if said.random() < 0.5:
        return [whole(group_id, version, *students, name=name, name_version=version)]
    return [
        whole(group_id, version, *students[half::2], name=name, name_version=version, part=half + 1, parts=2)
        for half in (0, 1)
    ]


@st.composite
def events(draw: st.DrawFn) -> list[tuple[int, list[dict[str, Any]]]]:
    """Events under a link each; both parts of a group are among them, in one event or in two."""
    found: list[tuple[int, list[dict[str, Any]]]] = []
    for link in draw(st.lists(st.integers(1, 3), min_size=1, max_size=8)):
        groups = draw(entries(link))
        if draw(st.booleans()):
            found.append((link, groups))
        else:
            found.extend((link, [group]) for group in groups)
    if draw(st.booleans()):
        found.append((draw(st.integers(1, 3)), []))
    return found


def after(given_out: Iterable[tuple[int, list[dict[str, Any]]]]) -> Told:
    told = Told()
    told.senso.add_user(ELM, "waffle@elm.example")
    for link, groups in given_out:
        told.tell(*groups, link=link, user_id=[None, "user-1", "user-2", "user-1"][link])
    return told


@settings(max_examples=300)
@given(events(), st.integers(0, 2**32))
def test_any_order_and_doubling_gives_the_same(
    told: list[tuple[int, list[dict[str, Any]]]], seed: int
) -> None:
    bag: Mailbag[tuple[int, list[dict[str, Any]]]] = Mailbag(Random(seed), doubled=0.5, late=0.5)
    bag.put(told)
    given_out = []
    while not bag.empty:
        given_out.extend(bag.take())
    one, other = after(told).senso, after(given_out).senso
    assert one.groups_by_email(ELM) == other.groups_by_email(ELM)
    assert one.link_of(ELM, OWNER) == other.link_of(ELM, OWNER)
    assert one.changed_nothing == other.changed_nothing
    assert one.contradictions == other.contradictions == 0


# -- The mailbag -----------------------------------------------------------------------------------------


@given(st.lists(st.integers(), unique=True, max_size=30), st.integers(0, 2**32))
def test_the_mailbag_gives_out_everything_once_or_twice(things: list[int], seed: int) -> None:
    bag: Mailbag[int] = Mailbag(Random(seed), rounds=3)
    bag.put(things)
    rounds = [bag.take() for _ in range(4)]
    given_out = [thing for one in rounds for thing in one]
    assert bag.empty
    assert set(given_out) == set(things)
    assert all(given_out.count(thing) in {1, 2} for thing in things)


def test_the_mailbag_shuffles_doubles_and_holds_back() -> None:
    bag: Mailbag[int] = Mailbag(Random(1))
    bag.put(range(100))
    first = bag.take()
    assert first != sorted(first)
    assert len(set(first)) < 100
    rest = [*bag.take(), *bag.take(), *bag.take()]
    assert len(first) + len(rest) > 100
