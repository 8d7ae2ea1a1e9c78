"""Watching a run: a live bar for each collection on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Mapping
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from local.engine import LocalEngine
from local.executions import Execution
from local.tenants import stores_of
from rostersync.errors import PermanentError
from rostersync.roster.records import COLLECTIONS
from rostersync.steps.staged_pull import Plan
from rostersync.storage import staged
from rostersync.storage.stores import Stores

SECONDS_BETWEEN_LOOKS = 0.25


class View(Protocol):
    """Shows how many rows of each collection have come."""

    def show(self, totals: Mapping[str, int | None], rows: Mapping[str, int]) -> None:
        """Show totals (None: not announced) and what has come so far."""

    def close(self) -> None:
        """End the view."""


class Lines:
    """A line for a collection when all of its rows have come."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._done: set[str] = set()

    def show(self, totals: Mapping[str, int | None], rows: Mapping[str, int]) -> None:
        """Print the collections that have just become complete."""
        for collection in COLLECTIONS:
            total, count = totals.get(collection), rows.get(collection, 0)
            if collection not in self._done and total is not None and count >= total:
                self._done.add(collection)
                print(f"  {collection:<18}{count:>10,} rows", file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing remains to be ended."""


class Bars:
    """A bar for each collection, on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._progress = Progress(
            TextColumn("  {task.description:<18}"),
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            console=Console(file=stream),
        )
        self._bars: dict[str, TaskID] = {}
        self._progress.start()

    def show(self, totals: Mapping[str, int | None], rows: Mapping[str, int]) -> None:
        """Move the bars."""
        for collection in COLLECTIONS:
            if collection not in self._bars:
                self._bars[collection] = self._progress.add_task(collection, total=totals.get(collection))
            self._progress.update(self._bars[collection], completed=rows.get(collection, 0))

    def close(self) -> None:
        """Leave the bars as they stand."""
        self._progress.stop()


def view_on(stream: TextIO = sys.stdout) -> View:
    """Return bars on a terminal, lines elsewhere."""
    return Bars(stream) if stream.isatty() else Lines(stream)


def watch(
    engine: LocalEngine, execution_arn: str, tenant_id: str, view: View | None, *, timeout: float = 3_600.0
) -> Execution:
    """Wait for a sync to end, showing its progress; raises ``LocalEngineError`` after ``timeout`` seconds."""
    stores = stores_of(engine)
    run_id = execution_arn.rpartition(":")[2]
    while not engine.has_ended(execution_arn, within=SECONDS_BETWEEN_LOOKS):
        if view is not None:
            _show(view, stores, tenant_id, run_id)
    if view is not None:
        _show(view, stores, tenant_id, run_id)
        view.close()
    return engine.wait(execution_arn, timeout)


def _show(view: View, stores: Stores, tenant_id: str, run_id: str) -> None:
    try:
        plan = stores.staging.get_json(staged.plan(tenant_id, run_id, 1), Plan)
    except PermanentError:
        # Not planned yet, or refused.
        return
    view.show(plan.announced, stores.runs.progress(tenant_id, run_id))
