"""What is due, as events: they fit the bus, they are as the contract says, and no group is half told."""

import json
from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from local.contracts import validator_of
from rostersync.roster.classes import MAX_MEMBERS, Member
from rostersync.roster.due import Due, Link
from rostersync.roster.groups import Group
from rostersync.senso.bus import MAX_EVENT_BYTES
from rostersync.senso.packing import Delivery, pack_deliveries

TENANT, OWNER = "elm", "o_" + "1" * 20
LINK = Link(OWNER, 1_791_165_600_000, "user-1")
VALIDATOR = validator_of("Groups Changed")


def member(number: int, text: str = "Pebble") -> Member:
    return Member(f"s{number}", text, f"{text}@elm.example"[:1_000], text, text)


def group(number: int, members: tuple[Member, ...], name: str = "Art") -> Group:
    return Group(f"g_{number:024x}", OWNER, f"c{number}", name, 1_791_165_600_000, 1_791_252_000_000, members)


def details(deliveries: list[Delivery]) -> list[dict[str, Any]]:
    """Return the events' details; each fits the bus and is as its contract says."""
    found = []
    for delivery in deliveries:
        assert delivery.event.detail_type == "Groups Changed"
        assert delivery.event.size <= MAX_EVENT_BYTES
        detail = json.loads(delivery.event.detail)
        VALIDATOR.validate(detail)
        assert (detail["tenantId"], detail["ownerId"]) == (TENANT, OWNER)
        whole = [entry["groupId"] for entry in detail["groups"] if not entry["removed"]]
        removed = [entry["groupId"] for entry in detail["groups"] if entry["removed"]]
        assert (delivery.groups, delivery.removed) == (tuple(whole), tuple(removed))
        found.append(detail)
    return found


def parts_of(packed: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return each group's entries in order of their part."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for detail in packed:
        for entry in detail["groups"]:
            if not entry["removed"]:
                found[entry["groupId"]].append(entry)
    return {key: sorted(entries, key=lambda entry: entry["part"]) for key, entries in found.items()}


def assert_complete(one: Group, parts: list[dict[str, Any]]) -> None:
    """Assert that the parts are numbered through, agree on the group, and have each member once."""
    assert [part["part"] for part in parts] == list(range(1, len(parts) + 1))
    assert {(part["parts"], part["version"], part["name"], part["nameVersion"]) for part in parts} == {
        (len(parts), one.version, one.name, one.name_version)
    }
    told = [tuple(member.values()) for part in parts for member in part["members"]]
    assert told == [
        (member.sourced_id, member.login, member.email, member.given_name, member.family_name)
        for member in one.members
    ]


def test_what_fits_goes_in_one_event_with_the_removals():
    due = Due((group(1, (member(1), member(2))), group(2, (member(1),))), ((f"g_{3:024x}", 7),))
    [detail] = details(pack_deliveries(TENANT, LINK, due))
    assert detail["link"] == {"id": LINK.link_id, "userId": "user-1"}
    assert [entry["groupId"] for entry in detail["groups"]] == [f"g_{number:024x}" for number in (1, 2, 3)]
    assert detail["groups"][2] == {"groupId": f"g_{3:024x}", "version": 7, "removed": True}
    assert detail["groups"][1]["members"] == [
        {
            "sourcedId": "s1",
            "login": "Pebble",
            "email": "Pebble@elm.example",
            "givenName": "Pebble",
            "familyName": "Pebble",
        }
    ]


def test_a_link_alone_is_an_event_without_groups():
    [detail] = details(pack_deliveries(TENANT, Link(OWNER, 9), Due(only_link=True)))
    assert (detail["link"], detail["groups"]) == ({"id": 9, "userId": None}, [])


def test_of_nothing_due_there_is_no_event():
    assert pack_deliveries(TENANT, LINK, Due()) == []


def test_a_group_of_5_000_goes_in_parts():
    one = group(1, tuple(member(number) for number in range(MAX_MEMBERS)))
    [parts] = parts_of(details(pack_deliveries(TENANT, LINK, Due((one,))))).values()
    assert len(parts) > 1
    assert_complete(one, parts)


def test_removals_alone_may_be_more_than_one_event_holds():
    removed = tuple((f"g_{number:024x}", 1_791_252_000_000) for number in range(4_000))
    packed = details(pack_deliveries(TENANT, LINK, Due(removed=removed)))
    assert len(packed) > 1
    told = [(entry["groupId"], entry["version"]) for detail in packed for entry in detail["groups"]]
    assert told == list(removed)


def test_the_longest_names_and_ids_there_can_be_fit():
    # Four bytes a character; what JSON writes in six, control characters, is kept out when records are read.
    widest = "\U0001f427" * 1_000
    members = tuple(
        Member(f"{number:03}" + "\U0001f427" * 252, widest, widest, widest, widest) for number in range(60)
    )
    one = Group(f"g_{1:024x}", OWNER, "c1", "\U0001f427" * 200, 1, 2, members)
    link = Link(OWNER, 1_791_165_600_000, "u" * 100)
    deliveries = pack_deliveries("t" * 50, link, Due((one,)))
    assert max(delivery.event.size for delivery in deliveries) <= MAX_EVENT_BYTES
    entries = [entry for one in deliveries for entry in json.loads(one.event.detail)["groups"]]
    assert_complete(one, entries)


TEXTS = st.sampled_from(
    ["Pebble", "", "\U0001f427", "é" * 333, "\U0001f427" * 1_000, 'say "hi" \\', "x" * 1_000]
)
NAMES = st.sampled_from(["Art", "\U0001f427" * 200, "Ω" * 200, 'The "A" class'])
SIZES = st.sampled_from([0, 1, 3, 40, 70, 500])


@st.composite
def groups(draw: st.DrawFn) -> tuple[Group, ...]:
    texts = draw(st.lists(TEXTS, min_size=1, max_size=4))
    return tuple(
        group(
            number,
            tuple(member(place, texts[place % len(texts)]) for place in range(draw(SIZES))),
            draw(NAMES),
        )
        for number in range(draw(st.integers(1, 6)))
    )


@settings(max_examples=40)
@given(groups(), st.integers(0, 30))
def test_whatever_the_groups_are_every_event_fits_and_every_group_is_complete(
    found: tuple[Group, ...], removals: int
) -> None:
    removed = tuple((f"g_{number:024x}", number) for number in range(100, 100 + removals))
    packed = details(pack_deliveries(TENANT, LINK, Due(found, removed)))
    parts = parts_of(packed)
    assert set(parts) == {one.group_id for one in found}
    for one in found:
        assert_complete(one, parts[one.group_id])
        # How it is cut does not depend on what is beside it: parts of two sendings can be put together.
        alone = parts_of(details(pack_deliveries(TENANT, LINK, Due((one,)))))
        assert alone == {one.group_id: parts[one.group_id]}
