"""The guard: what a run would take away, and whether a person has to look at it first (RULES §4)."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, field

TEACHERS: Final = "teachers"
STUDENTS: Final = "students"
CLASSES: Final = "classes"
GROUPS: Final = "groups"
MEMBERSHIPS: Final = "memberships"
OWNERS: Final = "owners"
"""Owners left with no group."""

KINDS: Final = (TEACHERS, STUDENTS, CLASSES, GROUPS, MEMBERSHIPS, OWNERS)
"""What is counted as loss, in the order in which it is shown (RULES 4.1)."""

EVERYWHERE: Final = "*"
"""In place of a school: the whole district."""

OTHER_PEOPLE: Final = "e-mail, login or name changed of most people"
MOSTLY_NEW: Final = "most of a collection is new"
NOT_KEPT: Final = "what is held could not be kept"


class GuardSettings(Struct, frozen=True, kw_only=True):
    """How much is held: what is more than the per cent of what there was, and more than the number.

    ``whole_collection``: the whole of any collection is held, however small. ``new_percent`` of a collection
    that are new, and ``identity_percent`` of people who changed e-mail, login or name, stop a run altogether.
    """

    district_percent: int = 10
    district_count: int = 5
    memberships_percent: int = 20
    memberships_count: int = 50
    school_percent: int = 50
    school_count: int = 5
    whole_collection: bool = True
    new_percent: int = 50
    identity_percent: int = 75


class Share(Struct):
    """``lost`` of how many; of memberships ``gained`` too."""

    lost: int = 0
    of: int = 0
    gained: int = 0

    def add(self, other: "Share") -> None:
        """Add another part of the same."""
        self.lost += other.lost
        self.of += other.of
        self.gained += other.gained


class Counts(Struct, kw_only=True):
    """What one part of a run takes away, and what it brings; parts are added up.

    ``kinds`` holds for each of ``KINDS`` a share by school, "" for what is of none, and under ``EVERYWHERE``
    everything once. ``collections`` holds a share of each OneRoster collection's active records, whatever the
    date says of them; ``new`` and ``now`` count its records. ``people`` were there and are, ``others`` of
    them have another e-mail, login or name. ``schools_before``, ``schools_now`` and ``schools_shared`` count
    schools.
    """

    kinds: dict[str, dict[str, Share]] = field(default_factory=dict)
    collections: dict[str, Share] = field(default_factory=dict)
    new: dict[str, int] = field(default_factory=dict)
    now: dict[str, int] = field(default_factory=dict)
    people: int = 0
    others: int = 0
    schools_before: int = 0
    schools_now: int = 0
    schools_shared: int = 0

    def count(
        self, kind: str, schools: Iterable[str], *, lost: int = 0, of: int = 0, gained: int = 0
    ) -> None:
        """Count something of one kind, once in the district and once in each of its schools."""
        for school in {EVERYWHERE, *(schools or ("",))}:
            by_school = self.kinds.setdefault(kind, {})
            by_school.setdefault(school, Share()).add(Share(lost, of, gained))

    def count_records(
        self, collection: str, *, lost: int = 0, of: int = 0, new: int = 0, now: int = 0
    ) -> None:
        """Count records of a collection."""
        self.collections.setdefault(collection, Share()).add(Share(lost, of))
        self.new[collection] = self.new.get(collection, 0) + new
        self.now[collection] = self.now.get(collection, 0) + now

    def add(self, other: "Counts") -> None:
        """Add another part of the run."""
        for kind, by_school in other.kinds.items():
            for school, share in by_school.items():
                self.kinds.setdefault(kind, {}).setdefault(school, Share()).add(share)
        for collection, share in other.collections.items():
            self.collections.setdefault(collection, Share()).add(share)
        for mine, theirs in ((self.new, other.new), (self.now, other.now)):
            for collection, count in theirs.items():
                mine[collection] = mine.get(collection, 0) + count
        self.people += other.people
        self.others += other.others
        self.schools_before += other.schools_before
        self.schools_now += other.schools_now
        self.schools_shared += other.schools_shared

    @property
    def is_other_district(self) -> bool:
        """Whether the schools have nothing in common with those there were (RULES §5)."""
        return bool(self.schools_before and self.schools_now and not self.schools_shared)


class Trip(Struct, frozen=True):
    """What is too much to go without a person: of a kind or a collection, in one school or ``EVERYWHERE``."""

    kind: str
    school: str
    lost: int
    of: int


def judge_schools(counts: Counts, settings: GuardSettings) -> tuple[Trip, ...]:
    """Return what is too much within one school (RULES 4.2), in the order of kinds and schools."""
    return tuple(
        Trip(kind, school, share.lost, share.of)
        for kind in KINDS
        for school, share in sorted(_shares(counts, kind).items())
        if school not in {EVERYWHERE, ""}
        and share.lost > settings.school_count
        and _is_more(share.lost, share.of, settings.school_percent)
    )


def judge_district(counts: Counts, settings: GuardSettings) -> tuple[Trip, ...]:
    """Return what is too much in the district (RULES 4.2), in the order of kinds."""
    trips = []
    for kind in KINDS:
        share = _shares(counts, kind).get(EVERYWHERE, Share())
        percent, count = settings.district_percent, settings.district_count
        if kind == MEMBERSHIPS:
            percent, count = settings.memberships_percent, settings.memberships_count
        if share.lost > count and _is_more(share.lost, share.of, percent):
            trips.append(Trip(kind, EVERYWHERE, share.lost, share.of))
    return tuple(trips)


def judge_collections(counts: Counts, settings: GuardSettings) -> tuple[Trip, ...]:
    """Return the collections that are gone as a whole (RULES 4.2)."""
    return tuple(
        Trip(collection, EVERYWHERE, share.lost, share.of)
        for collection, share in sorted(counts.collections.items())
        if settings.whole_collection and share.of and share.lost >= share.of
    )


def _shares(counts: Counts, kind: str) -> Mapping[str, Share]:
    found = counts.kinds.get(kind, {})
    return net(found) if kind == MEMBERSHIPS else found


def net(by_school: Mapping[str, Share]) -> dict[str, Share]:
    """Return memberships lost less gained, by school: what one school gains does not make up for another."""
    schools = {
        school: Share(max(0, share.lost - share.gained), share.of)
        for school, share in by_school.items()
        if school != EVERYWHERE
    }
    district = Share(sum(one.lost for one in schools.values()), sum(one.of for one in schools.values()))
    return {EVERYWHERE: district, **schools}


def why_nothing(counts: Counts, settings: GuardSettings, *, held: bool) -> str:
    """Return why nothing at all may be published, additions included, or "" (RULES 4.4).

    ``held``: something is held by this run, or kept by the list of an earlier one.
    """
    if _is_more(counts.others, counts.people, settings.identity_percent):
        return OTHER_PEOPLE
    if held and any(
        _is_more(new, counts.now.get(collection, 0), settings.new_percent)
        for collection, new in counts.new.items()
    ):
        return MOSTLY_NEW
    return ""


def _is_more(part: int, whole: int, percent: int) -> bool:
    return part * 100 > whole * percent
