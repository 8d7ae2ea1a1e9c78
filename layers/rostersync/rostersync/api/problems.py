"""Errors as problem details (RFC 9457), each with a code that stays."""

import json
import re
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response

from rostersync import errors
from rostersync.errors import RosterSyncError

CONTENT_TYPE: Final = "application/problem+json"

STATUS: Final[dict[type[RosterSyncError], tuple[int, str]]] = {
    errors.InvalidInput: (400, "The request is not valid"),
    errors.Forbidden: (403, "Not allowed"),
    errors.NotFound: (404, "Not found"),
    errors.TooLarge: (413, "The request is too long"),
    errors.UnsupportedMediaType: (415, "Not JSON"),
    errors.NotConnected: (409, "Not connected"),
    errors.PreviewNeeded: (409, "Preview first"),
    errors.OtherDistrict: (409, "Another district"),
    errors.AlreadyDecided: (409, "Decided already"),
    errors.HeldListExpired: (409, "Not kept any more"),
    errors.RunInProgress: (409, "A sync is in progress"),
    # What the Roster Server said of the credentials in the request: nothing is wrong with the caller's own.
    errors.CredentialsRejected: (422, "Credentials rejected"),
    errors.AccessDenied: (422, "Not approved"),
    errors.NotARosterServer: (422, "Not a Roster Server"),
    errors.UnexpectedAnswer: (422, "Not a Roster Server"),
    errors.RosterServerUnavailable: (422, "Not reachable"),
    errors.TooSlow: (422, "Too slow"),
    errors.StorageConflict: (503, "Try again"),
    errors.StorageUnavailable: (503, "Try again"),
    errors.EventBusUnavailable: (503, "Try again"),
}
"""What a caller is told of an error of ours; any other is a mistake of ours."""


def code_of(kind: type[RosterSyncError]) -> str:
    """Return the code of an error, made of its name: ``RunInProgress`` is ``run-in-progress``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=A)(?=R[a-z])", "-", kind.__name__).lower()


def problem_of(error: RosterSyncError, run_id: str = "") -> Response[str]:
    """Return an error as the portal gets it: the sentence that we wrote, and nothing else."""
    found = STATUS.get(type(error))
    if found is None:
        return unexpected(run_id)
    status, title = found
    more = {}
    if isinstance(error, errors.OtherDistrict):
        more["districts"] = {"connected": error.connected, "found": error.found}
    return problem(status, code_of(type(error)), title, str(error), run_id, **more)


def unexpected(run_id: str = "") -> Response[str]:
    """Return what a caller is told of a mistake of ours."""
    detail = "something went wrong on our side; try again, and tell support the time if it lasts"
    return problem(500, "unexpected-error", "Unexpected error", detail, run_id)


def problem(status: int, code: str, title: str, detail: str, run_id: str = "", **more: Any) -> Response[str]:
    """Return problem details; ``more`` are members that this kind of problem has beside the usual ones."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    if run_id:
        body["runId"] = run_id
    return Response(status_code=status, content_type=CONTENT_TYPE, body=json.dumps(body))
