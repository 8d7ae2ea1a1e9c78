"""A district: its data, the date it is on, and how it was made."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random

from simulator import bundle, dirt, generate, names, timetable
from simulator.identifiers import Identifiers
from simulator.people import People
from simulator.tables import Tables


@dataclass
class District:
    """What a Roster Server serves.

    ``dirt`` counts, by kind, what is not as the specification wants it. ``random`` and ``ids`` go on from
    where making the district left them: the same days follow in every process. ``year`` counts school years.
    """

    tables: Tables
    name: str
    domain: str
    today: date
    random: Random
    ids: Identifiers
    dirt: Counter[str] = field(default_factory=Counter)
    year: int = 1

    @classmethod
    def generate(
        cls,
        *,
        students: int = 300,
        seed: int = 1,
        today: date,
        dirt_share: float = 0.02,
        name: str = "",
        domain: str = "",
    ) -> "District":
        """Make a district from a seed; terms are laid around ``today``.

        Everything but the name and the e-mail domain depends on ``students``, ``seed``, ``today`` and
        ``dirt_share`` alone, and both of them on the seed unless given: two districts of one seed under two
        names have equal sourcedIds, and equal e-mails too when they are given one domain. ``dirt_share`` is
        the share of rows that are dirty in one way or another; 0 gives a server such as the specification
        describes, the default one that is like those in the world.
        """
        name = name or names.district(seed)
        domain = domain or names.domain(name)
        district = cls(Tables(), name, domain, today, Random(seed), Identifiers(seed))
        people = People(district.ids, district.random, domain)
        generate.fill_people(district.tables, district.ids, people, students=students, name=name, today=today)
        timetable.lay_year(district.tables, district.ids, district.random, today=today, number=1)
        district.tables.index()
        if dirt_share:
            district.dirt = dirt.soil(district.tables, district.ids, district.random, dirt_share, today)
        return district

    @classmethod
    def from_bundle(cls, folder: Path, *, today: date, seed: int = 1) -> "District":
        """Read a OneRoster 1.1 CSV bundle; ``seed`` steers the days that follow.

        Raises ``bundle.NotABundle``.
        """
        tables = bundle.read(folder)
        name = tables.value(
            "SELECT name FROM orgs ORDER BY type = 'district' DESC, type = 'school' DESC, sourced_id LIMIT 1"
        )
        tables.index()
        return cls(
            tables,
            name or "District",
            names.domain(name or "District"),
            today,
            Random(seed),
            Identifiers(seed),
        )
