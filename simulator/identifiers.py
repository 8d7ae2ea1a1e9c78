"""New sourcedIds in the forms seen on real servers (ONEROSTER §8.2), other ones for every seed."""

from collections import Counter


class Identifiers:
    """Hands out ids that were never handed out before for this district.

    Two districts of one seed have the same ids: that two tenants' ids may be equal is something to try.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count: Counter[str] = Counter()

    def org(self) -> str:
        """Return e.g. ``7-1002``."""
        return f"{self._seed}-{1000 + self._next('org')}"

    def session(self, title: str) -> str:
        """Return e.g. ``7_2026-2027 FY``, for a title that is unique in the district."""
        return f"{self._seed}_{title}"

    def course(self) -> str:
        """Return e.g. ``7|C0042``."""
        return f"{self._seed}|C{self._next('course'):04d}"

    def class_(self) -> str:
        """Return e.g. ``7_S19041-0003``; one in forty holds what has to be escaped in a path."""
        number = self._next("class")
        text = f"{self._seed}_S{_scrambled(number):05d}-{number:04d}"
        return text if number % 40 else f"{text} 100%/a"

    def student(self) -> str:
        """Return digits."""
        return f"{self._seed}{_scrambled(self._next('student'), 7):07d}"

    def teacher(self) -> str:
        """Return e.g. ``7_T09041``."""
        return f"{self._seed}_T{_scrambled(self._next('teacher')):05d}"

    def administrator(self) -> str:
        """Return e.g. ``7/admin 3``: who has to be read by ``/users/{id}`` needs an escaped path."""
        return f"{self._seed}/admin {self._next('administrator')}"

    def enrollment(self) -> str:
        """Return e.g. ``7e9e3779b1``, in an order that is not the order of creation."""
        return f"{self._seed}e{self._next('enrollment') * 2_654_435_761 % 2**32:08x}"

    def other(self) -> str:
        """Return an id for a record that turned up from somewhere else, anywhere in the order of ids."""
        number = self._next("other")
        return f"{number * 37 % 100:02d}{self._seed}x{number}"

    def _next(self, kind: str) -> int:
        self._count[kind] += 1
        return self._count[kind]


def _scrambled(number: int, digits: int = 5) -> int:
    # 7919 is a prime: every number below the modulus is met once before any comes again.
    modulus = int(10**digits)
    return number if number >= modulus else number * 7919 % modulus
