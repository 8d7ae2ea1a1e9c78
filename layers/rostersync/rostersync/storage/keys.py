"""Every key of the table, in one place.

| item | pk | sk |
|---|---|---|
| integration | ``T#<tenant>`` | ``INTEGRATION`` |
| lease | ``T#<tenant>`` | ``LEASE`` |
| run | ``T#<tenant>#RUNS`` | ``RUN#<run id>`` |
| progress of a Fetch task | ``T#<tenant>#RUNS`` | ``PROGRESS#<run id>#<task>`` |
| org | ``T#<tenant>#R#<shard of sourcedId>`` | ``ORG#<sourcedId>`` |
| academic session | ``T#<tenant>#R#<shard of sourcedId>`` | ``SESSION#<sourcedId>`` |
| course | ``T#<tenant>#R#<shard of sourcedId>`` | ``COURSE#<sourcedId>`` |
| class with its enrollments | ``T#<tenant>#C#<shard of sourcedId>`` | ``CLASS#<sourcedId>`` |
| person | ``T#<tenant>#R#<shard of sourcedId>`` | ``PERSON#<sourcedId>`` |
| removed person, 30 days | ``T#<tenant>#R#<shard of sourcedId>`` | ``GONE#<sourcedId>`` |
| owner | ``T#<tenant>#O#<shard of owner id>`` | ``OWNER#<owner id>`` |
| former owner, 400 days | ``T#<tenant>#O#<shard of owner id>`` | ``FORMER#<owner id>`` |
| group | ``T#<tenant>#G#<shard of owner id>`` | ``OWNER#<owner id>#GROUP#<group id>`` |
| an owner's classes | ``T#<tenant>#G#<shard of owner id>`` | ``OWNER#<owner id>#CLASSES`` |
| e-mail's owner | ``T#<tenant>#E#<shard of e-mail>`` | ``EMAIL#<e-mail>`` |
| an hour claimed | ``NIGHT`` | ``HOUR#<scheduled time>`` |
| the night at work | ``NIGHT`` | ``AT WORK`` |
| how a night went | ``NIGHT`` | ``SUMMARY#<execution name>`` |

Shards are one hex digit. Tenant, run, owner and group ids hold no ``#``; a sourcedId or an e-mail may, and
stands last, so that no two items meet in one key. A sort key has 1,024 bytes at most: ``MAX_ID_BYTES``.

What one step reads lies together, apart from what it does not: people without the classes' enrollments,
owners without groups. An owner's groups stand side by side: one query answers "this owner's groups".
"""

from collections.abc import Mapping
from typing import Final

from rostersync.roster.identity import shard_of
from rostersync.roster.records import AcademicSession, Class, Course, Org, Person
from rostersync.storage.attributes import Key

MAX_ID_BYTES: Final = 1_000
"""The longest sourcedId or e-mail, in UTF-8 bytes, that fits a key; longer ones are set aside before."""

CLASS_PREFIX: Final = "CLASS#"
EMAIL_PREFIX: Final = "EMAIL#"
FORMER_PREFIX: Final = "FORMER#"
GONE_PREFIX: Final = "GONE#"
OWNER_PREFIX: Final = "OWNER#"
RUN_PREFIX: Final = "RUN#"

RECORD_PREFIXES: Final[Mapping[type, str]] = {
    Org: "ORG#",
    AcademicSession: "SESSION#",
    Course: "COURSE#",
    Class: CLASS_PREFIX,
    Person: "PERSON#",
}
"""The begin of a sort key, by type of record."""

_CLASSES_SUFFIX: Final = "#CLASSES"

INTEGRATIONS: Final = "INTEGRATIONS"
"""The list of the index ``by_due`` that holds integrations by the hour they are due."""


def tenant_partition(tenant_id: str) -> str:
    """Return where a tenant's integration and lease lie."""
    return f"T#{tenant_id}"


def tenant_of(pk: str) -> str:
    """Return the tenant whose partition this is."""
    return pk.split("#", 2)[1]


def integration(tenant_id: str) -> Key:
    """Return the key of a tenant's integration."""
    return tenant_partition(tenant_id), "INTEGRATION"


def lease(tenant_id: str) -> Key:
    """Return the key of a tenant's lease."""
    return tenant_partition(tenant_id), "LEASE"


def runs_partition(tenant_id: str) -> str:
    """Return where a tenant's runs lie."""
    return f"T#{tenant_id}#RUNS"


def run(tenant_id: str, run_id: str) -> Key:
    """Return the key of a run."""
    return runs_partition(tenant_id), f"{RUN_PREFIX}{run_id}"


def progress_prefix(run_id: str) -> str:
    """Return how the sort keys of a run's progress begin."""
    return f"PROGRESS#{run_id}#"


def progress(tenant_id: str, run_id: str, task: int) -> Key:
    """Return the key of the progress of one Fetch task."""
    return runs_partition(tenant_id), f"{progress_prefix(run_id)}{task}"


def roster_partition(tenant_id: str, shard: int) -> str:
    """Return where one shard of a tenant's roster lies."""
    return f"T#{tenant_id}#R#{shard:x}"


def classes_partition(tenant_id: str, shard: int) -> str:
    """Return where one shard of a tenant's classes lies, with their enrollments."""
    return f"T#{tenant_id}#C#{shard:x}"


def record(tenant_id: str, kind: type, sourced_id: str) -> Key:
    """Return the key of a record of the roster."""
    partition = classes_partition if kind is Class else roster_partition
    return partition(tenant_id, shard_of(sourced_id)), RECORD_PREFIXES[kind] + sourced_id


def sourced_id_of(sk: str) -> str:
    """Return the sourcedId, or e-mail, at the end of a sort key."""
    return sk.split("#", 1)[1]


def gone(tenant_id: str, sourced_id: str) -> Key:
    """Return the key of what is kept of a removed person."""
    return roster_partition(tenant_id, shard_of(sourced_id)), GONE_PREFIX + sourced_id


def owners_partition(tenant_id: str, shard: int) -> str:
    """Return where one shard of a tenant's owners lies, the former ones too."""
    return f"T#{tenant_id}#O#{shard:x}"


def owner(tenant_id: str, owner_id: str) -> Key:
    """Return the key of an owner."""
    return owners_partition(tenant_id, shard_of(owner_id)), OWNER_PREFIX + owner_id


def former_owner(tenant_id: str, owner_id: str) -> Key:
    """Return the key of a former owner."""
    return owners_partition(tenant_id, shard_of(owner_id)), FORMER_PREFIX + owner_id


def groups_partition(tenant_id: str, shard: int) -> str:
    """Return where the groups and class lists of one shard of owners lie."""
    return f"T#{tenant_id}#G#{shard:x}"


def groups_prefix(owner_id: str) -> str:
    """Return how the sort keys of an owner's groups begin."""
    return f"{OWNER_PREFIX}{owner_id}#GROUP#"


def group(tenant_id: str, owner_id: str, group_id: str) -> Key:
    """Return the key of a group."""
    return groups_partition(tenant_id, shard_of(owner_id)), groups_prefix(owner_id) + group_id


def class_list(tenant_id: str, owner_id: str) -> Key:
    """Return the key of the list of an owner's classes."""
    return groups_partition(tenant_id, shard_of(owner_id)), OWNER_PREFIX + owner_id + _CLASSES_SUFFIX


def is_class_list(sk: str) -> bool:
    """Say whether a sort key of a groups partition is a class list's, else it is a group's."""
    return sk.endswith(_CLASSES_SUFFIX)


def owner_of(sk: str) -> str:
    """Return the owner id in a sort key of an owners or groups partition."""
    return sk.split("#", 2)[1]


def emails_partition(tenant_id: str, shard: int) -> str:
    """Return where one shard of a tenant's e-mails lies."""
    return f"T#{tenant_id}#E#{shard:x}"


def email(tenant_id: str, address: str) -> Key:
    """Return the key of an e-mail's owner, by the normalised address."""
    return emails_partition(tenant_id, shard_of(address)), EMAIL_PREFIX + address


NIGHT_AT_WORK: Final[Key] = ("NIGHT", "AT WORK")
"""The key of the claim that only one night has at a time."""


def hour(scheduled_time: str) -> Key:
    """Return the key of the claim on a scheduled hour."""
    return "NIGHT", f"HOUR#{scheduled_time}"


def night(execution: str) -> Key:
    """Return the key of the summary of a night, by the name of its execution."""
    return "NIGHT", f"SUMMARY#{execution}"
