"""Users come, go and change at every point of a run: no group is lost, none is left with the wrong one."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from rostersync.errors import InvalidInput
from rostersync.roster.records import Record, SetAside
from rostersync.storage import items
from tests.fakes import FakeTable
from tests.senso.checked import CheckedSenso
from tests.steps.driver import TENANT, FakeStores, Way, connected
from tests.steps.rosters import Roster, enrolled, section, small_roster, teacher
from tests.steps.test_linking_users import Tenant, assert_links_are_right

STATES = (
    "Plan",
    "Fetch",
    "Seal",
    "People",
    "Owners",
    "Classes",
    "Groups",
    "Review",
    "Publish",
    "Deliver",
    "Finish",
)


class InterruptedTable(FakeTable):
    """Calls ``interruption`` before its ``number``-th call from ``arm`` on, once."""

    def __init__(self) -> None:
        super().__init__()
        self._left = 0
        self._interruption: Callable[[], None] = lambda: None

    def arm(self, number: int, interruption: Callable[[], None]) -> None:
        self._left, self._interruption = number, interruption

    def note_call(self) -> None:
        super().note_call()
        if self._left:
            self._left -= 1
            if not self._left:
                self._interruption()


@dataclass
class District(Tenant):
    """A tenant whose events a stand-in for Senso hears at once."""

    def __post_init__(self) -> None:
        self.senso = CheckedSenso(lambda: self.clock)

    def carry(self) -> None:
        for kind, detail in self.bus.take():
            for answer, content in self.senso.receive(kind, detail):
                self.hear(answer, **_own(content))

    def says(self, event: tuple[str, dict[str, Any]]) -> None:
        self.clock += timedelta(milliseconds=1)
        self.hear(event[0], **_own(event[1]))

    def seen(self) -> dict[str, set[str]]:
        """Return the names of the groups that each user sees."""
        return {
            user_id: {group.name for group in self.senso.groups_of(TENANT, user_id).values()}
            for user_id in self.senso.users(TENANT)
        }


def _own(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if name not in {"schemaVersion", "tenantId"}}


def first_day() -> Roster:
    """Return the small roster with a second class for its first teacher."""
    return with_classes(small_roster(), ("c3", "Chess", "t1"))


def second_day() -> Roster:
    """Return it with one class gone, one with another teacher, one new and one that lost a student."""
    roster = with_classes(small_roster(), ("c4", "Drama", "t2"))
    roster["classes"] = [one for one in roster["classes"] if one.sourced_id != "c1"]
    roster["enrollments"] = [
        *(row for row in roster["enrollments"] if row.sourced_id not in {"c2/s2", "c2/t2"}),
        enrolled("c2", "t1", "teacher"),
    ]
    return roster


def with_classes(roster: Roster, *added: tuple[str, str, str]) -> Roster:
    classes: list[Record | SetAside] = [section(class_id, title) for class_id, title, _ in added]
    rows: list[Record | SetAside] = [
        row
        for class_id, _, teacher_id in added
        for row in (enrolled(class_id, teacher_id, "teacher"), enrolled(class_id, "s1"))
    ]
    teachers: list[Record | SetAside] = [teacher("t1"), teacher("t2")]
    return {
        **roster,
        "teachers": teachers,
        "classes": [*roster["classes"], *classes],
        "enrollments": [*roster["enrollments"], *rows],
    }


def somebody_comes(district: District) -> None:
    district.says(district.senso.add_user(TENANT, "t2@hill.example")[1])


def somebody_goes(district: District) -> None:
    district.says(district.senso.remove_user(TENANT, "user-1"))


def somebody_goes_and_comes_back(district: District) -> None:
    district.says(district.senso.remove_user(TENANT, "user-1"))
    district.says(district.senso.add_user(TENANT, "t1@hill.example", user_id="user-1")[1])


def somebody_becomes_another(district: District) -> None:
    district.says(district.senso.change_email(TENANT, "user-1", "t2@hill.example"))


def somebody_is_matched(district: District) -> None:
    district.match("t2@hill.example", "t1@hill.example")


T1, T2 = {"Music"}, {"Drama"}
HAPPENED: dict[Callable[[District], None], dict[str, set[str]]] = {
    somebody_comes: {"user-1": T1, "user-2": T2},
    somebody_goes: {},
    somebody_goes_and_comes_back: {"user-1": T1},
    somebody_becomes_another: {"user-1": T2},
    somebody_is_matched: {"user-1": T2},
}
"""What happens, and what each user has to see after the second day."""


def begun(stores: FakeStores) -> District:
    """Return a district after its first day, whose first teacher has a user."""
    district = District(stores=stores)
    district.senso.add_user(TENANT, "t1@hill.example")
    district.sync(first_day())
    district.carry()
    district.carry()
    assert district.seen() == {"user-1": {"Art", "Chess"}}
    return district


def untold(stores: FakeStores) -> District:
    """Return a district that knows a user, and has told nobody of anything."""
    district = District(stores=stores)
    district.says(district.senso.add_user(TENANT, "t1@hill.example")[1])
    return district


DAYS = {"told": begun, "untold": untold}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("happened", HAPPENED, ids=lambda happened: happened.__name__)
def test_between_two_steps(happened: Callable[[District], None], state: str) -> None:
    district = begun(connected())
    district.sync(second_day(), before=lambda entered: happened(district) if entered == state else None)
    district.carry()
    assert district.seen() == HAPPENED[happened]


@pytest.mark.parametrize("before", DAYS)
@pytest.mark.parametrize("happened", HAPPENED, ids=lambda happened: happened.__name__)
def test_before_every_call_of_the_steps_that_write_and_send(
    happened: Callable[[District], None], before: str
) -> None:
    number, done = 0, False
    while not done:
        number += 1
        table = InterruptedTable()
        district = DAYS[before](replace_table(table))
        came: list[int] = []

        def interruption(district: District = district, came: list[int] = came) -> None:
            came.append(1)
            with suppress(InvalidInput, LookupError):
                # There may be no such teacher yet.
                happened(district)

        def arm(state: str, table: InterruptedTable = table, number: int = number) -> None:
            if state == "Publish":
                table.arm(number, interruption)

        district.sync(second_day(), way=Way(shards=4), before=arm)
        done = not came
        if not done:
            while len(district.bus):
                district.carry()
            matched = happened is not somebody_is_matched or district.stores.links.all_matched(TENANT)
            expected = HAPPENED[happened] if matched else {"user-1": T1}
            assert district.seen() == expected, f"at call {number}"
    # Publishing and delivering 16 shards takes some calls, or nothing was tried.
    assert number > 100


def user_two_comes(district: District) -> None:
    district.says(district.senso.add_user(TENANT, "T1@hill.example", user_id="a-user")[1])


def match_is_undone(district: District) -> None:
    district.match("t1@hill.example", None)


def becomes_another_and_back(district: District) -> None:
    district.says(district.senso.change_email(TENANT, "user-1", "t2@hill.example"))
    district.says(district.senso.change_email(TENANT, "user-1", "t1@hill.example"))


AT_ONCE = (
    somebody_comes,
    somebody_goes,
    somebody_goes_and_comes_back,
    somebody_becomes_another,
    somebody_is_matched,
    user_two_comes,
    match_is_undone,
    becomes_another_and_back,
)


@pytest.mark.parametrize("meanwhile", AT_ONCE, ids=lambda happened: happened.__name__)
@pytest.mark.parametrize("first", AT_ONCE[2:], ids=lambda happened: happened.__name__)
def test_two_changes_at_once(
    first: Callable[[District], None], meanwhile: Callable[[District], None]
) -> None:
    """Whatever comes between two calls of whoever settles, the links are right in the end."""
    if first is meanwhile:
        return
    number, done = 0, False
    while not done:
        number += 1
        table = InterruptedTable()
        district = begun(replace_table(table))
        came: list[int] = []

        def interruption(district: District = district, came: list[int] = came) -> None:
            came.append(1)
            with suppress(LookupError, ValueError, InvalidInput):
                # At Senso the one may have made the other impossible: the user has gone.
                meanwhile(district)

        table.arm(number, interruption)
        with suppress(LookupError, ValueError, InvalidInput):
            first(district)
        done = not came
        if not done:
            while len(district.bus):
                district.carry()
            assert_links_are_right(district.stores, {})
            assert district.seen() == due_by_links(district)


def due_by_links(district: District) -> dict[str, set[str]]:
    """Return the names of the groups of each user's owner, as they are stored."""
    found: dict[str, set[str]] = {user_id: set() for user_id in district.senso.users(TENANT)}
    stored = district.stores.table.items.values()
    for link in (item for item in stored if item["kind"] == "link" and item["user_id"] in found):
        groups = [items.group_of(item) for item in stored if item["kind"] == "group"]
        found[link["user_id"]] = {
            group.name
            for group in groups
            if group.owner_id == link["sk"].removeprefix("LINK#") and not group.removed
        }
    return found


def replace_table(table: FakeTable) -> FakeStores:
    """Return connected stores over this table."""
    stores = connected()
    table.write(stores.table.items.values(), [])
    return FakeStores(table=table, staging=stores.staging, secrets=stores.secrets)
