import msgspec
from msgspec.structs import replace

from rostersync.roster.classes import ClassRoster, Member
from rostersync.roster.fingerprint import canonical, fingerprint
from rostersync.roster.groups import Group
from rostersync.roster.records import Class, Enrollment, Person

ADA = Person(sourced_id="t-1", given_name="Ada", family_name="Example", orgs=("s-1", "s-2"))


def test_a_stored_fingerprint_stays_what_it_was() -> None:
    row = Enrollment(sourced_id="e-1", class_id="c-1", user_id="s-1", role="student")
    assert canonical(row) == b'[true,"","c-1","",false,"student","e-1","s-1"]'
    assert fingerprint(row) == "46bafc8d7913fa80"


def test_when_a_record_was_modified_is_not_what_it_means() -> None:
    assert fingerprint(replace(ADA, modified="2030-01-01T00:00:00Z")) == fingerprint(ADA)


def test_every_other_field_is_what_it_means() -> None:
    changed = [
        replace(ADA, active=False),
        replace(ADA, enabled=False),
        replace(ADA, email="ada@elm.example"),
        replace(ADA, orgs=("s-2", "s-1")),
        replace(ADA, orgs=("s-1",)),
        replace(ADA, collections=("teachers",)),
    ]
    assert len({fingerprint(record) for record in [ADA, *changed]}) == len(changed) + 1


def test_records_within_a_record_count_without_when_they_were_modified() -> None:
    row = Enrollment(sourced_id="e-1", class_id="c-1", user_id="s-1", role="student")
    roster = ClassRoster(Class(sourced_id="c-1"), (row,))
    touched = ClassRoster(Class(sourced_id="c-1", modified="2030"), (replace(row, modified="2030"),))
    assert fingerprint(touched) == fingerprint(roster)
    assert fingerprint(ClassRoster(Class(sourced_id="c-1"), (replace(row, primary=True),))) != fingerprint(
        roster
    )


def test_a_group_with_members_has_a_fingerprint() -> None:
    member = Member("s-1", "sam", "", "Sam", "Sample")
    group = Group("g", "o", "c", "Art", 1, 1, (member,))
    assert fingerprint(group) == fingerprint(replace(group, members=(replace(member),)))
    assert fingerprint(group) != fingerprint(replace(group, members=(replace(member, login=""),)))


def test_a_set_has_no_order() -> None:
    class Choice(msgspec.Struct, frozen=True):
        schools: frozenset[str]

    assert canonical(Choice(frozenset("abc"))) == b'["a","b","c"]'


def test_any_text_can_be_canonical() -> None:
    assert canonical(replace(ADA, given_name="Åda \ud800 😀")).isascii()
