"""What happens to a campaign's district from one night to the next."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any, Final

from simulator.days import advance_day, rollover
from simulator.tables import Class, Enrollment, Row, User
from tests.campaign.world import World

_VANISHING: Final[tuple[tuple[type[Any], str], ...]] = (
    (User, "in_students"),
    (User, "in_teachers"),
    (Class, "1"),
    (Enrollment, "role = 'student'"),
)


def nothing(world: World, random: Random) -> None:
    """A day on which nobody does anything."""
    world.district.today += timedelta(days=1)


def some_days(world: World, random: Random) -> None:
    """A few days of joining, leaving and moving."""
    for _ in range(random.choice((1, 1, 2, 4))):
        advance_day(world.district)


def a_long_time(world: World, random: Random) -> None:
    """Weeks, in which a term may end."""
    world.district.today += timedelta(days=random.choice((20, 60, 100)))


def a_school_year(world: World, random: Random) -> None:
    """A new school year: every class is another."""
    rollover(world.district)


def some_vanish(world: World, random: Random) -> None:
    """A part of a collection is not shared any more, and may come back: rows go from one day to the next."""
    kind, where = random.choice(_VANISHING)
    rows = world.district.tables.rows(kind, where)
    # With its row or its class what is stored of an enrollment that cannot be read goes, and stays away.
    needed = {published.class_id for published, _ in world.spoiled.values()} if kind is Class else set()
    rows = [(at, row) for at, row in rows if row.sourced_id not in needed]
    if kind is Enrollment:
        rows = [(at, row) for at, row in rows if at not in world.spoiled]
    gone = random.sample(rows, int(len(rows) * random.choice((0.03, 0.2, 0.5, 0.7))))
    world.district.tables.remove(kind, [position for position, _ in gone])
    world.away += [row for _, row in gone]
    world.district.today += timedelta(days=1)


def they_come_back(world: World, random: Random) -> None:
    """What vanished is shared again."""
    back: list[Row] = [world.away.pop() for _ in range(len(world.away))]
    if back:
        world.district.tables.add(back)
    world.district.today += timedelta(days=1)


def some_cannot_be_read(world: World, random: Random) -> None:
    """Enrollments as published get an end that is no date: they are set aside, and what is stored stays."""
    if not world.is_published:
        return nothing(world, random)
    tables, today = world.district.tables, world.district.today.isoformat()
    rows = tables.rows(
        Enrollment,
        "status = 'active' AND shape = '' AND role = 'student' AND begin_date <= ? AND end_date = ''",
        (today,),
    )
    twice = {
        row[0] for row in tables.read("SELECT sourced_id FROM enrollments GROUP BY 1 HAVING count(*) > 1")
    }
    classes = {row[0] for row in tables.read("SELECT sourced_id FROM classes")}
    fit = [
        (at, row)
        for at, row in rows
        if row.sourced_id not in twice and len(row.sourced_id) <= 255 and row.class_id in classes
    ]
    for at, row in random.sample(fit, min(len(fit), random.randint(1, 4))):
        spoiled = row._replace(end_date="soon")
        tables.replace([(at, spoiled)])
        world.spoiled[at] = (row, spoiled)
    return nothing(world, random)


HAPPENINGS: Final[tuple[Callable[[World, Random], None], ...]] = (
    nothing,
    some_days,
    some_days,
    some_days,
    a_long_time,
    a_school_year,
    some_vanish,
    some_vanish,
    they_come_back,
    some_cannot_be_read,
    some_cannot_be_read,
)
