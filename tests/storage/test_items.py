"""How the domain is kept: every item gives back what it was made of, and depends on its meaning only."""

import random
from typing import TypeVar

from hypothesis import given, settings
from msgspec.structs import replace

from rostersync.roster.classes import ClassRoster, Member
from rostersync.roster.fingerprint import fingerprint
from rostersync.roster.groups import Group, OwnersClass
from rostersync.roster.owners import FormerOwner, Owner
from rostersync.roster.records import AcademicSession, Class, Course, Enrollment, Org, Person
from rostersync.storage import items, keys
from rostersync.storage.attributes import MAX_ITEM_BYTES, Item, item_from_wire, item_to_wire, size_of
from tests.storage import rosters

R = TypeVar("R", Org, AcademicSession, Course, Person)
NOW = 1_772_452_800_000
DAY = 86_400


def through_dynamodb(item: Item) -> Item:
    return item_from_wire(item_to_wire(item))


@settings(max_examples=50)
@given(rosters.orgs, rosters.sessions, rosters.courses, rosters.people)
def test_a_record_comes_back_without_when_it_was_modified(
    org: Org, session: AcademicSession, course: Course, person: Person
) -> None:
    comes_back(org, Org)
    comes_back(session, AcademicSession)
    comes_back(course, Course)
    comes_back(person, Person)


def comes_back(record: R, kind: type[R]) -> None:
    item = through_dynamodb(items.record_item("maple", record))
    assert items.record_of(item, kind) == replace(record, modified="")
    assert item["fp"] == fingerprint(record)
    assert (item["pk"], item["sk"]) == keys.record("maple", kind, record.sourced_id)
    assert keys.sourced_id_of(item["sk"]) == record.sourced_id


@settings(max_examples=50)
@given(rosters.people, rosters.texts)
def test_an_item_does_not_depend_on_when_its_record_was_modified(person: Person, modified: str) -> None:
    assert items.record_item("maple", person) == items.record_item(
        "maple", replace(person, modified=modified)
    )


@settings(max_examples=60)
@given(rosters.class_rosters())
def test_a_class_comes_back_with_its_enrollments(roster: ClassRoster) -> None:
    item = through_dynamodb(items.class_item("maple", roster))
    assert items.class_roster_of(item) == ClassRoster(
        replace(roster.record, modified=""),
        tuple(replace(row, modified="") for row in roster.enrollments),
    )
    assert item["fp"] == fingerprint(roster)
    assert not items.is_too_large(item)


@settings(max_examples=40)
@given(rosters.groups)
def test_a_group_comes_back_with_its_members(group: Group) -> None:
    item = through_dynamodb(items.group_item("maple", group))
    assert items.group_of(item) == group
    assert (item["version"], item["removed"]) == (group.version, group.removed)


@settings(max_examples=40)
@given(rosters.owners, rosters.former_owners, rosters.owners_classes)
def test_owners_and_their_classes_come_back(
    owner: Owner, former: FormerOwner, classes: tuple[OwnersClass, ...]
) -> None:
    assert items.owner_of(through_dynamodb(items.owner_item("maple", owner))) == owner
    assert items.former_owner_of(through_dynamodb(items.former_owner_item("maple", former, NOW))) == former
    listed = through_dynamodb(items.class_list_item("maple", owner.owner_id, classes))
    assert items.class_list_of(listed) == classes
    assert listed["sk"] == f"CLASSES#{owner.owner_id}"
    assert keys.owner_of(listed["sk"]) == owner.owner_id


def test_a_changed_reason_is_another_class_list() -> None:
    before = items.class_list_item("maple", "o_1", [OwnersClass("c1", "Art", "term over")])
    after = items.class_list_item("maple", "o_1", [OwnersClass("c1", "Art", "no members")])
    assert before["fp"] != after["fp"]


def test_a_teacher_read_one_by_one_can_be_told() -> None:
    read = Person(sourced_id="t1", collections=("users",))
    listed = Person(sourced_id="t1", collections=("teachers",))
    assert items.is_user_read(items.record_item("maple", read))
    assert not items.is_user_read(items.record_item("maple", listed))


def roster_of(count: int) -> ClassRoster:
    noise = random.Random(5)
    return ClassRoster(
        Class(sourced_id="c1", title="Assembly"),
        tuple(
            Enrollment(
                sourced_id=f"{number:06}-{noise.randbytes(30).hex()}",
                class_id="c1",
                user_id=noise.randbytes(30).hex(),
                role="student",
            )
            for number in range(count)
        ),
    )


def test_enrollments_that_do_not_fit_are_left_out_and_the_class_still_compares() -> None:
    roster = roster_of(8_000)
    item = through_dynamodb(items.class_item("maple", roster))
    assert items.is_too_large(item)
    assert items.class_roster_of(item) == ClassRoster(roster.record)
    assert item["fp"] == fingerprint(roster)
    assert size_of(item) < 1_000


def test_the_largest_class_and_group_of_usual_ids_fit_an_item() -> None:
    noise = random.Random(5)
    members = tuple(
        Member(
            f"{noise.randrange(10**9)}",
            address := f"{noise.randbytes(8).hex()}@students.maple.example",
            address,
            noise.randbytes(5).hex(),
            noise.randbytes(5).hex(),
        )
        for _ in range(5_000)
    )
    group = Group("g_1", "o_1", "c1", "Assembly", 1, 1, members)
    assert size_of(items.group_item("maple", group)) < MAX_ITEM_BYTES
    item = items.class_item("maple", roster_of(5_000))
    assert not items.is_too_large(item)
    assert size_of(item) < MAX_ITEM_BYTES


def test_members_that_do_not_fit_are_told() -> None:
    noise = random.Random(5)
    members = tuple(Member(noise.randbytes(200).hex(), "", "", "Ada", "Example") for _ in range(3_000))
    assert not items.members_fit(members)
    assert items.members_fit(members[:500])


def test_a_removed_person_is_remembered_for_30_days() -> None:
    person = Person(
        sourced_id="p1", email="ada@maple.example", given_name="Ada", family_name="Example", username="ada1"
    )
    item = through_dynamodb(items.gone_item("maple", person, NOW))
    gone = items.gone_of(item)
    assert (gone.sourced_id, gone.email, gone.given_name, gone.family_name, gone.gone_at) == (
        "p1",
        "ada@maple.example",
        "Ada",
        "Example",
        NOW,
    )
    assert item["expires"] == NOW // 1000 + 30 * DAY
    assert "ada1" not in item["data"]


def test_a_former_owner_is_remembered_for_400_days() -> None:
    item = items.former_owner_item("maple", FormerOwner("o_1", "abc", 1), NOW)
    assert item["expires"] == NOW // 1000 + 400 * DAY


def test_a_removed_group_is_remembered_for_90_days_and_a_current_one_for_ever() -> None:
    group = Group("g_1", "o_1", "c1", "Art", 1, 2)
    assert "expires" not in items.group_item("maple", group)
    removed = replace(group, removed=True, removed_at=NOW)
    assert items.group_item("maple", removed)["expires"] == NOW // 1000 + 90 * DAY


def test_an_expired_item_counts_as_deleted_though_it_is_still_there() -> None:
    item = items.former_owner_item("maple", FormerOwner("o_1", "abc", 1), NOW)
    assert not items.has_expired(item, NOW + 400 * DAY * 1000 - 1)
    assert items.has_expired(item, NOW + 400 * DAY * 1000)
    assert not items.has_expired({"pk": "T#maple", "sk": "LEASE"}, NOW)


def test_an_email_says_whose_it_is() -> None:
    item = through_dynamodb(items.email_item("maple", "ada@maple.example", "o_1"))
    assert items.owner_id_of(item) == "o_1"
    assert (item["pk"], item["sk"]) == keys.email("maple", "ada@maple.example")
