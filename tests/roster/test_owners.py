"""RULES 2.1 to 2.3, one night at a time."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from rostersync.roster.identity import owner_id
from rostersync.roster.owners import Assignment, FormerOwner, Owner, Teacher, assign_owners
from rostersync.roster.settings import RosterSettings

TENANT = "elm"
KEY = b"a key of the tenant"


@dataclass
class Nights:
    """A tenant's owners: what a night gives is what the following one starts from."""

    owners: tuple[Owner, ...] = ()
    former: tuple[FormerOwner, ...] = ()
    night: int = 0
    settings: RosterSettings = field(default_factory=RosterSettings)

    def sync(
        self, *teachers: tuple[str, str, str] | tuple[str, str], students: Iterable[str] = ()
    ) -> Assignment:
        """Assign owners to (id, e-mail, family name) rows, the name "Example" unless given."""
        self.night += 1
        got = assign_owners(
            TENANT,
            [Teacher(row[0], row[1], row[2] if len(row) == 3 else "Example") for row in teachers],
            self.owners,
            self.former,
            set(students),
            settings=self.settings,
            now_ms=self.night,
            key=KEY,
        )
        self.owners = got.owners
        self.former = (*(one for one in self.former if one.owner_id not in got.returned), *got.ended)
        return got

    def owner_at(self, email: str) -> str:
        """Return the id of the owner that has the e-mail."""
        return next(owner.owner_id for owner in self.owners if owner.email == email)


@pytest.fixture
def nights() -> Nights:
    return Nights()


def kinds(got: Assignment) -> list[str]:
    return [finding.kind for finding in got.findings]


def test_rule_2_1_records_with_one_email_are_one_owner(nights: Nights) -> None:
    got = nights.sync(("t1", "ada@elm.example"), ("t2", " ADA@Elm.example "), ("t3", "bo@elm.example"))
    assert got.owner_of["t1"] == got.owner_of["t2"] != got.owner_of["t3"]
    ada = next(owner for owner in got.owners if owner.email == "ada@elm.example")
    assert ada == Owner(got.owner_of["t1"], "ada@elm.example", 1, (("t1", "Example"), ("t2", "Example")))
    assert got.findings == ()


def test_rule_2_1_a_rewritten_domain_is_one_domain() -> None:
    nights = Nights(settings=RosterSettings(email_domains={"old.example": "elm.example"}))
    got = nights.sync(("t1", "ada@old.example"), ("t2", "ada@elm.example"))
    assert got.owner_of["t1"] == got.owner_of["t2"]


def test_rule_2_1_an_email_with_two_family_names_is_listed(nights: Nights) -> None:
    got = nights.sync(
        ("t1", "office@elm.example", "Example"),
        ("t2", "office@elm.example", "Sample"),
        ("t3", "ada@elm.example", "EXAMPLE "),
        ("t4", "ada@elm.example", "Example"),
        ("t5", "ada@elm.example", ""),
    )
    assert [(one.kind, one.owner_id, one.teacher_ids) for one in got.findings] == [
        ("shared e-mail", nights.owner_at("office@elm.example"), ("t1", "t2"))
    ]


def test_rule_2_2_a_students_email_is_never_an_owners(nights: Nights) -> None:
    got = nights.sync(("t1", "Sam@elm.example"), ("t2", "sam@elm.example"), students=["sam@elm.example"])
    assert got.owner_of == {}
    assert got.owners == ()
    assert [(one.kind, one.teacher_ids) for one in got.findings] == [("e-mail of a student", ("t1", "t2"))]


def test_rule_2_2_not_even_one_that_had_it(nights: Nights) -> None:
    before = nights.sync(("t1", "ada@elm.example")).owner_of["t1"]
    got = nights.sync(("t1", "ada@elm.example"), students=["ada@elm.example"])
    assert got.owners == ()
    assert [former.owner_id for former in got.ended] == [before]
    assert nights.sync(("t1", "ada@elm.example")).owner_of["t1"] == before


def test_rule_2_2_teachers_without_email_are_listed(nights: Nights) -> None:
    got = nights.sync(("t2", "nobody"), ("t1", ""))
    assert got.owner_of == {}
    assert [(one.kind, one.teacher_ids) for one in got.findings] == [
        ("no e-mail", ("t1",)),
        ("no e-mail", ("t2",)),
    ]


def test_rule_2_3_an_owner_goes_with_its_records_to_a_new_email(nights: Nights) -> None:
    before = nights.sync(("t1", "ada@elm.example"), ("t2", "ada@elm.example"))
    got = nights.sync(("t1", "ada.new@elm.example"), ("t2", "ada.new@elm.example"))
    assert got.owner_of == before.owner_of
    assert got.owners[0].first_seen == 1
    assert [(one.kind, one.owner_id) for one in got.findings] == [("e-mail changed", got.owner_of["t1"])]


def test_rule_2_3_a_new_family_name_with_a_new_email_is_a_new_owner(nights: Nights) -> None:
    before = nights.sync(("t1", "ada@elm.example", "Example")).owner_of["t1"]
    got = nights.sync(("t1", "bo@elm.example", "Sample"))
    assert got.owner_of["t1"] != before
    assert [former.owner_id for former in got.ended] == [before]
    assert got.findings == ()


def test_rule_2_3_a_new_family_name_with_the_old_email_is_the_same_owner(nights: Nights) -> None:
    before = nights.sync(("t1", "ada@elm.example", "Example"))
    got = nights.sync(("t1", "ada@elm.example", "Sample"))
    assert got.owner_of == before.owner_of
    assert got.owners[0].records == (("t1", "Sample"),)


@pytest.mark.parametrize(("before", "after"), [("Example", ""), ("", "Example"), ("Example", " example ")])
def test_an_absent_family_name_is_not_another_one(nights: Nights, before: str, after: str) -> None:
    owner = nights.sync(("t1", "ada@elm.example", before)).owner_of["t1"]
    assert nights.sync(("t1", "ada.new@elm.example", after)).owner_of["t1"] == owner


def test_one_record_that_keeps_its_family_name_is_enough_to_go(nights: Nights) -> None:
    before = nights.sync(("t1", "ada@elm.example"), ("t2", "ada@elm.example"))
    got = nights.sync(("t1", "ada.new@elm.example", "Sample"), ("t2", "ada.new@elm.example"))
    assert got.owner_of == before.owner_of


def test_rule_2_3_a_record_that_goes_alone_gets_the_owner_of_its_new_email(nights: Nights) -> None:
    nights.sync(("t1", "ada@elm.example"), ("t2", "ada@elm.example"), ("t3", "bo@elm.example"))
    ada, bo = nights.owner_at("ada@elm.example"), nights.owner_at("bo@elm.example")
    assert nights.sync(
        ("t1", "ada@elm.example"), ("t2", "bo@elm.example"), ("t3", "bo@elm.example")
    ).owner_of == {"t1": ada, "t2": bo, "t3": bo}
    got = nights.sync(("t1", "ada@elm.example"), ("t2", "cy@elm.example"), ("t3", "bo@elm.example"))
    assert got.owner_of["t2"] not in {ada, bo}
    assert "e-mail changed" not in kinds(got)


def test_rule_2_3_records_that_part_belong_to_where_they_went(nights: Nights) -> None:
    before = nights.sync(("t1", "ada@elm.example"), ("t2", "ada@elm.example")).owner_of["t1"]
    got = nights.sync(("t1", "bo@elm.example"), ("t2", "cy@elm.example"))
    assert before not in got.owner_of.values()
    assert got.owner_of["t1"] != got.owner_of["t2"]


def test_rule_2_3_an_email_that_has_an_owner_keeps_it(nights: Nights) -> None:
    nights.sync(("t1", "ada@elm.example"), ("t2", "bo@elm.example"))
    ada, bo = nights.owner_at("ada@elm.example"), nights.owner_at("bo@elm.example")
    got = nights.sync(("t1", "bo@elm.example"), ("t2", "bo@elm.example"))
    assert got.owner_of == {"t1": bo, "t2": bo}
    assert [former.owner_id for former in got.ended] == [ada]


def test_rule_2_3_an_email_keeps_its_owner_when_the_record_behind_it_is_another(nights: Nights) -> None:
    before = nights.sync(("t1", "ada@elm.example"))
    got = nights.sync(("new-id", "ada@elm.example"))
    assert got.owner_of["new-id"] == before.owner_of["t1"]


def test_rule_2_3_whoever_joins_the_email_of_an_owner_whose_records_are_gone_belongs_to_it(
    nights: Nights,
) -> None:
    nights.sync(("t1", "ada@elm.example"), ("t2", "bo@elm.example"))
    ada = nights.owner_at("ada@elm.example")
    assert nights.sync(("t2", "ada@elm.example")).owner_of == {"t2": ada}


def test_rule_2_3_of_two_owners_arriving_at_one_email_the_first_seen_stays(nights: Nights) -> None:
    nights.sync(("t9", "zed@elm.example"))
    zed = nights.owner_at("zed@elm.example")
    nights.sync(("t1", "ada@elm.example"), ("t9", "zed@elm.example"))
    ada = nights.owner_at("ada@elm.example")
    got = nights.sync(("t1", "both@elm.example"), ("t9", "both@elm.example"))
    assert got.owner_of == {"t1": zed, "t9": zed}
    assert [former.owner_id for former in got.ended] == [ada]


def test_of_two_first_seen_at_once_the_smaller_id_stays(nights: Nights) -> None:
    first = nights.sync(("t1", "ada@elm.example"), ("t2", "bo@elm.example"))
    got = nights.sync(("t1", "both@elm.example"), ("t2", "both@elm.example"))
    assert set(got.owner_of.values()) == {min(first.owner_of.values())}


def test_rule_2_3_a_chain_of_moves_needs_no_order(nights: Nights) -> None:
    before = nights.sync(("t1", "a@elm.example"), ("t2", "b@elm.example"), ("t3", "c@elm.example"))
    got = nights.sync(("t1", "b@elm.example"), ("t2", "c@elm.example"), ("t3", "d@elm.example"))
    assert got.owner_of == before.owner_of
    assert got.ended == ()


def test_rule_2_3_two_owners_can_swap_their_emails(nights: Nights) -> None:
    before = nights.sync(("t1", "a@elm.example"), ("t2", "b@elm.example"))
    got = nights.sync(("t1", "b@elm.example"), ("t2", "a@elm.example"))
    assert got.owner_of == before.owner_of


def test_an_email_is_free_when_its_owners_records_all_went_to_another_owner(nights: Nights) -> None:
    nights.sync(("t1", "a@elm.example"), ("t2", "b@elm.example"), ("t3", "c@elm.example"))
    a, b, c = (nights.owner_at(f"{name}@elm.example") for name in "abc")
    got = nights.sync(("t1", "b@elm.example"), ("t2", "c@elm.example"), ("t3", "c@elm.example"))
    assert got.owner_of == {"t1": a, "t2": c, "t3": c}
    assert [former.owner_id for former in got.ended] == [b]


def test_an_owner_left_by_its_records_keeps_an_email_that_others_carry_now(nights: Nights) -> None:
    nights.sync(("t1", "a@elm.example"), ("t2", "b@elm.example"))
    a, b = nights.owner_at("a@elm.example"), nights.owner_at("b@elm.example")
    got = nights.sync(("t1", "b@elm.example"), ("t2", "b@elm.example"), ("t3", "a@elm.example"))
    assert got.owner_of == {"t1": b, "t2": b, "t3": a}


def test_who_takes_over_the_old_email_of_an_owner_who_moved_is_a_new_owner(nights: Nights) -> None:
    moved = nights.sync(("t1", "a@elm.example")).owner_of["t1"]
    got = nights.sync(("t1", "b@elm.example"), ("t2", "a@elm.example", "Sample"))
    assert got.owner_of["t1"] == moved
    assert got.owner_of["t2"] == owner_id(TENANT, "a@elm.example", {moved}, KEY) != moved


def test_rule_2_3_without_an_email_a_record_has_no_owner_until_it_has_one_again(nights: Nights) -> None:
    before = nights.sync(("t1", "ada@elm.example"))
    assert nights.sync(("t1", "")).owner_of == {}
    assert nights.sync(("t1", "ada@elm.example")).owner_of == before.owner_of


@pytest.mark.parametrize("second", [("t2", ""), ("t2", "sam@elm.example"), ("t3", "cy@elm.example")])
def test_records_without_an_email_of_their_own_hold_no_owner_back(
    nights: Nights, second: tuple[str, str]
) -> None:
    before = nights.sync(("t1", "ada@elm.example"), ("t2", "ada@elm.example")).owner_of["t1"]
    got = nights.sync(("t1", "ada.new@elm.example"), second, students=["sam@elm.example"])
    assert got.owner_of["t1"] == before


def test_who_returns_with_the_old_email_is_the_same_owner(nights: Nights) -> None:
    before = nights.sync(("t1", "ada@elm.example")).owner_of["t1"]
    nights.sync()
    got = nights.sync(("new-id", "ada@elm.example", "Sample"))
    assert got.owner_of["new-id"] == before
    assert got.returned == (before,)
    assert got.owners[0].first_seen == 1
    assert kinds(got) == []


def test_who_returns_with_the_old_records_is_the_same_owner(nights: Nights) -> None:
    before = nights.sync(("t1", "ada@elm.example"), ("t2", "ada@elm.example")).owner_of["t1"]
    nights.sync()
    got = nights.sync(("t1", "ada.new@elm.example"), ("t2", ""))
    assert got.owner_of == {"t1": before}
    assert got.returned == (before,)
    assert kinds(got) == ["e-mail changed", "no e-mail"]


@pytest.mark.parametrize(
    "rows",
    [
        [("t1", "ada.new@elm.example", "Sample")],
        [("t1", "bo@elm.example"), ("t2", "cy@elm.example")],
        [("t1", "taken@elm.example"), ("t9", "taken@elm.example")],
    ],
)
def test_old_records_that_say_nothing_certain_bring_nobody_back(
    nights: Nights, rows: list[tuple[str, str]]
) -> None:
    before = nights.sync(("t1", "ada@elm.example"), ("t2", "ada@elm.example"), ("t9", "taken@elm.example"))
    nights.sync(("t9", "taken@elm.example"))
    assert before.owner_of["t1"] not in nights.sync(*rows).owner_of.values()


def test_the_old_email_comes_before_the_old_records(nights: Nights) -> None:
    nights.sync(("t1", "a@elm.example"), ("t2", "b@elm.example"))
    a, b = nights.owner_at("a@elm.example"), nights.owner_at("b@elm.example")
    nights.sync()
    assert nights.sync(("t1", "b@elm.example")).owner_of == {"t1": b}
    assert nights.sync(("t1", "b@elm.example"), ("t2", "a@elm.example")).owner_of == {"t1": b, "t2": a}


def test_a_former_owner_names_nobody(nights: Nights) -> None:
    nights.sync(("t1", "ada@elm.example", "Example"), ("t2", "ada@elm.example", ""))
    (former,) = nights.sync().ended
    assert "ada" not in repr(former)
    assert "Example" not in repr(former)
    assert [record for record, _ in former.records] == ["t1", "t2"]
    assert former.records[1][1] == ""


def test_an_owner_left_stored_as_former_too_is_an_owner_and_tidied_up(nights: Nights) -> None:
    first = nights.sync(("t1", "ada@elm.example"))
    nights.former = (FormerOwner(first.owners[0].owner_id, "0" * 32, 1),)
    got = nights.sync(("t1", "ada@elm.example"))
    assert got.owners == first.owners
    assert got.returned == (first.owners[0].owner_id,)
    assert not nights.former
