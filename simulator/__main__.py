"""``python -m simulator``: serve a district until SIGINT or SIGTERM."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from simulator.bundle import NotABundle
from simulator.district import District
from simulator.faults import KINDS, BadFault, Fault
from simulator.render import PATHS
from simulator.server import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, SimulatedServer
from simulator.signatures import AUTHS, METHODS


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve as the arguments say; return the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        faults = [Fault.from_text(text) for text in asked.fault]
        district = _district(asked)
    except (BadFault, NotABundle) as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return 2
    server = SimulatedServer(
        district,
        faults=faults,
        client_id=asked.client_id,
        client_secret=asked.client_secret,
        token=asked.token,
        auths=asked.auth or tuple(METHODS),
        versions=asked.version or tuple(PATHS),
        partner_key=asked.partner_key,
        latency_ms=asked.latency_ms,
        latency_us_per_record=asked.latency_us_per_record,
        port=asked.port,
        host=asked.host,
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with server:
        print(_announcement(server), flush=True)  # noqa: T201 - for the person at the terminal
        stop.wait()
    return 0


def _district(asked: argparse.Namespace) -> District:
    if asked.csv:
        return District.from_bundle(asked.csv, today=asked.today, seed=asked.seed)
    return District.generate(
        students=asked.students,
        seed=asked.seed,
        today=asked.today,
        dirt_share=asked.dirt,
        name=asked.district,
        domain=asked.domain,
    )


def _announcement(server: SimulatedServer) -> str:
    district, gate = server.district, server.gate
    return "\n".join(
        (
            f"{district.name}, on {district.today}",
            f"Address        {server.url}",
            f"Client id      {gate.client_id}",
            # The double's own secret opens invented data; whoever starts it needs it.
            f"Client secret  {gate.client_secret}",
            f"Ways in        {', '.join(gate.auths)}{', bearer token' if gate.token else ''}",
            f"Steer it at    {server.url}/_simulator/ (advance, district, served, faults, oracle, secret)",
        )
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A Roster Server double: OneRoster 1.1 and 1.2 over an invented district.",
        epilog="Faults:\n" + "\n".join(f"  {kind:16}{meaning}" for kind, meaning in KINDS.items()),
        formatter_class=_Formatter,
    )
    what = parser.add_argument_group("what is served").add_argument
    what("--students", type=_whole, default=300, metavar="N", help="size of the district")
    what("--seed", type=int, default=1, help="another seed is another district")
    what("--dirt", type=_share, default=0.02, metavar="SHARE", help="share of dirty rows, 0 to 1")
    today = datetime.now(UTC).date()
    what("--today", type=date.fromisoformat, default=today, metavar="DATE", help="date to lay terms around")
    what("--district", default="", metavar="NAME", help="the district's name, in place of the seed's")
    what("--domain", default="", help="the district's e-mail domain, in place of the name's")
    what("--csv", type=Path, metavar="DIR", help="serve a OneRoster 1.1 CSV bundle")
    how = parser.add_argument_group("how it is reached").add_argument
    how("--port", type=_port, default=0, help="0 takes a free one")
    how("--host", default="127.0.0.1", help="address to listen on")
    how("--client-id", default=DEMO_CLIENT_ID, metavar="ID", help="id that requests are signed with")
    how("--client-secret", default=DEMO_CLIENT_SECRET, metavar="SECRET", help="secret they are signed with")
    how(
        "--auth", action="append", choices=AUTHS, help="way in that is open; repeatable; else both OAuth 1.0a"
    )
    how("--token", default="", help="static bearer token to accept as well")
    how("--version", action="append", choices=tuple(PATHS), help="path that exists; repeatable; else both")
    how("--partner-key", default="", metavar="KEY", help="serve the partner API and the proxy's paths for it")
    trouble = parser.add_argument_group("what goes wrong").add_argument
    trouble("--latency-ms", type=float, default=0.0, metavar="MS", help="wait for each request")
    trouble("--latency-us-per-record", type=float, default=0.0, metavar="US", help="wait for each record")
    fault = "KIND[:VALUE][,first=N][,every=N][,times=N][,collection=NAME]"
    trouble("--fault", action="append", default=[], metavar=fault, help="switch a fault on; repeatable")
    return parser


class _Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults, and the faults line by line."""


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("below 0")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError("not between 0 and 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
