"""What holds for owners whatever happens from one night to the next (RULES 2.1 to 2.3)."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.roster.emails import normalise_email
from rostersync.roster.owners import Assignment, FormerOwner, Owner, Teacher, assign_owners
from rostersync.roster.settings import RosterSettings

RECORDS = st.sampled_from(["t1", "t2", "t3", "t4"])
EMAILS = st.sampled_from(
    ["", "a@elm.example", "b@elm.example", "C@elm.example", "d@old.example", "d@elm.example"]
)
FAMILIES = st.sampled_from(["Example", "Sample", ""])
SETTINGS = RosterSettings(email_domains={"old.example": "elm.example"})

NIGHT = st.dictionaries(RECORDS, st.tuples(EMAILS, FAMILIES), max_size=4).map(
    lambda rows: [Teacher(record, email, family) for record, (email, family) in rows.items()]
)
STUDENTS = st.sets(st.sampled_from(["a@elm.example", "d@elm.example"]), max_size=1)
NIGHTS = st.lists(st.tuples(NIGHT, STUDENTS), min_size=1, max_size=5)


def assign(
    teachers: list[Teacher], owners: list[Owner], former: list[FormerOwner], students: set[str], now: int
) -> Assignment:
    return assign_owners("elm", teachers, owners, former, students, settings=SETTINGS, now_ms=now, key=b"key")


def after(former: list[FormerOwner], got: Assignment) -> list[FormerOwner]:
    return [one for one in former if one.owner_id not in got.returned] + list(got.ended)


@settings(max_examples=400)
@given(NIGHTS, st.integers(0, 2**32))
def test_from_night_to_night(nights: list[tuple[list[Teacher], set[str]]], seed: int) -> None:
    random = Random(seed)
    owners: list[Owner] = []
    former: list[FormerOwner] = []
    for now, (teachers, students) in enumerate(nights, start=1):
        got = assign(teachers, owners, former, students, now)

        # The order of the inputs never matters.
        other_order = assign(
            random.sample(teachers, len(teachers)),
            random.sample(owners, len(owners)),
            random.sample(former, len(former)),
            students,
            now,
        )
        assert other_order == got

        # An owner has one e-mail and an e-mail one owner; every id is used once, also by those who left.
        remaining = after(former, got)
        assert len({owner.email for owner in got.owners}) == len(got.owners)
        ids = [owner.owner_id for owner in got.owners] + [one.owner_id for one in remaining]
        assert len(set(ids)) == len(ids)

        # Nobody is forgotten: who was an owner is one, or is remembered.
        assert {owner.owner_id for owner in owners} | {one.owner_id for one in former} <= set(ids)

        # A teacher has the owner of its e-mail, or none for a reason.
        at = {owner.email: owner for owner in got.owners}
        for teacher in teachers:
            email = normalise_email(teacher.email, SETTINGS.email_domains)
            if email and email not in students:
                assert got.owner_of[teacher.sourced_id] == at[email].owner_id
                assert (teacher.sourced_id, teacher.family_name) in at[email].records
            else:
                assert teacher.sourced_id not in got.owner_of
        assert not students & at.keys()
        assert sum(len(owner.records) for owner in got.owners) == len(got.owner_of)

        # The same night once more changes nothing.
        again = assign(teachers, list(got.owners), remaining, students, now + 1)
        assert (again.owners, again.owner_of) == (got.owners, got.owner_of)
        assert (again.ended, again.returned) == ((), ())

        owners, former = list(got.owners), remaining


@settings(max_examples=300)
@given(NIGHT, NIGHT)
def test_rule_2_3_owners_keep_their_groups_through_any_renaming_of_emails(
    before: list[Teacher], other: list[Teacher]
) -> None:
    """Whoever keeps the family name and moves to a fresh e-mail stays the owner."""
    first = assign(before, [], [], set(), 1)
    moved = [
        Teacher(one.sourced_id, f"new.{one.email.lower()}", one.family_name) for one in before if one.email
    ]
    newcomers = [Teacher(f"n-{one.sourced_id}", one.email, one.family_name) for one in other]
    second = assign(moved + newcomers, list(first.owners), [], set(), 2)
    assert {one.sourced_id: second.owner_of[one.sourced_id] for one in moved} == first.owner_of
