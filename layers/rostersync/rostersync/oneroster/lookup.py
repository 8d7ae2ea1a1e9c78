"""Reading users one by one, for the few whom no collection holds."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from rostersync.oneroster.payloads import Row


def read_users(
    user: Callable[[str], Row | None], sourced_ids: Sequence[str], *, in_flight: int
) -> list[Row | None]:
    """Return ``user(id)`` for each id, in their order, ``in_flight`` at a time.

    After the first error nothing more is sent, apart from what was already under way; it is raised.
    """
    failed = threading.Event()

    def ask(sourced_id: str) -> Row | None:
        if failed.is_set():
            return None
        try:
            return user(sourced_id)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(max(1, in_flight)) as pool:
        return list(pool.map(ask, sourced_ids))
