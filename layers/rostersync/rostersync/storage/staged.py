"""Where staged objects lie: one place per run and pull, so that a step that runs twice leaves the same.

Everything is under ``staging/``, whose objects expire after days, but for the lists of issues and of what is
held, which are kept for 90. Keys hold ids of ours, never a person's.
"""

from typing import Final

RUNS: Final = "staging/runs"
NIGHTS: Final = "staging/nights"
ISSUES: Final = "issues"
HELD: Final = "held"


def of_tenant(tenant_id: str) -> str:
    """Return the prefix of all that is staged for a tenant."""
    return f"{RUNS}/{tenant_id}/"


def of_run(tenant_id: str, run_id: str) -> str:
    """Return the prefix of all that is staged for a run."""
    return f"{of_tenant(tenant_id)}{run_id}/"


def of_pull(tenant_id: str, run_id: str, pull: int) -> str:
    """Return the prefix of all that is staged for a pull, 1 to 3."""
    return f"{of_run(tenant_id, run_id)}pull-{pull}/"


def plan(tenant_id: str, run_id: str, pull: int) -> str:
    """Return the key of what Plan leaves."""
    return f"{of_pull(tenant_id, run_id, pull)}plan.json"


def fetch_part(tenant_id: str, run_id: str, pull: int, task: int, part: int) -> str:
    """Return the key of what one invocation for a Fetch task leaves; parts of a task count from 0."""
    return f"{of_pull(tenant_id, run_id, pull)}fetch/{task:04}/{part:04}.pack"


def verdict(tenant_id: str, run_id: str, pull: int) -> str:
    """Return the key of what Seal leaves."""
    return f"{of_pull(tenant_id, run_id, pull)}verdict.pack"


def of_look(tenant_id: str, run_id: str, pull: int, holding: bool) -> str:
    """Return the prefix of what a look at a complete pull leaves: the first, or the one that holds."""
    return of_pull(tenant_id, run_id, pull) + ("holding/" if holding else "")


def people(tenant_id: str, run_id: str, pull: int, holding: bool, shard: int) -> str:
    """Return the key of what People leaves for a shard of the roster."""
    return f"{of_look(tenant_id, run_id, pull, holding)}people/{shard:x}.pack"


def owners(tenant_id: str, run_id: str, pull: int, holding: bool) -> str:
    """Return the key of what Owners leaves."""
    return f"{of_look(tenant_id, run_id, pull, holding)}owners.pack"


def classes(tenant_id: str, run_id: str, pull: int, holding: bool, shard: int) -> str:
    """Return the key of what Classes leaves for a shard of the roster."""
    return f"{of_look(tenant_id, run_id, pull, holding)}classes/{shard:x}.pack"


def groups(tenant_id: str, run_id: str, pull: int, holding: bool, shard: int) -> str:
    """Return the key of what Groups leaves for a shard of the owners."""
    return f"{of_look(tenant_id, run_id, pull, holding)}groups/{shard:x}.pack"


def review(tenant_id: str, run_id: str, pull: int, holding: bool) -> str:
    """Return the key of what Review leaves."""
    return f"{of_look(tenant_id, run_id, pull, holding)}review.json"


def published(tenant_id: str, run_id: str, pull: int, shard: int) -> str:
    """Return the key of how many items Publish wrote for a shard."""
    return f"{of_pull(tenant_id, run_id, pull)}published/{shard:x}.json"


def delivered(tenant_id: str, run_id: str, pull: int, shard: int) -> str:
    """Return the key of what Deliver counted for a shard."""
    return f"{of_pull(tenant_id, run_id, pull)}delivered/{shard:x}.json"


def issues_of_tenant(tenant_id: str) -> str:
    """Return the prefix of a tenant's lists of issues."""
    return f"{ISSUES}/{tenant_id}/"


def issues(tenant_id: str, run_id: str) -> str:
    """Return the key of what a run set aside or found, for an admin to look into."""
    return f"{issues_of_tenant(tenant_id)}{run_id}.pack"


def issues_table(tenant_id: str, run_id: str) -> str:
    """Return the key of the same as a table to download."""
    return f"{issues_of_tenant(tenant_id)}{run_id}.csv"


def held_of_tenant(tenant_id: str) -> str:
    """Return the prefix of a tenant's lists of what is held."""
    return f"{HELD}/{tenant_id}/"


def held(tenant_id: str, run_id: str) -> str:
    """Return the key of what a run held, until somebody decides."""
    return f"{held_of_tenant(tenant_id)}{run_id}.pack"


def night_tenants(execution: str) -> str:
    """Return the key of the tenants that a night takes, by the name of its execution."""
    return f"{NIGHTS}/{execution}/tenants.json"
