"""What happens in a district, as its teachers see it in Senso: the right groups, and the same ids."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from rostersync.roster.records import AcademicSession
from rostersync.roster.settings import RosterSettings
from tests.steps.driver import TENANT, connected
from tests.steps.rosters import Roster, enrolled, section, small_roster, student, teacher
from tests.steps.test_linking_in_the_middle import District

Seen = dict[str, dict[str, frozenset[str]]]


def district(settings: RosterSettings | None = None) -> District:
    """Return a district whose two teachers have users, after the first sync."""
    made = District(stores=connected(settings=settings))
    for number in (1, 2):
        made.senso.add_user(TENANT, f"t{number}@hill.example")
    night(made, small_roster())
    night(made, small_roster())
    return made


def night(made: District, roster: Roster) -> Seen:
    """Sync a day later; return each user's groups by id, with their members."""
    made.clock += timedelta(days=1)
    made.sync(roster)
    while len(made.bus):
        made.carry()
    return {
        user: {key: group.members for key, group in made.senso.groups_of(TENANT, user).items()}
        for user in ("user-1", "user-2")
    }


def without(roster: Roster, *ids: str) -> Roster:
    """Return a roster without the records of these ids."""
    return {name: [row for row in rows if row.sourced_id not in ids] for name, rows in roster.items()}


def with_(roster: Roster, **added: object) -> Roster:
    """Return a roster with records added to some collections."""
    return {name: [*rows, *added.get(name, [])] for name, rows in roster.items()}  # type: ignore[misc]  # of any kind


FIRST = frozenset({"s1", "s2"})
SECOND = frozenset({"s2", "s3"})


def members(seen: Seen, user: str) -> list[frozenset[str]]:
    return sorted(seen[user].values(), key=sorted)


def test_a_class_that_changes_teacher_in_mid_term_goes_to_the_new_one() -> None:
    made = district()
    roster = with_(without(small_roster(), "c1/t1"), enrollments=[enrolled("c1", "t2", "teacher")])
    seen = night(made, roster)
    assert (members(seen, "user-1"), members(seen, "user-2")) == ([], [FIRST, SECOND])
    back = night(made, small_roster())
    assert (members(back, "user-1"), members(back, "user-2")) == ([FIRST], [SECOND])


def test_a_co_teacher_gets_a_group_of_the_class_too() -> None:
    made = district()
    seen = night(made, with_(small_roster(), enrollments=[enrolled("c1", "t2", "teacher")]))
    assert (members(seen, "user-1"), members(seen, "user-2")) == ([FIRST], [FIRST, SECOND])
    assert not seen["user-1"].keys() & seen["user-2"].keys()


COMES_BACK: dict[str, Callable[[Roster], Roster]] = {
    "the class lost its last student": lambda roster: without(roster, "c1/s1", "c1/s2"),
    "the class was removed": lambda roster: without(roster, "c1"),
    "the class was marked to be deleted": lambda roster: with_(
        without(roster, "c1"), classes=[section("c1", active=False)]
    ),
    "the teacher left": lambda roster: without(roster, "t1"),
    "the teacher was disabled": lambda roster: with_(
        without(roster, "t1"), teachers=[teacher("t1", enabled=False)]
    ),
    "the teacher's enrollment ended": lambda roster: with_(
        without(roster, "c1/t1"), enrollments=[enrolled("c1", "t1", "teacher", end_date="2026-10-06")]
    ),
    "the teacher turned up as a student": lambda roster: with_(
        roster, students=[student("s9", "T1@hill.example")]
    ),
    "the teacher lost the e-mail": lambda roster: with_(without(roster, "t1"), teachers=[teacher("t1", "")]),
}


@pytest.mark.parametrize("what", COMES_BACK)
def test_a_group_goes_and_comes_back_with_the_same_id(what: str) -> None:
    made = district()
    before = night(made, small_roster())
    gone = night(made, COMES_BACK[what](small_roster()))
    assert (members(gone, "user-1"), members(gone, "user-2")) == ([], [SECOND])
    assert night(made, small_roster()) == before


def test_a_student_leaves_and_returns() -> None:
    made = district()
    before = night(made, small_roster())
    gone = night(made, without(small_roster(), "s2"))
    assert (members(gone, "user-1"), members(gone, "user-2")) == ([frozenset({"s1"})], [frozenset({"s3"})])
    assert night(made, small_roster()) == before


def test_a_term_ends_and_the_class_comes_back_in_the_next() -> None:
    made = district(RosterSettings(lead_days=0, grace_days=0))
    before = night(made, small_roster())

    def year(begin: str, end: str) -> Roster:
        session = AcademicSession(sourced_id="year", title="Year", start_date=begin, end_date=end)
        return with_(without(small_roster(), "year"), academicSessions=[session])

    over = night(made, year("2026-08-01", "2026-10-05"))
    assert (members(over, "user-1"), members(over, "user-2")) == ([], [])
    assert night(made, year("2026-10-05", "2027-01-31")) == before


def test_what_a_teacher_did_by_hand_survives_the_sync_until_the_group_goes() -> None:
    made = district()
    (group_id,) = night(made, small_roster())["user-1"]
    made.senso.add_by_hand(TENANT, "user-1", group_id, "guest")
    made.senso.rename_by_hand(TENANT, "user-1", group_id, "My artists")
    night(made, with_(small_roster(), enrollments=[enrolled("c1", "s3")]))
    made.sync(small_roster(), mode="full")
    made.carry()
    shown = made.senso.groups_of(TENANT, "user-1")[group_id]
    assert (shown.name, shown.by_hand, shown.members) == ("My artists", frozenset({"guest"}), FIRST)
    # A new name is news: the district's own word counts from then on.
    night(made, with_(without(small_roster(), "c1"), classes=[section("c1", "Fine Art")]))
    assert made.senso.groups_of(TENANT, "user-1")[group_id].name == "Fine Art"
