"""Troubles of Roster Servers, switchable one by one and request by request (ONEROSTER §5 and §7).

A fault says on which requests it comes; each one counts how often it really changed an answer. Faults change
answers, never the data: only ``insert`` and ``delete`` change the tables, and the oracle reads those.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

KINDS: Final = {
    # What is asked for.
    "clamp": "limits above VALUE are read as VALUE, silently",
    "limit-refused": "limits above VALUE are answered by 400",
    "fields-refused": "a request with fields is answered by 400",
    "filter-unread": "a request with a filter is answered by an empty list",
    "sort-ignored": "rows come in the order in which they were made",
    "reordered": "rows come in another order each time",
    # How the page is cut.
    "short-page": "VALUE rows fewer than asked for, though there are more; two at least",
    "empty-page": "an empty list before the end",
    "shifted": "the page begins VALUE rows later than asked for, or earlier when negative",
    # What is announced.
    "no-totals": "neither x-count nor x-total-count",
    "wrong-total": "x-total-count is VALUE too high (or too low), or the text VALUE",
    "moving-total": "x-total-count grows by VALUE each time",
    "revision": "x-perm-rev is sent",
    "revision-moves": "x-perm-rev is sent, and is another one from here on",
    # What happens to the data meanwhile.
    "insert": "VALUE rows appear in the collection before the page is read",
    "delete": "VALUE rows disappear from the collection before the page is read",
    # Answers that are none.
    "busy": "429; Retry-After is VALUE seconds, an HTTP date when VALUE is 'date', missing without VALUE",
    "status": "the status VALUE, with HTML from 500 and with OneRoster's error object below",
    "token-expired": "bearer tokens given so far are not accepted any more",
    "redirect": "302 to the address VALUE",
    "html": "200 with a page of HTML",
    "imsx": "200 with OneRoster's error object",
    "no-array": "200 without the array",
    "null-array": "200 with null for the array",
    "null-row": "a row of the page is null",
    "extra-row": "the last row of the page comes twice, one row more than asked for",
    "path-envelope": "the array is named as the path is: students, teachers",
    # How the bytes come.
    "gzip": "the body is compressed for who accepts it",
    "slow": "the answer waits VALUE seconds",
    "drip": "the body comes in 20 parts, VALUE seconds apart",
    "truncated": "the body ends half way, and the connection with it",
    "cut-json": "the body ends half way, as if that were all",
    "endless": "the body goes on with spaces up to VALUE megabytes, without a length",
    "reset": "the connection is reset instead of an answer",
    "tls": "the handshake fails; because of the certificate when VALUE is 'certificate'",
}
"""Kind to what it does; VALUE is the fault's value."""

_NEEDS_VALUE: Final = frozenset(
    {
        "clamp",
        "limit-refused",
        "short-page",
        "shifted",
        "wrong-total",
        "insert",
        "delete",
        "status",
        "slow",
        "drip",
    }
)
_DEFAULT_VALUE: Final[dict[str, float | str]] = {
    "moving-total": 1,
    "redirect": "https://roster.elsewhere.example/",
    "endless": 256,
}


class BadFault(ValueError):
    """A fault's description cannot be read."""


@dataclass(frozen=True)
class Fault:
    """One trouble, and the requests on which it comes.

    Requests that fit ``collection`` (a collection's path, ``token``, or ``""`` for every request for data)
    are counted from 1 for each fault by itself: it comes on request ``first`` and on each ``every``-th after
    it, on ``times`` requests at most (0: without end).
    """

    kind: str
    value: float | str | None = None
    first: int = 1
    every: int = 1
    times: int = 0
    collection: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadFault(f"there is no fault {self.kind!r}; there are: {', '.join(sorted(KINDS))}")
        if self.value is None and self.kind in _NEEDS_VALUE:
            raise BadFault(f"the fault {self.kind} needs a value: {KINDS[self.kind]}")
        if self.first < 1 or self.every < 1 or self.times < 0:
            raise BadFault("first and every are at least 1, times is at least 0")

    @property
    def name(self) -> str:
        """What it is counted under: the kind, and with ``status`` the status."""
        return f"status {self.value}" if self.kind == "status" else self.kind

    @property
    def number(self) -> int:
        """The value as a whole number."""
        value = self.value if self.value is not None else _DEFAULT_VALUE.get(self.kind, 0)
        return int(value)

    @property
    def seconds(self) -> float:
        """The value as seconds."""
        return float(self.value or 0)

    @property
    def text(self) -> str:
        """The value as text."""
        return str(self.value if self.value is not None else _DEFAULT_VALUE.get(self.kind, ""))

    @classmethod
    def from_text(cls, text: str) -> "Fault":
        """Read ``KIND[:VALUE][,first=N][,every=N][,times=N][,collection=NAME]``; raises ``BadFault``."""
        head, *options = text.split(",")
        kind, _, value = head.partition(":")
        described: dict[str, Any] = {"kind": kind.strip(), "value": _number_or_text(value) if value else None}
        for option in options:
            name, _, setting = option.partition("=")
            described[name.strip()] = setting if name.strip() == "collection" else _number_or_text(setting)
        return cls.from_object(described)

    @classmethod
    def from_object(cls, described: Mapping[str, Any]) -> "Fault":
        """Read a fault from the fields of this class; raises ``BadFault``."""
        known = {field.name for field in fields(cls)}
        if not described.get("kind") or not set(described) <= known:
            raise BadFault(f"a fault has the fields {', '.join(sorted(known))}, of which kind is needed")
        for name in ("first", "every", "times"):
            if not isinstance(described.get(name, 1), int):
                raise BadFault(f"{name} is not a whole number")
        return cls(**described)


class Met:
    """The faults that come on one request."""

    def __init__(self, faults: "Faults", due: Iterable[Fault]) -> None:
        self._faults = faults
        self._due = {fault.kind: fault for fault in reversed(tuple(due))}

    def get(self, kind: str) -> Fault | None:
        """Return the fault of a kind, for who has to look first whether it changes anything."""
        return self._due.get(kind)

    def fire(self, kind: str) -> Fault | None:
        """Return the fault of a kind and count it as fired."""
        fault = self._due.get(kind)
        if fault is not None:
            self._faults.count(fault)
        return fault


class Faults:
    """The faults that are switched on; ``fired`` counts by name, over all that ever were."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.fired: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._seen: list[int] = []
        self._met: list[int] = []
        self.set(*faults)

    def set(self, *faults: Fault) -> None:
        """Switch on these and no others; each begins to count requests anew. Without any: all is well."""
        with self._lock:
            self._faults = list(faults)
            self._seen = [0] * len(faults)
            self._met = [0] * len(faults)

    def meet(self, collection: str) -> Met:
        """Count a request for each fault that looks at it, and return those that come on it.

        Of two faults of one kind on one request the first of the list comes.
        """
        with self._lock:
            return Met(
                self, [fault for number, fault in enumerate(self._faults) if self._due(number, collection)]
            )

    def count(self, fault: Fault) -> None:
        """Count a fault as fired."""
        with self._lock:
            self.fired[fault.name] += 1

    def described(self) -> list[dict[str, Any]]:
        """Return what is switched on, as ``Fault.from_object`` reads it."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def _due(self, number: int, collection: str) -> bool:
        fault = self._faults[number]
        if fault.collection != collection and (fault.collection or collection == "token"):
            return False
        self._seen[number] += 1
        since = self._seen[number] - fault.first
        if since < 0 or since % fault.every or (fault.times and self._met[number] >= fault.times):
            return False
        self._met[number] += 1
        return True


def _number_or_text(text: str) -> float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
