"""What a run set aside, and what it found that an admin may want to look into: to read and to download."""

import csv
import io
from collections import Counter
from typing import Annotated, Final

from msgspec import Meta, Struct

from rostersync.errors import NotFound, StagedObjectMissing
from rostersync.parsing import TenantId
from rostersync.roster.records import SetAside
from rostersync.steps.mending import MEND
from rostersync.steps.requests import Request, RunId
from rostersync.steps.review_changes import NOTED
from rostersync.steps.staged_pull import SET_ASIDE
from rostersync.storage import staged
from rostersync.storage.lines import decode_lines
from rostersync.storage.stores import Stores

LINK_SECONDS: Final = 300
"""How long the link to a table can be followed: by whoever has it, so not for long."""

_EXECUTED: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet takes for a formula (OWASP, CSV injection)."""


class IssuesRequest(Request, frozen=True, kw_only=True):
    """A run's issues, of one collection and for one reason unless "" is given."""

    tenant_id: TenantId
    run_id: RunId
    collection: Annotated[str, Meta(max_length=50)] = ""
    reason: Annotated[str, Meta(max_length=200)] = ""
    offset: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100


class Issue(Struct, frozen=True):
    """A record, by collection and id, with the field and the reason. ``taken``: it counts all the same.

    ``mend`` says what the district does about it.
    """

    collection: str
    sourced_id: str
    field: str
    reason: str
    taken: bool
    mend: str


class Issues(Struct, frozen=True):
    """A page of the issues that fit; ``counts`` of all, by collection and reason."""

    issues: tuple[Issue, ...]
    total: int
    counts: dict[str, dict[str, int]]


def list_issues(request: IssuesRequest, stores: Stores) -> Issues:
    """Return a page, in the order of collection, reason and id.

    Raises ``NotFound`` for a run that is not the tenant's, and once its list has expired.
    """
    found = _read(request.tenant_id, request.run_id, stores)
    counts: dict[str, Counter[str]] = {}
    for issue in found:
        counts.setdefault(issue.collection, Counter())[issue.reason] += 1
    fitting = [
        issue
        for issue in found
        if request.collection in {"", issue.collection} and request.reason in {"", issue.reason}
    ]
    return Issues(
        tuple(fitting[request.offset : request.offset + request.limit]),
        len(fitting),
        {collection: dict(several) for collection, several in sorted(counts.items())},
    )


def export_issues(tenant_id: str, run_id: str, stores: Stores) -> str:
    """Write all issues of a run as CSV; return a link that can be followed for five minutes."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["collection", "sourcedId", "field", "reason", "taken", "mend"])
    for issue in _read(tenant_id, run_id, stores):
        cells = (
            issue.collection,
            issue.sourced_id,
            issue.field,
            issue.reason,
            "yes" if issue.taken else "no",
            issue.mend,
        )
        table.writerow([as_cell(cell) for cell in cells])
    key = staged.issues_table(tenant_id, run_id)
    # With the mark by which a spreadsheet knows UTF-8.
    stores.staging.put_text(key, "\ufeff" + text.getvalue(), "text/csv; charset=utf-8")
    return stores.staging.link(key, LINK_SECONDS, file_name=f"{run_id}.csv")


def as_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_EXECUTED) else text


def _read(tenant_id: str, run_id: str, stores: Stores) -> list[Issue]:
    try:
        sections = stores.staging.sections(staged.issues(tenant_id, run_id), (SET_ASIDE, NOTED))
    except StagedObjectMissing:
        raise NotFound("there is no list of issues of this sync; it is kept for 90 days") from None
    found = [
        Issue(row.collection, row.sourced_id, row.field, row.reason, taken, MEND.get(row.reason, ""))
        for name, taken in ((SET_ASIDE, False), (NOTED, True))
        for row in decode_lines(sections.get(name, b""), SetAside)
    ]
    found.sort(key=lambda issue: (issue.collection, issue.reason, issue.sourced_id, issue.field))
    return found
