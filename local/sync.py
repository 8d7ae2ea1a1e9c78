"""``python -m local sync``: the sync state machine against any Roster Server, from an empty table."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from local.engine import LocalEngine
from local.report import failure_of, print_run, print_times
from local.tenants import connect, stores_of
from local.watching import view_on, watch
from rostersync.errors import RosterSyncError
from rostersync.roster.records import COLLECTIONS
from rostersync.settings import HOST_SUFFIX
from rostersync.steps.requests import parse_request
from rostersync.steps.tallies import STATISTICS
from rostersync.steps.verify_credentials import ConnectRequest
from rostersync.storage.runs import RunRecord

TENANT = "local"
EXIT = {"published": 0, "unchanged": 0, "previewed": 0, "failed": 2, "held": 3}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "sync",
        help="run the sync state machine against a Roster Server",
        description="Runs the sync state machine on the local engine, from an empty table.",
    )
    parser.add_argument("--server-url", required=True, help="the server's address, with or without its path")
    parser.add_argument(
        "--client-id", default=os.environ.get("ROSTER_CLIENT_ID", ""), help="or ROSTER_CLIENT_ID"
    )
    parser.add_argument(
        "--client-secret",
        default="",
        help="or, where other people can see the command line, ROSTER_CLIENT_SECRET",
    )
    parser.add_argument("--token", default="", help="the bearer token, or ROSTER_TOKEN")
    parser.add_argument("--auth", choices=["auto", "oauth1", "oauth2", "bearer"], default="auto")
    parser.add_argument("--mode", choices=["changes", "full", "preview"], default="changes")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Connect, sync, report; return the exit status."""
    overrides = {"Environment": "local", **_allowing(arguments.server_url)}
    with LocalEngine(overrides=overrides) as engine:
        try:
            request = parse_request(
                ConnectRequest,
                {
                    "tenantId": TENANT,
                    "serverUrl": arguments.server_url,
                    "clientId": arguments.client_id,
                    "clientSecret": arguments.client_secret or os.environ.get("ROSTER_CLIENT_SECRET", ""),
                    "token": arguments.token or os.environ.get("ROSTER_TOKEN", ""),
                    "auth": arguments.auth,
                },
            )
            found = connect(engine, request)
        except RosterSyncError as error:
            return end(arguments, "failed", str(error), None)
        if not arguments.json:
            schools = len(found.district.schools)
            print(f"{found.district.name}, {schools} schools, at {found.base_url}", flush=True)
        arn = engine.start_execution(
            "sync", {"tenantId": TENANT, "mode": arguments.mode, "actor": "command line"}
        )
        execution = watch(engine, arn, TENANT, None if arguments.json else view_on())
        record = stores_of(engine).runs.get(TENANT, execution.name)
        outcome = record.outcome if record and record.outcome else "failed"
        reason = record.reason if record and record.outcome else failure_of(execution)
        if not arguments.json:
            print_times(execution)
        return end(arguments, outcome, reason, record)


def _allowing(server_url: str) -> dict[str, str]:
    """Return the template's parameter that allows the server named on the command line, whoever's it is.

    A deployment keeps to ClassLink's hosts, because its addresses come from outside; here somebody has typed
    it. That it is https, and no address within, is asked of it all the same.
    """
    address = server_url.strip() if "://" in server_url else f"https://{server_url.strip()}"
    try:
        host = (urlsplit(address).hostname or "").lower()
    except ValueError:
        host = ""
    # An IP address is nothing that a template's list can hold; loopback needs no place in it.
    return {"RosterServerHosts": host} if HOST_SUFFIX.fullmatch(host) else {}


def end(arguments: argparse.Namespace, outcome: str, reason: str, record: RunRecord | None) -> int:
    """Print how it ended; return the exit status."""
    if arguments.json:
        print(json.dumps(as_json(outcome, reason, record)))
    elif record is not None and record.outcome != "failed":
        print_run(record)
    if EXIT[outcome]:
        print(f"{outcome}: {reason}", file=sys.stderr)
    return EXIT[outcome]


def as_json(outcome: str, reason: str, record: RunRecord | None) -> dict[str, Any]:
    """Return the object that ``--json`` prints; what a failed run did not get to is 0, or null."""
    collections = record.collections if record else {}
    nothing = {"announced": None, "received": 0, "kept": 0, "setAside": 0, "duplicates": 0}
    return {
        "outcome": outcome,
        "reason": reason,
        "collections": {name: {**nothing, **collections.get(name, {})} for name in COLLECTIONS},
        "statistics": _counts(record.statistics if record else {}, STATISTICS),
        "writes": _counts(record.writes if record else {}, ("roster", "groups")),
        "requests": record.requests if record else 0,
    }


def _counts(found: Mapping[str, int], names: tuple[str, ...]) -> dict[str, int]:
    return {name: found.get(name, 0) for name in names}
