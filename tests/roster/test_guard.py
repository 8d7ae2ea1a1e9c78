"""The guard's judgement, rule by rule (RULES §4)."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.roster.guard import (
    EVERYWHERE,
    KINDS,
    MEMBERSHIPS,
    MOSTLY_NEW,
    OTHER_PEOPLE,
    STUDENTS,
    Counts,
    GuardSettings,
    Trip,
    judge_collections,
    judge_district,
    judge_schools,
    why_nothing,
)
from rostersync.roster.holding import HeldList, Losses, hold, judge, person_stands
from rostersync.roster.losses import (
    LostPerson,
    count_person,
    lost_rows,
)
from rostersync.roster.records import Enrollment, Person
from rostersync.roster.settings import RosterSettings

SETTINGS = GuardSettings()
TODAY = "2026-10-05"
KIND = st.sampled_from([kind for kind in KINDS if kind != MEMBERSHIPS])


def counted(kind: str, lost: int, of: int, school: str = "", gained: int = 0) -> Counts:
    counts = Counts()
    counts.count(kind, (school,) if school else (), lost=lost, of=of, gained=gained)
    return counts


def pupil(**fields: Any) -> Person:
    return Person(**{"sourced_id": "s", "collections": ("students",), "email": "s@hill.example", **fields})


# -- 4.1: what is counted --------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{"active": False}, {"enabled": False}, {"collections": ()}])
def test_4_1_a_record_turned_inactive_or_disabled_is_a_loss(fields: dict[str, Any]) -> None:
    counts = Counts()
    lost = count_person(counts, pupil(orgs=("hill",)), pupil(**fields), RosterSettings(), ())
    assert lost == LostPerson(
        "s", False, True, ("hill",), () if fields == {"enabled": False} else ("students",)
    )
    assert {school: share.lost for school, share in counts.kinds[STUDENTS].items()} == {
        EVERYWHERE: 1,
        "hill": 1,
    }


def test_4_1_a_persons_schools_are_its_orgs() -> None:
    counts = Counts()
    count_person(counts, pupil(orgs=("hill", "dale")), None, RosterSettings(), ())
    assert counts.kinds[STUDENTS].keys() == {EVERYWHERE, "hill", "dale"}
    assert counts.kinds[STUDENTS][EVERYWHERE].lost == 1


def test_4_1_what_is_approved_is_not_counted() -> None:
    counts = Counts()
    assert count_person(counts, pupil(), None, RosterSettings(), {"s"}) is not None
    assert counts.kinds[STUDENTS][EVERYWHERE].lost == 0


@given(st.integers(0, 300), st.integers(0, 300))
def test_4_1_memberships_are_counted_net_by_school(lost: int, gained: int) -> None:
    counts = counted(MEMBERSHIPS, lost, 300, "hill", gained)
    # What another school gains does not make up for it.
    counts.add(counted(MEMBERSHIPS, 0, 10, "dale", 1_000))
    net = max(0, lost - gained)
    assert judge_district(counts, SETTINGS) == (
        (Trip(MEMBERSHIPS, EVERYWHERE, net, 310),) if net > 50 and net * 5 > 310 else ()
    )


@pytest.mark.parametrize(
    ("now", "lost"),
    [
        ([], True),
        ([{"sourced_id": "again"}], False),
        ([{"role": "teacher"}], True),
        ([{"active": False}], True),
        ([{"end_date": TODAY}], True),
        ([{"begin_date": "2026-10-06"}], True),
    ],
)
def test_4_1_an_enrollment_is_lost_when_nothing_of_person_and_role_counts(
    now: Iterable[dict[str, Any]], lost: bool
) -> None:
    def row(**fields: Any) -> Enrollment:
        return Enrollment(**{"sourced_id": "e", "class_id": "c", "user_id": "s", "role": "student", **fields})

    assert bool(lost_rows([row()], [row(**fields) for fields in now], TODAY)) == lost
    assert lost_rows([row(end_date=TODAY)], [], TODAY) == ()


# -- 4.2: what is too much -------------------------------------------------------------------------------


@given(KIND, st.integers(0, 100), st.integers(0, 500))
def test_4_2_more_than_a_tenth_and_more_than_five_of_any_kind_in_the_district(
    kind: str, lost: int, kept: int
) -> None:
    of = lost + kept
    too_much = lost > 5 and lost * 10 > of
    assert judge_district(counted(kind, lost, of), SETTINGS) == (
        (Trip(kind, EVERYWHERE, lost, of),) if too_much else ()
    )


@given(st.sampled_from(KINDS), st.integers(0, 100), st.integers(0, 100))
def test_4_2_more_than_half_and_more_than_five_within_one_school(kind: str, lost: int, kept: int) -> None:
    of = lost + kept
    too_much = lost > 5 and lost * 2 > of
    assert judge_schools(counted(kind, lost, of, "hill"), SETTINGS) == (
        (Trip(kind, "hill", lost, of),) if too_much else ()
    )
    # What belongs to no school is no school of its own.
    assert judge_schools(counted(kind, lost, of), SETTINGS) == ()


@given(st.integers(0, 3), st.integers(0, 3))
def test_4_2_the_whole_of_any_collection(lost: int, kept: int) -> None:
    counts = Counts()
    counts.count_records("orgs", lost=lost, of=lost + kept)
    assert bool(judge_collections(counts, SETTINGS)) == (lost > 0 and kept == 0)


def test_4_2_thresholds_are_settings() -> None:
    counts = counted(STUDENTS, 6, 20, "hill")
    assert judge_district(counts, SETTINGS)
    assert judge_district(counts, GuardSettings(district_percent=30)) == ()
    assert judge_district(counts, GuardSettings(district_count=6)) == ()
    assert judge_schools(counts, GuardSettings(school_percent=29))


@given(st.integers(6, 60), st.integers(0, 60))
def test_4_3_half_a_school_that_vanishes_holds_nobody_elsewhere(in_hill: int, in_dale: int) -> None:
    people = [LostPerson(f"h{n}", False, True, ("hill",)) for n in range(in_hill)]
    people += [LostPerson(f"d{n}", False, True, ("dale",)) for n in range(in_dale)]
    counts = Counts()
    counts.count(STUDENTS, ("hill",), lost=in_hill, of=in_hill + 1)
    counts.count(STUDENTS, ("dale",), lost=in_dale, of=300)
    of = in_hill + 301
    for _ in range(2):
        trips, held = judge(counts, SETTINGS, lambda: Losses(people=people))
        assert trips[0] == Trip(STUDENTS, "hill", in_hill, in_hill + 1)
        elsewhere = in_dale > 5 and in_dale * 10 > of
        assert len(held.people) == in_hill + (in_dale if elsewhere else 0)
        people.reverse()


# -- 4.3 and 4.4 -----------------------------------------------------------------------------------------


def test_4_3_who_is_held_stays_and_nobody_else() -> None:
    people = [LostPerson("a", True, False, ("hill",)), LostPerson("b", False, True, ("hill",))]
    held = hold([Trip(STUDENTS, "hill", 6, 7)], Losses(people=people))
    assert held.staying.people == {"b"}
    assert hold([], Losses(people=people)) == HeldList()


def test_4_3_a_stored_record_stands_only_where_the_pulled_one_is_less() -> None:
    settings, stored = RosterSettings(), pupil()
    assert not person_stands(stored, pupil(email="other@hill.example"), settings, with_email=False)
    assert person_stands(stored, pupil(email="other@hill.example"), settings, with_email=True)
    for pulled in (None, pupil(enabled=False), pupil(collections=("teachers",))):
        assert person_stands(stored, pulled, settings, with_email=False)


@given(st.integers(0, 100), st.integers(0, 100))
def test_4_4_more_than_half_of_a_collection_new_stops_a_held_run(new: int, old: int) -> None:
    counts = Counts()
    counts.count_records("classes", new=new, now=new + old)
    assert why_nothing(counts, SETTINGS, held=True) == (MOSTLY_NEW if new > old else "")
    assert why_nothing(counts, SETTINGS, held=False) == ""


@given(st.integers(0, 100), st.integers(0, 100))
def test_4_4_other_e_mail_login_or_name_on_more_than_three_quarters_stops_any_run(
    others: int, same: int
) -> None:
    counts = Counts(people=others + same, others=others)
    why = OTHER_PEOPLE if others > 3 * same else ""
    assert {why_nothing(counts, SETTINGS, held=held) for held in (True, False)} == {why}


@pytest.mark.parametrize(
    ("fields", "is_another"),
    [
        ({"email": "x@hill.example"}, True),
        ({"email": " S@Hill.Example"}, False),
        ({"given_name": "New"}, True),
        ({"family_name": "New"}, True),
        ({"orgs": ("dale",)}, False),
        ({"identifier": "1"}, False),
    ],
)
def test_4_4_what_makes_somebody_another(fields: dict[str, Any], is_another: bool) -> None:
    counts = Counts()
    count_person(counts, pupil(), pupil(**fields), RosterSettings(login="username"), ())
    assert (counts.people, counts.others) == (1, is_another)


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_5_schools_that_share_nothing_are_another_district_s(before: int, now: int, shared: int) -> None:
    counts = Counts(schools_before=before, schools_now=now, schools_shared=min(shared, before, now))
    expected = before > 0 and now > 0 and min(shared, before, now) == 0
    assert counts.is_other_district == expected


@given(st.lists(st.tuples(KIND, st.sampled_from(["", "hill", "dale"]), st.integers(0, 9)), max_size=8))
def test_parts_of_a_run_add_up_in_any_order(parts: list[tuple[str, str, int]]) -> None:
    def total(order: list[tuple[str, str, int]]) -> Counts:
        counts = Counts()
        for kind, school, lost in order:
            counts.add(counted(kind, lost, 10, school))
        return counts

    assert total(parts) == total(parts[::-1])
