"""Values that show nothing of themselves."""

from msgspec import Struct


class Discreet(Struct, frozen=True):
    """What a log, an error or a test's output may name but not quote: it is somebody's, or secret."""

    def __repr__(self) -> str:
        """Return the name of the type, and nothing that it holds."""
        return f"{type(self).__name__}(...)"
