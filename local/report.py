"""What a person wants to see of a run, as lines of text."""

import json
from collections.abc import Mapping

from local.executions import Execution
from rostersync.roster.records import COLLECTIONS
from rostersync.steps.tallies import STATISTICS
from rostersync.storage.runs import RunRecord

CHANGED = ("people", "classes", "owners", "groups")


def print_run(run: RunRecord) -> None:
    """Print outcome, collections, statistics, changes and writes of a run that ended well."""
    print(f"  outcome: {run.outcome}")
    print(f"  {'':<18}{'announced':>11}{'received':>10}{'kept':>10}{'set aside':>11}{'duplicates':>12}")
    for name in COLLECTIONS:
        row = run.collections[name]
        announced = "-" if row["announced"] is None else f"{row['announced']:,}"
        print(
            f"  {name:<18}{announced:>11}{row['received']:>10,}{row['kept']:>10,}"
            f"{row['setAside']:>11,}{row['duplicates']:>12,}"
        )
    print_statistics(run)
    print_changes(run)


def print_statistics(run: RunRecord) -> None:
    """Print the statistics, and why classes yield no groups."""
    print("  " + " · ".join(f"{run.statistics[name]:,} {name}" for name in STATISTICS))
    if run.without_groups:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(run.without_groups.items()))
        print(f"  classes without groups: {reasons}")
    if run.notes:
        notes = ", ".join(f"{what} {count:,}" for what, count in sorted(run.notes.items()))
        print(f"  to look into: {notes}")
    for warning in run.warnings:
        print(f"  warning: {warning}")


def print_changes(run: RunRecord) -> None:
    """Print what the run added, changed and removed, and how many items it wrote."""
    for kind in CHANGED:
        counts = " · ".join(
            f"{run.changes.get(change, {}).get(kind, 0):,} {change}"
            for change in ("added", "changed", "removed")
        )
        print(f"  {kind:<18}{counts}")
    roster, groups = run.writes.get("roster", 0), run.writes.get("groups", 0)
    print(f"  written: {roster:,} roster items, {groups:,} group items; {run.requests:,} requests")
    if run.delivery:
        told = {name: f"{count:,}" for name, count in run.delivery.items()}
        print(
            f"  told Senso: {told['groups']} groups, {told['removals']} removals in {told['events']} events; "
            f"{told['linked']} teachers have a user, {told['waiting']} with groups wait for one"
        )


def print_times(execution: Execution) -> None:
    """Print the seconds of each state of a sync, in the order they were entered."""
    seconds = execution.seconds_by_state()
    shown = [state for state in dict.fromkeys(execution.states_entered) if seconds.get(state, 0.0) >= 0.05]
    print("  " + " · ".join(f"{state} {seconds[state]:.1f} s" for state in shown))


def failure_of(execution: Execution) -> str:
    """Return why an execution failed, in the words of the error that ended it."""
    try:
        cause: object = json.loads(execution.cause)
    except ValueError:
        cause = execution.cause
    message = cause.get("errorMessage") if isinstance(cause, Mapping) else cause
    return f"{execution.error}: {message}" if message else execution.error
