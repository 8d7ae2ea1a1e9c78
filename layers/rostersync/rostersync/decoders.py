"""msgspec's decoders: one a type, made one at a time.

msgspec describes a type, and those in it, while the first decoder of it is made. Another thread that meets a
half-made description ends the process with a segmentation fault, as happened in a benchmark's pull.
"""

import threading
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

_DECODERS: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}
_ONE_AT_A_TIME: Final = threading.Lock()


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return the decoder of a type, which is made once, and not while another thread makes one."""
    # Who asks for each record of a district waits for no lock.
    return _DECODERS.get(kind) or _made(kind)


def _made(kind: Any) -> msgspec.json.Decoder[Any]:
    with _ONE_AT_A_TIME:
        if kind not in _DECODERS:
            _DECODERS[kind] = msgspec.json.Decoder(kind)
        return _DECODERS[kind]
