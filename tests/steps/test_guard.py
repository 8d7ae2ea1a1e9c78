"""The guard over whole runs: what is held, what goes on, and what a person's decision does (RULES §4)."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from rostersync.errors import AlreadyDecided, HeldListExpired, NotFound
from rostersync.roster.guard import MOSTLY_NEW, OTHER_PEOPLE, GuardSettings
from rostersync.roster.reasons import NO_MEMBERS, TERM_OVER
from rostersync.roster.records import Enrollment
from rostersync.roster.settings import RosterSettings
from rostersync.steps.keeping import held_of
from rostersync.steps.review_changes import REMOVALS_STOPPED, WOULD_BE_HELD, WOULD_BE_STOPPED
from rostersync.storage import staged
from simulator.days import advance_day, rollover
from tests.steps.district_server import serve_district
from tests.steps.driver import TENANT, Way
from tests.steps.guarded import (
    Guarded,
    Town,
    changed,
    classes_of,
    students_of,
    two_schools,
    without,
    without_classes,
    without_people,
)
from tests.steps.published import kept_items
from tests.steps.rosters import YEAR, Roster, enrolled, section, student, teacher

WELL = {"published", "unchanged"}


def synced() -> Guarded:
    """Return a tenant after its first sync."""
    guarded = Guarded()
    assert guarded.night(two_schools()).outcome == "published"
    return guarded


def test_a_first_sync_is_never_held() -> None:
    town = Town()
    assert town.a_night().outcome == "published"
    assert town.members() == town.right()


def test_ordinary_days_hold_nobody() -> None:
    town = Town(students=300)
    town.a_night()
    for _ in range(8):
        advance_day(town.district)
        assert town.a_night().outcome == "published"
        assert town.members() == town.right()


def test_a_semester_s_end_holds_nobody() -> None:
    town = Town(students=300)
    town.a_night()
    before = town.members()
    town.district.today += timedelta(days=110)
    assert town.a_night().outcome == "published"
    assert town.members() == town.right()
    assert len(before.keys() - town.members().keys()) > len(before) // 10


def test_classes_of_a_semester_that_is_over_may_leave_the_roster() -> None:
    over = replace(YEAR, sourced_id="fall", end_date="2026-10-06")
    roster = two_schools()
    roster["academicSessions"] = [*roster["academicSessions"], over]
    roster = changed(
        roster,
        "classes",
        lambda row: replace(row, terms=("fall",)) if row.sourced_id in classes_of("hill") else row,
    )
    guarded = Guarded()
    guarded.night(roster)
    guarded.clock += timedelta(days=20)
    assert guarded.night(without_classes(roster, classes_of("hill"))).outcome == "published"


def test_an_august_grade_change_holds_nobody() -> None:
    guarded = synced()
    roster = two_schools()

    def moved_up(row):
        school, _, class_number = row.class_id.partition("-c")
        if row.role != "student" or school != "hill":
            return row
        up = f"{school}-c{(int(class_number) + 1) % 8}"
        return replace(row, class_id=up, sourced_id=f"{up}/{row.user_id}")

    roster = changed(roster, "enrollments", moved_up)
    assert guarded.night(roster).outcome == "published"
    assert all(key[1] in classes_of("hill") + classes_of("dale") for key in guarded.members())
    assert guarded.members()["hill-t1@hill.example", "hill-c1"] == set(students_of("hill", 6))


def test_settings_and_their_change_hold_nobody() -> None:
    guarded = synced()
    integration = guarded.stores.integrations.require(TENANT)
    chosen = replace(integration, settings=RosterSettings(schools_excluded=frozenset({"hill"})))
    guarded.stores.integrations.choose(integration, chosen)
    assert guarded.night(two_schools()).outcome == "published"
    assert {key[1] for key in guarded.members()} == set(classes_of("dale"))


# -- What is held, and what goes on ----------------------------------------------------------------------


def test_half_a_school_vanishing_holds_only_that_school_s_removals() -> None:
    guarded = synced()
    before = guarded.members()
    gone = [*students_of("hill", 30), "dale-s00"]
    roster = without_people(two_schools(), gone)
    roster["students"].append(student("new", orgs=("hill",)))
    roster["enrollments"].append(enrolled("hill-c0", "new"))
    run = guarded.night(roster)
    assert (run.outcome, run.stopped, guarded.undecided) == ("held", "", run.run_id)
    after = guarded.members()
    # The other school's student has gone, the new one has come, and nobody of this school has left.
    assert after["dale-t0@hill.example", "dale-c0"] == before["dale-t0@hill.example", "dale-c0"] - {
        "dale-s00"
    }
    assert after["hill-t0@hill.example", "hill-c0"] == before["hill-t0@hill.example", "hill-c0"] | {"new"}
    assert {key: after[key] for key in before if "hill-c" in key[1] and key[1] != "hill-c0"} == {
        key: before[key] for key in before if "hill-c" in key[1] and key[1] != "hill-c0"
    }
    people = guarded.published.people()
    assert set(students_of("hill", 30)) <= people.keys()
    assert "dale-s00" not in people
    assert run.statistics["students"] == 48 + 47 + 1


@pytest.mark.parametrize("dangling", [True, False])
@pytest.mark.parametrize("inactive", [True, False])
def test_classes_that_vanish_are_held_with_all_that_hangs_on_them(inactive: bool, dangling: bool) -> None:
    guarded = synced()
    before, ids = guarded.members(), classes_of("hill", 6)
    roster = without_classes(two_schools(), ids)
    if dangling:
        roster["enrollments"] = two_schools()["enrollments"]
    if inactive:
        turned = [section(one, school="hill", active=False) for one in ids]
        roster = {**roster, "classes": [*roster["classes"], *turned]}
    assert guarded.night(roster).outcome == "held"
    assert guarded.members() == before
    assert guarded.night(roster).outcome == "unchanged"


def test_a_group_that_goes_for_a_reason_of_its_own_is_not_on_the_list() -> None:
    guarded = synced()
    roster = without_people(two_schools(), students_of("hill", 30))
    # As many come as go, so that it is students who are held, and memberships are not.
    for seat in range(30):
        roster["students"].append(student(f"new-{seat}", orgs=("hill",)))
        roster["enrollments"].append(enrolled("hill-c6", f"new-{seat}"))
    # In the same night one of the school's teachers becomes an owner whom there was already.
    roster = changed(
        roster,
        "teachers",
        lambda row: replace(row, email="hill-t7@hill.example") if row.sourced_id == "hill-t0" else row,
    )
    run = guarded.night(roster)
    assert run.outcome == "held"
    after = guarded.members()
    assert ("hill-t0@hill.example", "hill-c0") not in after
    assert after["hill-t7@hill.example", "hill-c0"] == set(students_of("hill", 6))
    held = held_of(guarded.stores.staging.open_pack(staged.held(TENANT, run.run_id)))
    assert {group.class_id for group in held.groups} == set(classes_of("hill", 5)) - {"hill-c0"}
    assert guarded.shown(run.run_id).summary.shares["*"]["groups"] == (4, 16)
    assert guarded.shown(run.run_id).summary.students_still_seen == 24


def test_classes_that_vanish_keep_the_members_whose_enrollments_are_still_there() -> None:
    guarded = synced()
    before = guarded.members()
    roster = without(two_schools(), "classes", lambda row: row.sourced_id in classes_of("hill", 6))
    assert guarded.night(roster).outcome == "held"
    assert guarded.members() == before
    assert guarded.night(roster).outcome == "unchanged"


def test_few_classes_may_go() -> None:
    guarded = synced()
    assert guarded.night(without_classes(two_schools(), ["hill-c0"])).outcome == "published"
    assert ("hill-t0@hill.example", "hill-c0") not in guarded.members()


def test_a_teacher_s_e_mails_that_vanish_take_no_group_away() -> None:
    guarded = synced()
    before = guarded.members()
    roster = changed(
        two_schools(),
        "teachers",
        lambda row: replace(row, email="") if row.sourced_id.startswith("hill") else row,
    )
    run = guarded.night(roster)
    assert run.outcome == "held"
    assert guarded.members() == before
    assert guarded.shown(run.run_id).summary.shares["*"]["owners"] == (8, 16)
    # And they stay as long as nobody has decided.
    assert guarded.night(roster).outcome == "unchanged"
    assert guarded.members() == before


def test_the_whole_of_a_collection_is_held_however_small() -> None:
    guarded = synced()
    run = guarded.night({**two_schools(), "courses": []})
    assert run.outcome == "held"
    assert ("course", "arts") in guarded.published.roster


def test_all_enrollments_that_vanish_are_held() -> None:
    guarded = synced()
    before = guarded.members()
    run = guarded.night({**two_schools(), "enrollments": []})
    assert run.outcome == "held"
    assert guarded.members() == before


def test_enrollments_with_other_ids_are_the_same_enrollments() -> None:
    guarded = synced()
    roster = changed(
        two_schools(), "enrollments", lambda row: replace(row, sourced_id=f"again/{row.sourced_id}")
    )
    assert guarded.night(roster).outcome == "published"


# -- Nothing at all --------------------------------------------------------------------------------------


def renamed(roster, share: float):
    few = int(len(roster["students"]) * share)
    return changed(
        roster,
        "students",
        lambda row: replace(row, email=f"x.{row.email}") if row in roster["students"][:few] else row,
    )


def test_other_e_mails_on_most_people_publish_nothing_at_all() -> None:
    guarded = synced()
    before = kept_items(guarded.stores.table)
    roster = renamed(two_schools(), 1.0)
    roster["students"].append(student("new", orgs=("hill",)))
    run = guarded.night(roster)
    assert (run.outcome, bool(run.stopped), run.writes) == ("held", True, {"roster": 0, "groups": 0})
    assert kept_items(guarded.stores.table) == before
    # The next night finds the same: nothing again, and nobody is told again.
    assert guarded.told() == [(run.run_id, True)]
    again = guarded.night(roster)
    assert (again.outcome, again.held, guarded.undecided) == ("held", None, run.run_id)
    assert guarded.told() == []
    assert kept_items(guarded.stores.table) == before
    # With one approval it is as ClassLink has it.
    assert guarded.approve(run.run_id, roster).outcome == "published"
    assert "new" in guarded.published.people()
    assert guarded.undecided == ""
    assert guarded.told() == [(run.run_id, False)]


def test_other_e_mails_on_few_people_are_published() -> None:
    guarded = synced()
    assert guarded.night(renamed(two_schools(), 0.5)).outcome == "published"


def test_a_district_mended_in_the_meantime_publishes_again() -> None:
    guarded = synced()
    guarded.night(renamed(two_schools(), 1.0))
    assert guarded.night(renamed(two_schools(), 0.1)).outcome == "published"


def test_another_district_s_schools_publish_nothing() -> None:
    guarded = synced()
    before = kept_items(guarded.stores.table)
    roster = changed(two_schools(), "orgs", lambda row: replace(row, sourced_id=f"other-{row.sourced_id}"))
    run = guarded.night(roster)
    assert (run.outcome, run.error) == ("failed", "OtherDistrict")
    assert kept_items(guarded.stores.table) == before


def test_schools_that_were_found_on_connecting_are_the_district_s_too() -> None:
    guarded = Guarded(school_ids=("other-hill",))
    guarded.night(two_schools())
    roster = changed(two_schools(), "orgs", lambda row: replace(row, sourced_id=f"other-{row.sourced_id}"))
    assert guarded.night(roster).error == ""


# -- A rollover ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_a_summer_rollover_is_held_and_one_approval_ends_in_the_new_year_s_groups(seed: int) -> None:
    town = Town(seed=seed, students=200)
    town.a_night()
    before = town.members()
    rollover(town.district)
    run = town.a_night()
    assert (run.outcome, bool(run.stopped)) == ("held", True)
    assert town.members() == before
    advance_day(town.district)
    assert town.a_night().outcome == "held"
    assert town.members() == before
    approved = town.approve(run.run_id, serve_district(town.district))
    assert approved.outcome == "published"
    assert town.members() == town.right()
    assert town.undecided == ""
    advance_day(town.district)
    assert town.a_night().outcome == "published"
    assert town.members() == town.right()


# -- Deciding --------------------------------------------------------------------------------------------


def held_night() -> tuple[Guarded, str]:
    """Return a tenant in which half of a school's students wait for a decision."""
    guarded = synced()
    run = guarded.night(without_people(two_schools(), students_of("hill", 30)))
    assert run.outcome == "held"
    return guarded, run.run_id


def test_what_is_shown_says_what_would_go_where() -> None:
    guarded, run_id = held_night()
    shown = guarded.shown(run_id)
    assert (shown.state, shown.summary.stopped, shown.schools) == ("undecided", "", {"hill": "Hill"})
    everywhere, hill = shown.summary.shares["*"], shown.summary.shares["hill"]
    assert everywhere["students"] == (30, 96)
    assert hill["students"] == (30, 48)
    assert hill["memberships"] == (30, 48)
    assert everywhere["groups"] == (5, 16)
    assert shown.summary.students_still_seen == 30
    assert [len(group.members) for group in shown.summary.largest] == [6] * 5
    assert ("students", "hill", 30, 48) in shown.summary.causes


def test_a_held_tenant_goes_on_syncing_and_is_held_once() -> None:
    guarded, run_id = held_night()
    assert guarded.told() == [(run_id, True)]
    # The same night after night, then one more who leaves elsewhere.
    roster = without_people(two_schools(), students_of("hill", 30))
    assert guarded.night(roster).outcome == "unchanged"
    assert guarded.night(without_people(roster, ["dale-s00"])).outcome == "published"
    assert "dale-s00" not in guarded.published.people()
    assert set(students_of("hill", 30)) <= guarded.published.people().keys()
    assert (guarded.told(), guarded.undecided) == ([], run_id)


def test_an_approval_permits_what_is_on_the_list_and_is_still_absent() -> None:
    guarded, run_id = held_night()
    # One of them has come back; one has left in the other school.
    left = [*students_of("hill", 30)[1:], "dale-s00"]
    run = guarded.approve(run_id, without_people(two_schools(), left))
    assert run.outcome == "published"
    assert guarded.published.people().keys().isdisjoint(left)
    assert "hill-s00" in guarded.published.people()
    assert (guarded.undecided, guarded.shown(run_id).state) == ("", "approved")
    assert guarded.shown(run_id).held.decided_in == run.run_id
    assert guarded.shown(run_id).held.decided_by == "admin-1"
    assert guarded.told() == [(run_id, True), (run_id, False)]


def test_an_approval_judges_what_is_not_on_the_list_as_usual() -> None:
    guarded, run_id = held_night()
    roster = without_people(two_schools(), [*students_of("hill", 30), *students_of("dale", 30)])
    run = guarded.approve(run_id, roster)
    assert run.outcome == "held"
    people = guarded.published.people()
    assert people.keys().isdisjoint(students_of("hill", 30))
    assert set(students_of("dale", 30)) <= people.keys()
    assert guarded.undecided == run.run_id
    assert guarded.shown(run.run_id).summary.shares["*"]["students"] == (30, 96)


def test_more_that_vanishes_later_joins_the_list() -> None:
    guarded, run_id = held_night()
    roster = without_people(two_schools(), [*students_of("hill", 30), *students_of("dale", 30)])
    run = guarded.night(roster)
    assert (run.outcome, guarded.undecided) == ("held", run.run_id)
    assert guarded.shown(run.run_id).summary.shares["*"]["students"] == (60, 96)
    assert guarded.shown(run_id).state == "replaced"
    with pytest.raises(AlreadyDecided, match="later"):
        guarded.approve(run_id, roster)
    assert guarded.approve(run.run_id, roster).outcome == "published"
    assert len(guarded.published.people()) == 96 + 16 - 60


def numbered(roster: Roster) -> Roster:
    """Return the roster with ids of enrollments that are counted anew in each class, as some servers do."""
    seats: Counter[str] = Counter()

    def number(row: Enrollment) -> Enrollment:
        seats[row.class_id] += 1
        return replace(row, sourced_id=f"{row.class_id}/{seats[row.class_id]}")

    return changed(roster, "enrollments", number)


def as_it_is(roster: Roster) -> Roster:
    """Return the roster."""
    return roster


@pytest.mark.parametrize("served", [as_it_is, numbered])
def test_a_list_of_which_everything_is_back_is_over(served: Callable[[Roster], Roster]) -> None:
    guarded = Guarded()
    guarded.night(served(two_schools()))
    gone = students_of("hill", 30)
    held = guarded.night(served(without_people(two_schools(), gone)))
    assert guarded.night(served(without_people(two_schools(), gone[1:]))).outcome in WELL
    assert guarded.undecided == held.run_id
    back = guarded.night(served(two_schools()))
    assert (back.outcome, guarded.undecided) == ("unchanged", "")
    assert guarded.shown(held.run_id).state == "over"
    assert guarded.shown(held.run_id).held.decided_in == back.run_id
    assert guarded.told() == [(held.run_id, True), (held.run_id, False)]
    with pytest.raises(AlreadyDecided, match="is back"):
        guarded.approve(held.run_id, two_schools())
    # And what goes then is looked at afresh.
    assert guarded.night(served(without_people(two_schools(), gone))).outcome == "held"


def test_a_list_that_stopped_a_run_is_over_when_its_cause_is() -> None:
    guarded = synced()
    others = changed(two_schools(), "students", lambda row: replace(row, email=f"other.{row.email}"))
    held = guarded.night(others)
    assert held.stopped
    assert guarded.night(others).outcome == "held"
    assert guarded.undecided == held.run_id
    guarded.night(two_schools())
    assert (guarded.undecided, guarded.shown(held.run_id).state) == ("", "over")


def test_a_discarded_list_is_forgotten_and_the_next_run_looks_afresh() -> None:
    guarded, run_id = held_night()
    guarded.told()
    for _ in range(2):
        guarded.discard(run_id)
    assert guarded.undecided == ""
    assert guarded.told() == [(run_id, False)]
    assert guarded.shown(run_id).state == "discarded"
    with pytest.raises(AlreadyDecided, match="discarded"):
        guarded.approve(run_id, two_schools())
    again = guarded.night(without_people(two_schools(), students_of("hill", 30)))
    assert (again.outcome, guarded.undecided) == ("held", again.run_id)
    guarded.discard(again.run_id)
    assert guarded.night(two_schools()).outcome == "unchanged"


def test_an_approval_whose_run_fails_leaves_the_list_as_it_was() -> None:
    guarded, run_id = held_night()
    roster = without_people(two_schools(), students_of("hill", 30))
    other = changed(roster, "orgs", lambda row: replace(row, sourced_id=f"other-{row.sourced_id}"))
    assert guarded.approve(run_id, other).outcome == "failed"
    assert guarded.undecided == run_id
    assert guarded.night(roster).outcome == "unchanged"
    assert guarded.approve(run_id, roster).outcome == "published"
    assert guarded.undecided == ""


def test_a_list_is_forgotten_after_90_days() -> None:
    guarded, run_id = held_night()
    guarded.clock += timedelta(days=90)
    assert guarded.undecided == ""
    for decide in (lambda: guarded.approve(run_id, two_schools()), lambda: guarded.discard(run_id)):
        with pytest.raises(HeldListExpired):
            decide()
    with pytest.raises(HeldListExpired):
        guarded.shown(run_id)
    again = guarded.night(without_people(two_schools(), students_of("hill", 30)))
    assert (again.outcome, guarded.undecided) == ("held", again.run_id)


def test_a_run_that_holds_nothing_has_no_list() -> None:
    guarded = synced()
    with pytest.raises(NotFound):
        guarded.shown("night-1")
    with pytest.raises(NotFound):
        guarded.discard("nobody-s")


# -- Additions only --------------------------------------------------------------------------------------


@pytest.mark.parametrize("everybody", [True, False])
def test_nothing_goes_while_removals_are_stopped(everybody: bool) -> None:
    until = "" if everybody else "2026-10-06"
    guarded = Guarded(additions_only_until=until)
    way = Way(stop_removals=everybody)
    guarded.night(two_schools(), way=way)
    before = guarded.members()
    roster = without_people(without_classes(two_schools(), ["hill-c0"]), students_of("dale", 40))
    roster["teachers"].append(teacher("new"))
    roster["classes"].append(section("newest"))
    roster["enrollments"] += [enrolled("newest", "new", "teacher"), enrolled("newest", "hill-s00")]
    run = guarded.night(roster, way=way)
    assert run.outcome == "published"
    assert any("stopped" in warning for warning in run.warnings)
    assert guarded.members() == {**before, ("new@hill.example", "newest"): frozenset({"hill-s00"})}
    assert guarded.night(roster, way=way if everybody else Way()).outcome == (
        "unchanged" if everybody else "held"
    )


def test_a_term_s_end_takes_nothing_while_removals_are_stopped() -> None:
    guarded = Guarded(additions_only_until="2027-12-31")
    guarded.night(two_schools())
    before = guarded.members()
    guarded.clock += timedelta(days=365)
    guarded.night(two_schools())
    assert guarded.members() == before


def test_a_class_whose_groups_stay_while_removals_are_stopped_counts_as_one_with_groups() -> None:
    """Once, however many teachers have a group of it; one that never had any has its reason."""
    roster = two_schools()
    everybody = [row.sourced_id for row in roster["teachers"]]
    roster["enrollments"] += [enrolled("hill-c0", one, "teacher") for one in everybody[1:]]
    roster["classes"].append(section("empty", school="hill"))
    guarded = Guarded(additions_only_until="2027-12-31")
    first = guarded.night(roster)
    assert first.without_groups == {NO_MEMBERS: 1}
    assert first.statistics["groups"] == 16 + 15
    guarded.clock += timedelta(days=365)
    stopped = guarded.night(roster)
    assert (stopped.without_groups, stopped.statistics) == ({TERM_OVER: 1}, first.statistics)
    guarded.clock += timedelta(days=365)
    after = guarded.night(roster)
    assert (after.without_groups, after.statistics["groups"]) == ({TERM_OVER: 17}, 0)


def test_a_night_on_which_nothing_is_held_reads_no_list() -> None:
    guarded = synced()
    guarded.night(two_schools())
    assert not any(key.startswith("held/") for key in guarded.stores.staging.s3.objects)


# -- What an approval permits, and what it does not ------------------------------------------------------


def test_ids_that_are_counted_anew_take_nobody_from_a_held_class() -> None:
    guarded = Guarded()
    guarded.night(numbered(two_schools()))
    before = guarded.members()
    gone = [f"hill-s{number}{seat}" for number in range(8) for seat in range(4)]
    assert guarded.night(numbered(without_people(two_schools(), gone))).outcome == "held"
    assert guarded.members() == before
    assert guarded.night(numbered(without_people(two_schools(), gone))).outcome == "unchanged"


def test_ids_that_are_counted_anew_keep_nobody_out_while_removals_are_stopped() -> None:
    guarded = Guarded(additions_only_until="2027-12-31")
    guarded.night(numbered(two_schools()))
    roster = two_schools()
    roster["students"].append(student("new", orgs=("hill",)))
    roster["enrollments"].insert(0, enrolled("hill-c0", "new"))
    guarded.night(numbered(roster))
    assert "new" in guarded.members()["hill-t0@hill.example", "hill-c0"]


def with_twins(roster: Roster) -> Roster:
    """Return the roster with a student more for each of hill's teachers, who has that teacher's e-mail."""
    twins = [student(f"twin{one}", f"hill-t{one}@hill.example", orgs=("dale",)) for one in range(8)]
    return {**roster, "students": [*roster["students"], *twins]}


def with_other_teachers(roster: Roster) -> Roster:
    """Return the roster with other people under the ids of hill's teachers."""
    return changed(
        roster,
        "teachers",
        lambda row: (
            replace(row, email=f"other.{row.email}", family_name="Other")
            if row.sourced_id.startswith("hill")
            else row
        ),
    )


@pytest.mark.parametrize("change", [with_twins, with_other_teachers])
def test_what_would_be_held_is_held_after_removals_were_stopped_for_a_night(
    change: Callable[[Roster], Roster],
) -> None:
    guarded = synced()
    before = guarded.members()
    assert guarded.night(change(two_schools())).outcome == "held"
    assert guarded.members() == before
    later = Guarded(additions_only_until="2026-10-06")
    later.night(two_schools())
    later.night(change(two_schools()))
    assert later.members() == before
    assert later.night(change(two_schools())).outcome == "held"
    assert later.members() == before
    assert later.night(change(two_schools())).outcome == "unchanged"
    assert later.undecided


def test_an_approval_of_terms_permits_no_class_to_lose_its_students() -> None:
    guarded = synced()
    without_terms: Roster = {**two_schools(), "academicSessions": []}
    held = guarded.night(without_terms)
    assert held.outcome == "held"
    before = guarded.members()
    worse = without(without_terms, "enrollments", lambda row: row.class_id.startswith("hill"))
    assert guarded.approve(held.run_id, worse).outcome == "held"
    assert guarded.members() == before


def test_an_approval_that_a_class_goes_permits_it_nothing_when_it_is_back() -> None:
    guarded = Guarded(GuardSettings(whole_collection=False))
    roster = two_schools()
    # Classes of no group: they are on the list as classes alone.
    roster["classes"] += [section(f"empty-{one}", school="hill") for one in range(12)]
    guarded.night(roster)
    held = guarded.night(without_classes(roster, [f"empty-{one}" for one in range(12)]))
    assert held.outcome == "held"
    before = guarded.members()
    # They are back, and others lose all their students.
    worse = without(roster, "enrollments", lambda row: row.user_id.startswith("hill-s"))
    assert guarded.approve(held.run_id, worse).outcome == "held"
    assert guarded.members() == before


def test_an_approval_that_people_go_permits_them_nothing_when_they_are_back() -> None:
    guarded, run_id = held_night()
    before = guarded.members()
    worse = without(two_schools(), "enrollments", lambda row: row.user_id in students_of("hill", 30))
    run = guarded.approve(run_id, worse)
    # Their places are on the list, and go; those who are not on it are judged as usual.
    assert run.outcome == "published"
    assert set(students_of("hill", 30)) <= guarded.published.people().keys()
    assert {key for key in before if "hill-c" in key[1]} - guarded.members().keys() == {
        (f"hill-t{one}@hill.example", f"hill-c{one}") for one in range(5)
    }


def test_an_approval_permits_what_stopped_the_run_and_no_other_reason() -> None:
    guarded = synced()
    roster = without_people(two_schools(), students_of("hill", 30))
    roster["students"] += [student(f"new-{one}", orgs=("dale",)) for one in range(100)]
    held = guarded.night(roster)
    assert held.stopped == MOSTLY_NEW
    others = changed(roster, "students", lambda row: replace(row, email=f"other.{row.email}"))
    others = changed(others, "teachers", lambda row: replace(row, given_name="Other"))
    run = guarded.approve(held.run_id, others)
    assert (run.outcome, run.stopped) == ("held", OTHER_PEOPLE)


def test_an_approval_while_removals_are_stopped_leaves_its_list_undecided() -> None:
    guarded, run_id = held_night()
    guarded.told()
    integration = guarded.stores.integrations.require(TENANT)
    guarded.stores.integrations.choose(integration, replace(integration, additions_only_until="2026-10-07"))
    roster = without_people(two_schools(), students_of("hill", 30))
    run = guarded.approve(run_id, roster)
    assert (run.outcome, run.warnings) == ("unchanged", [REMOVALS_STOPPED])
    assert (guarded.undecided, guarded.shown(run_id).state, guarded.told()) == (run_id, "undecided", [])
    assert guarded.approve(run_id, roster).outcome == "published"
    assert guarded.undecided == ""


def test_classes_that_are_new_make_up_for_what_others_of_their_school_lose() -> None:
    guarded = synced()
    roster = two_schools()
    for one in range(8):
        roster["classes"].append(section(f"hill-d{one}", school="hill"))
        roster["enrollments"].append(enrolled(f"hill-d{one}", f"hill-t{one}", "teacher"))

    def moved(row: Enrollment) -> Enrollment:
        if row.role != "student" or not row.class_id.startswith("hill") or row.user_id[-1] not in "0123":
            return row
        class_id = row.class_id.replace("-c", "-d")
        return replace(row, class_id=class_id, sourced_id=f"{class_id}/{row.user_id}")

    assert guarded.night(changed(roster, "enrollments", moved)).outcome == "published"
    assert len(guarded.members()) == 24


def test_a_preview_says_that_a_sync_would_be_held_or_stopped() -> None:
    guarded = synced()
    roster = without_people(two_schools(), students_of("hill", 30))
    assert guarded.night(roster, mode="preview").warnings == [WOULD_BE_HELD]
    roster = changed(two_schools(), "students", lambda row: replace(row, email=f"other.{row.email}"))
    (warning,) = guarded.night(roster, mode="preview").warnings
    assert warning == WOULD_BE_STOPPED.format(OTHER_PEOPLE)
