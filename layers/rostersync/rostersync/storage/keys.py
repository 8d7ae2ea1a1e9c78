"""Every key of the table, in one place.

| item | pk | sk |
|---|---|---|
| integration | ``T#<tenant>`` | ``INTEGRATION`` |
| since when a tenant is being connected | ``T#<tenant>`` | ``CONNECTING`` |
| lease | ``T#<tenant>`` | ``LEASE`` |
| run | ``T#<tenant>#RUNS`` | ``RUN#<run id>`` |
| progress of a Fetch task | ``T#<tenant>#RUNS`` | ``PROGRESS#<run id>#<task>`` |
| requests that a run has sent | ``T#<tenant>#RUNS`` | ``REQUESTS#<run id>`` |
| org | ``T#<tenant>#R#<shard of sourcedId>`` | ``ORG#<sourcedId>`` |
| academic session | ``T#<tenant>#R#<shard of sourcedId>`` | ``SESSION#<sourcedId>`` |
| course | ``T#<tenant>#R#<shard of sourcedId>`` | ``COURSE#<sourcedId>`` |
| class with its enrollments | ``T#<tenant>#C#<shard of sourcedId>`` | ``CLASS#<sourcedId>`` |
| person | ``T#<tenant>#R#<shard of sourcedId>`` | ``PERSON#<sourcedId>`` |
| removed person, 30 days | ``T#<tenant>#R#<shard of sourcedId>`` | ``GONE#<sourcedId>`` |
| owner | ``T#<tenant>#O#<shard of owner id>`` | ``OWNER#<owner id>`` |
| former owner, 400 days | ``T#<tenant>#O#<shard of owner id>`` | ``FORMER#<owner id>`` |
| an owner's classes | ``T#<tenant>#O#<shard of owner id>`` | ``CLASSES#<owner id>`` |
| an owner's link | ``T#<tenant>#O#<shard of owner id>`` | ``LINK#<owner id>`` |
| the user matched to an owner by hand | ``T#<tenant>#O#<shard of owner id>`` | ``MATCH#<owner id>`` |
| a user wanted for an owner | ``T#<tenant>#O#<shard of owner id>`` | ``WANTED#<owner id>`` |
| group | ``T#<tenant>#G#<shard of owner id>`` | ``OWNER#<owner id>#GROUP#<group id>`` |
| what was sent of an owner's groups | ``T#<tenant>#G#<shard of owner id>`` | ``OWNER#<owner id>#SENT`` |
| e-mail's owner | ``T#<tenant>#E#<shard of e-mail>`` | ``EMAIL#<e-mail>`` |
| e-mail's users | ``T#<tenant>#E#<shard of e-mail>`` | ``USER#<e-mail>#<user id>`` |
| user | ``T#<tenant>#U#<shard of user id>`` | ``USER#<user id>`` |
| the owner a user is linked to | ``T#<tenant>#U#<shard of user id>`` | ``LINKED#<user id>`` |
| the owner a user is matched to by hand | ``T#<tenant>#U#<shard of user id>`` | ``MATCHED#<user id>`` |
| pages of a list of users | ``T#<tenant>`` | ``LISTING#<request id>#<as of>`` |
| the last complete list of users | ``T#<tenant>`` | ``LISTED`` |
| an hour claimed | ``NIGHT`` | ``HOUR#<scheduled time>`` |
| the night at work | ``NIGHT`` | ``AT WORK`` |
| how a night went | ``NIGHT`` | ``SUMMARY#<execution name>`` |

Shards are one hex digit. Tenant, run, owner, group, user and request ids hold no ``#``; a sourcedId or an
e-mail may, and stands last, or before one id that is cut off from the end, so that no two items meet in one
key. A sort key has 1,024 bytes at most: ``MAX_ID_BYTES``.

What one step reads lies together, apart from what it does not: people without the classes' enrollments,
owners and all that is known of each without the groups. An owner's groups stand side by side, with what was
sent of them: one query answers "this owner's groups".
"""

from collections.abc import Mapping
from typing import Final

from rostersync.roster.identity import shard_of
from rostersync.roster.records import AcademicSession, Class, Course, Org, Person
from rostersync.storage.attributes import Key

MAX_ID_BYTES: Final = 1_000
"""The longest sourcedId or e-mail, in UTF-8 bytes, that fits a key; longer ones are set aside before."""

CLASS_LIST_PREFIX: Final = "CLASSES#"
CLASS_PREFIX: Final = "CLASS#"
EMAIL_PREFIX: Final = "EMAIL#"
FORMER_PREFIX: Final = "FORMER#"
GONE_PREFIX: Final = "GONE#"
LINK_PREFIX: Final = "LINK#"
LINKED_PREFIX: Final = "LINKED#"
MATCH_PREFIX: Final = "MATCH#"
MATCHED_PREFIX: Final = "MATCHED#"
OWNER_PREFIX: Final = "OWNER#"
RUN_PREFIX: Final = "RUN#"
USER_PREFIX: Final = "USER#"
WANTED_PREFIX: Final = "WANTED#"

RECORD_PREFIXES: Final[Mapping[type, str]] = {
    Org: "ORG#",
    AcademicSession: "SESSION#",
    Course: "COURSE#",
    Class: CLASS_PREFIX,
    Person: "PERSON#",
}
"""The begin of a sort key, by type of record."""

_SENT_SUFFIX: Final = "#SENT"

INTEGRATIONS: Final = "INTEGRATIONS"
"""The list of the index ``by_due`` that holds integrations by the hour they are due."""

PAUSED_INTEGRATIONS: Final = "PAUSED INTEGRATIONS"
"""The list of those who have no nights for now: nobody looks at them but who looks at all."""


def tenant_partition(tenant_id: str) -> str:
    """Return where a tenant's integration and lease lie."""
    return f"T#{tenant_id}"


def tenant_of(pk: str) -> str:
    """Return the tenant whose partition this is."""
    return pk.split("#", 2)[1]


def integration(tenant_id: str) -> Key:
    """Return the key of a tenant's integration."""
    return tenant_partition(tenant_id), "INTEGRATION"


def connecting(tenant_id: str) -> Key:
    """Return the key of since when a tenant is being connected, or was."""
    return tenant_partition(tenant_id), "CONNECTING"


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


def requests(tenant_id: str, run_id: str) -> Key:
    """Return the key of the count of requests that a run has sent."""
    return runs_partition(tenant_id), f"REQUESTS#{run_id}"


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


def class_list(tenant_id: str, owner_id: str) -> Key:
    """Return the key of the list of an owner's classes."""
    return owners_partition(tenant_id, shard_of(owner_id)), CLASS_LIST_PREFIX + owner_id


def link(tenant_id: str, owner_id: str) -> Key:
    """Return the key of an owner's link."""
    return owners_partition(tenant_id, shard_of(owner_id)), LINK_PREFIX + owner_id


def match(tenant_id: str, owner_id: str) -> Key:
    """Return the key of the user that an owner was matched to by hand."""
    return owners_partition(tenant_id, shard_of(owner_id)), MATCH_PREFIX + owner_id


def wanted(tenant_id: str, owner_id: str) -> Key:
    """Return the key of the user that is wanted for an owner."""
    return owners_partition(tenant_id, shard_of(owner_id)), WANTED_PREFIX + owner_id


def groups_partition(tenant_id: str, shard: int) -> str:
    """Return where the groups of one shard of owners lie, with what was sent of them."""
    return f"T#{tenant_id}#G#{shard:x}"


def groups_prefix(owner_id: str) -> str:
    """Return how the sort keys begin of an owner's groups and of what was sent of them."""
    return f"{OWNER_PREFIX}{owner_id}#"


def group(tenant_id: str, owner_id: str, group_id: str) -> Key:
    """Return the key of a group."""
    return groups_partition(tenant_id, shard_of(owner_id)), f"{groups_prefix(owner_id)}GROUP#{group_id}"


def sent(tenant_id: str, owner_id: str) -> Key:
    """Return the key of what was sent of an owner's groups."""
    return groups_partition(tenant_id, shard_of(owner_id)), OWNER_PREFIX + owner_id + _SENT_SUFFIX


def is_sent(sk: str) -> bool:
    """Say whether a sort key of a groups partition is of what was sent, else it is a group's."""
    return sk.endswith(_SENT_SUFFIX)


def owner_of(sk: str) -> str:
    """Return the owner id in a sort key of an owners or groups partition."""
    return sk.split("#", 2)[1]


def emails_partition(tenant_id: str, shard: int) -> str:
    """Return where one shard of a tenant's e-mails lies, with their owners and users."""
    return f"T#{tenant_id}#E#{shard:x}"


def email(tenant_id: str, address: str) -> Key:
    """Return the key of an e-mail's owner, by the normalised address."""
    return emails_partition(tenant_id, shard_of(address)), EMAIL_PREFIX + address


def email_users_prefix(address: str) -> str:
    """Return how the sort keys of an e-mail's users begin."""
    return f"{USER_PREFIX}{address}#"


def email_user(tenant_id: str, address: str, user_id: str) -> Key:
    """Return the key that says that a user has an e-mail."""
    return emails_partition(tenant_id, shard_of(address)), email_users_prefix(address) + user_id


def users_partition(tenant_id: str, shard: int) -> str:
    """Return where one shard of a tenant's users lies."""
    return f"T#{tenant_id}#U#{shard:x}"


def user(tenant_id: str, user_id: str) -> Key:
    """Return the key of a user."""
    return users_partition(tenant_id, shard_of(user_id)), USER_PREFIX + user_id


def linked(tenant_id: str, user_id: str) -> Key:
    """Return the key of the owner that a user is linked to."""
    return users_partition(tenant_id, shard_of(user_id)), LINKED_PREFIX + user_id


def matched(tenant_id: str, user_id: str) -> Key:
    """Return the key of the owner that a user was matched to by hand."""
    return users_partition(tenant_id, shard_of(user_id)), MATCHED_PREFIX + user_id


def shard_partitions(tenant_id: str, shard: int) -> tuple[str, ...]:
    """Return every partition of one shard: of the roster, of the owners, of e-mails and of users."""
    return (
        roster_partition(tenant_id, shard),
        classes_partition(tenant_id, shard),
        owners_partition(tenant_id, shard),
        groups_partition(tenant_id, shard),
        emails_partition(tenant_id, shard),
        users_partition(tenant_id, shard),
    )


def listing(tenant_id: str, request_id: str, as_of: int) -> Key:
    """Return the key of the pages that have come of one list of users, as of a time in ms since 1970."""
    return tenant_partition(tenant_id), f"LISTING#{request_id}#{as_of}"


def listed(tenant_id: str) -> Key:
    """Return the key of the last complete list of users."""
    return tenant_partition(tenant_id), "LISTED"


NIGHT_AT_WORK: Final[Key] = ("NIGHT", "AT WORK")
"""The key of the claim that only one night has at a time."""


def hour(scheduled_time: str) -> Key:
    """Return the key of the claim on a scheduled hour."""
    return "NIGHT", f"HOUR#{scheduled_time}"


def night(execution: str) -> Key:
    """Return the key of the summary of a night, by the name of its execution."""
    return "NIGHT", f"SUMMARY#{execution}"
