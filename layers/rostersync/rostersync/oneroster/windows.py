"""Windows: what is pulled in one go, as plans and staged parts name it."""

from msgspec import Struct


class Window(Struct, frozen=True):
    """Rows ``start`` to ``end``, not included, of a collection; ``end`` None reads to the end."""

    collection: str
    start: int
    end: int | None
