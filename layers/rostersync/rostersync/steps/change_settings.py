"""What a tenant chooses about its sync; nothing that may take groups away without a preview.

Limits of the guard need none: what is held stays until somebody decides on its list, whatever they become.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from rostersync.clock import local_date, milliseconds
from rostersync.errors import InvalidInput, PreviewNeeded
from rostersync.roster.pausing import PauseWindow
from rostersync.roster.settings import CreationSettings, RosterSettings, may_remove_groups
from rostersync.storage.due_times import next_due_at, to_due_at
from rostersync.storage.integrations import Integration
from rostersync.storage.stores import Stores

PREVIEW_HOLDS: Final = timedelta(hours=24)
"""A preview's numbers are those of the roster as it was: a day later they may be others."""


class Choices(Struct, frozen=True, kw_only=True):
    """What is to be changed; None stays as it is. ``preview`` is the id of a preview run, or "".

    ``guard`` has the changed fields of ``GuardSettings``.
    """

    roster: RosterSettings | None = None
    creation: CreationSettings | None = None
    nightly_hour: int | None = None
    time_zone: str | None = None
    paused: bool | None = None
    pause_windows: tuple[PauseWindow, ...] | None = None
    guard: Mapping[str, Any] = field(default_factory=dict)
    additions_only_until: str | None = None
    preview: str = ""


def change_settings(
    tenant_id: str, choices: Choices, stores: Stores, *, now: datetime, default_time_zone: str
) -> Integration:
    """Change them; return the integration as it is then. They count from the next run on.

    Raises ``NotConnected``, ``PreviewNeeded``, ``InvalidInput`` for a time zone or a date that is none, and
    ``StorageConflict`` when somebody else changes them at the same time.
    """
    before = stores.integrations.require(tenant_id)
    after = replace(
        before,
        settings=before.settings if choices.roster is None else choices.roster,
        creation=before.creation if choices.creation is None else choices.creation,
        nightly_hour=before.nightly_hour if choices.nightly_hour is None else choices.nightly_hour,
        time_zone=before.time_zone if choices.time_zone is None else choices.time_zone,
        paused=before.paused if choices.paused is None else choices.paused,
        pause_windows=before.pause_windows if choices.pause_windows is None else choices.pause_windows,
        guard=replace(before.guard, **choices.guard),
        additions_only_until=_date(before.additions_only_until, choices.additions_only_until),
    )
    ends_early = _ends_early(before, after, now, default_time_zone)
    if ends_early or may_remove_groups(before.settings, after.settings):
        _require_preview(before, after, choices.preview, stores, now, ends_early=ends_early)
    zone = after.time_zone or default_time_zone
    due_at = next_due_at(now, zone, after.nightly_hour, after.last_nightly_date, after.pause_windows)
    if before.paused or before.due_at > to_due_at(now):
        # A night that only this change makes due is due from now on: nobody has missed it.
        due_at = max(due_at, to_due_at(now))
    after = replace(after, due_at=due_at)
    stores.integrations.choose(before, after)
    return after


def _date(before: str, chosen: str | None) -> str:
    """Return the chosen date, "" for none; None leaves it as it was."""
    if chosen:
        try:
            return date.fromisoformat(chosen).isoformat()
        except ValueError:
            raise InvalidInput("additionsOnlyUntil is no date") from None
    return before if chosen is None else ""


def _ends_early(before: Integration, after: Integration, now: datetime, default_time_zone: str) -> bool:
    """Say whether what stays today, because nothing may go, can go sooner than it could."""
    today = local_date(milliseconds(now), before.time_zone or default_time_zone)
    return today <= before.additions_only_until and after.additions_only_until < before.additions_only_until


def _require_preview(
    before: Integration, after: Integration, run_id: str, stores: Stores, now: datetime, *, ends_early: bool
) -> None:
    """Raise ``PreviewNeeded`` unless the run is a recent preview under exactly these settings."""
    run = stores.runs.get(before.tenant_id, run_id) if run_id else None
    oldest = milliseconds(now - PREVIEW_HOLDS)
    if (
        run is None
        or run.outcome != "previewed"
        or run.settings != after.settings
        or (ends_early and run.additions_only_until != after.additions_only_until)
        or run.finished_at < oldest
        # One that began before this connection may be of another district's roster.
        or run.started_at < before.connected_at
    ):
        raise PreviewNeeded(
            "these settings may take groups away from teachers: preview under exactly these first, look at "
            "what would go, and save with the preview's id within a day"
        )
