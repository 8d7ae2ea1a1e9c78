"""The faults of a campaign: every one of a Roster Server, drawn with a value and the requests it comes on."""

from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import Final

from rostersync.roster.records import COLLECTIONS
from simulator.faults import Fault, Faults

Value = float | str | None
Values = Callable[[Random], Value]


def _any(*values: Value) -> Values:
    return lambda random: random.choice(values)


def _from(least: int, most: int) -> Values:
    return lambda random: random.randint(least, most)


FAULTS: Final[dict[str, tuple[str, Values]]] = {
    "clamp": ("clamp", _from(100, 400)),
    "limit-refused": ("limit-refused", _from(100, 400)),
    "fields-refused": ("fields-refused", _any(None)),
    "short-page": ("short-page", _from(1, 8)),
    "empty-page": ("empty-page", _any(None)),
    "no-totals": ("no-totals", _any(None)),
    "total too high": ("wrong-total", _from(1, 40)),
    "total too low": ("wrong-total", lambda random: -random.randint(1, 40)),
    "total negative": ("wrong-total", _any("-1", "-400")),
    "total no number": ("wrong-total", _any("many", "12.5")),
    "moving-total": ("moving-total", _any(1, 3, -1)),
    "extra-row": ("extra-row", _any(None)),
    "shifted": ("shifted", _any(1, 2, -1, -2, 30)),
    "reordered": ("reordered", _any(None)),
    "sort-ignored": ("sort-ignored", _any(None)),
    "insert": ("insert", _from(1, 3)),
    "delete": ("delete", _from(1, 3)),
    "revision": ("revision", _any(None)),
    "revision-moves": ("revision-moves", _any(None)),
    "429": ("busy", _any(None)),
    "429 with seconds": ("busy", _from(1, 8)),
    "429 with a long pause": ("busy", _from(11, 400)),
    "429 with a date": ("busy", _any("date")),
    "500": ("status", _any(500)),
    "502": ("status", _any(502)),
    "503": ("status", _any(503)),
    "504": ("status", _any(504)),
    "401": ("status", _any(401)),
    "403": ("status", _any(403)),
    "404": ("status", _any(404)),
    "token-expired": ("token-expired", _any(None)),
    "redirect": ("redirect", _any(None)),
    "html": ("html", _any(None)),
    "imsx": ("imsx", _any(None)),
    "no-array": ("no-array", _any(None)),
    "null-array": ("null-array", _any(None)),
    "null-row": ("null-row", _any(None)),
    "path-envelope": ("path-envelope", _any(None)),
    "gzip": ("gzip", _any(None)),
    "slow": ("slow", _any(2, 9)),
    "slower than anybody waits": ("slow", _any(31, 120)),
    "drip": ("drip", _any(0.2, 1.0)),
    "drip without end": ("drip", _any(4.0, 20.0)),
    "truncated": ("truncated", _any(None)),
    "cut-json": ("cut-json", _any(None)),
    "endless": ("endless", _any(6)),
    "reset": ("reset", _any(None)),
    "tls": ("tls", _any(None)),
    "tls certificate": ("tls", _any("certificate")),
}
"""Name to the simulator's kind and the values it is drawn with."""

NATURES: Final = (
    "clamp",
    "limit-refused",
    "fields-refused",
    "short-page",
    "no-totals",
    "revision",
    "path-envelope",
    "gzip",
)
"""What a server may be like from the day it is connected; none of it is trouble."""

HARMLESS: Final = frozenset({"clamp", "short-page", "path-envelope", "gzip", "slow", "drip"})
"""With these alone no run may fail."""

ORDINARY: Final = frozenset({*NATURES, *HARMLESS, "revision-moves"})
"""With these alone every answer is one that is taken."""

MOVING: Final = frozenset({"insert", "delete"})
"""They change the data itself, in the middle of the pull."""

_MOVABLE: Final = ("courses", "classes", "teachers", "students", "enrollments")


def name_of(fault: Fault) -> str:
    """Return the name under which a fault is counted."""
    match fault.kind, fault.value:
        case "wrong-total", str() as text:
            return "total negative" if text.startswith("-") else "total no number"
        case "wrong-total", _:
            return "total too high" if fault.number > 0 else "total too low"
        case "busy", None:
            return "429"
        case "busy", "date":
            return "429 with a date"
        case "busy", _:
            return "429 with seconds" if fault.number <= 10 else "429 with a long pause"
        case "status", _:
            return str(fault.number)
        case "slow", _:
            return "slow" if fault.seconds < 30 else "slower than anybody waits"
        case "drip", _:
            return "drip" if fault.seconds <= 1 else "drip without end"
        case "tls", "certificate":
            return "tls certificate"
    return fault.kind


def draw_nature(random: Random) -> tuple[Fault, ...]:
    """Return what a server is like, from plain to odd in two ways."""
    names = random.sample(NATURES, random.choice((0, 0, 1, 1, 2)))
    return tuple(Fault(FAULTS[name][0], FAULTS[name][1](random)) for name in names)


def draw_faults(random: Random, *, oauth2: bool) -> tuple[Fault, ...]:
    """Return none to three troubles of one night."""
    names = [name for name in FAULTS if oauth2 or name != "token-expired"]
    drawn = random.sample(names, random.choice((0, 1, 1, 1, 2, 3)))
    if oauth2 and random.random() < 0.3:
        drawn.append("token-expired")
    return tuple(_placed(name, random) for name in dict.fromkeys(drawn))


def _placed(name: str, random: Random) -> Fault:
    kind, values = FAULTS[name]
    value = values(random)
    if name in MOVING:
        where, times = random.choice(_MOVABLE), random.choice((1, 1, 2))
    else:
        where, times = random.choice(("", "", *COLLECTIONS, "enrollments")), random.choice((0, 1, 1, 1, 2, 4))
    if kind == "path-envelope":
        where = random.choice(("", "students", "teachers"))
    if kind == "shifted":
        # Now and then: a server that begins every page a row late, and has no totals, has no such row.
        return Fault(kind, value, first=random.randint(1, 9), times=random.choice((1, 2)), collection=where)
    if name not in MOVING and random.random() < 0.3:
        # It is there all night.
        return Fault(kind, value, collection=where)
    first = random.randint(1, 5) if where else random.randint(1, 24)
    return Fault(kind, value, first=first, every=random.choice((1, 1, 2, 3)), times=times, collection=where)


class CountedFaults(Faults):
    """Faults that say under the campaign's names how often each really fired."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        super().__init__(faults)
        self.by_name: Counter[str] = Counter()
        self.fired_now: Counter[str] = Counter()
        self.moved: Callable[[], None] = lambda: None

    def begin(self, *faults: Fault) -> None:
        """Switch these on, and count what fires from now on by itself too."""
        self.fired_now = Counter()
        self.set(*faults)

    def count(self, fault: Fault) -> None:
        """Count a fault where it fires."""
        super().count(fault)
        name = name_of(fault)
        self.by_name[name] += 1
        self.fired_now[name] += 1
        if name in MOVING:
            self.moved()
