"""Windows: what is pulled in one go, as plans and staged parts name it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """Rows ``start`` to ``end``, not included, of a collection; ``end`` None reads to the end."""

    collection: str
    start: int
    end: int | None
