"""The run that dies at every call: several shards, full batches, a hold, removals, a group in parts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import count, islice
from typing import Any, Final

from msgspec.structs import replace

from rostersync.roster.guard import GuardSettings
from rostersync.roster.identity import shard_of
from rostersync.storage.users import KnownUser
from tests.crashes.world import Snapshot, World
from tests.steps.driver import NOW, TENANT, Way, connected, sync
from tests.steps.guarded import NIGHT, changed, students_of, two_schools, without_classes, without_people
from tests.steps.rosters import Roster, enrolled, serve, student, teacher

NEWCOMERS: Final = 50
"""All in one shard: two full batches of people."""

LONG_NAME: Final = "語" * 1_000
"""As long as the contract lets a name be: a class of the newcomers does not fit into one event."""

WAY: Final = Way(shards=4, fetch_tasks=3, page_size=40)
LINKED: Final = ("hill-t0", "hill-t1", "dale-t1", "dale-t0", "dale-t2")
RUN: Final = "night-2"


def second_day() -> Roster:
    """Return the two schools on the day that is looked at.

    More than half of one school's students have gone, which is held; a class of the other and its teacher,
    which is not. A class has another teacher, one teacher another e-mail, and another class newcomers whose
    names are long.
    """
    roster = without_classes(two_schools(), ["dale-c0"])
    roster = without_people(roster, [*students_of("hill", 30), "dale-t0"])
    for newcomer in newcomers():
        roster["students"].append(
            student(newcomer, orgs=("dale",), given_name=LONG_NAME, family_name=LONG_NAME)
        )
        roster["enrollments"].append(enrolled("dale-c1", newcomer))
    roster["enrollments"] = [row for row in roster["enrollments"] if row.sourced_id != "dale-c2/dale-t2"]
    roster["enrollments"].append(enrolled("dale-c2", "dale-t3", "teacher"))
    moved = replace(teacher("dale-t4", orgs=("dale",)), email="moved@hill.example")
    return changed(roster, "teachers", lambda one: moved if one.sourced_id == "dale-t4" else one)


def newcomers() -> list[str]:
    """Return ids that lie in one shard."""
    ids = (f"dale-new{number}" for number in count())
    return list(islice((one for one in ids if shard_of(one) == 5), NEWCOMERS))


@dataclass(frozen=True)
class Invocation:
    """One invocation of a step in the run without a crash; ``calls`` are the names of what it called."""

    state: str
    step: Callable[[], Any]
    before: Snapshot
    after: Snapshot
    result: Any
    calls: tuple[str, ...]
    parted: tuple[bool, ...]


@dataclass(frozen=True)
class Recorded:
    """A run without a crash, step by step."""

    world: World
    invocations: tuple[Invocation, ...]
    end: Snapshot

    def go_on_after(self, place: int) -> None:
        """Run what comes after an invocation, from the world as it is."""
        for invocation in self.invocations[place + 1 :]:
            invocation.step()


@cache
def first_day() -> World:
    """Return a world after its first night: teachers with users see their groups."""
    stores = connected(guard=GuardSettings())
    for number, one in enumerate(LINKED):
        user = KnownUser(user_id=f"user-{number}", email=f"{one}@hill.example", changed_at=1)
        stores.users.record(TENANT, user)
    world = World.of(stores)
    run = sync(world.stores, world.server(serve(two_schools())), bus=world.bus, run_id="night-1", way=WAY)
    assert run.outcome == "published"
    return world


def begun() -> World:
    """Return a world of its own after the first day."""
    world = World()
    world.set_back(first_day().now)
    return world


def record(
    world: World, roster: Roster, *, now: Any = NOW + NIGHT, run_id: str = RUN, **how: Any
) -> Recorded:
    """Run a sync without a crash and return what it did."""
    invocations: list[Invocation] = []
    states: list[str] = []

    def invoke(step: Callable[[], Any]) -> Any:
        before = world.now
        world.journal.begin()
        result = step()
        calls, parted = tuple(world.journal.names), tuple(world.journal.parted)
        invocations.append(Invocation(states[-1], step, before, world.now, result, calls, parted))
        return result

    server = world.server(serve(roster))
    how = {"way": WAY, **how}
    sync(
        world.stores,
        server,
        bus=world.bus,
        now=now,
        run_id=run_id,
        before=states.append,
        invoke=invoke,
        **how,
    )
    return Recorded(world, tuple(invocations), world.now)


SOON: Final = timedelta(seconds=1)
