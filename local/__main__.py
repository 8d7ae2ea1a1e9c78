"""The command line: ``python -m local sync``, ``demo``, ``serve``, ``contracts`` and ``openapi``."""

import argparse
import os
import sys

from local import contracts, demo, openapi, serve, sync

INTERRUPTED = 130
"""The exit status that a shell gives to a command ended by Ctrl-C."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    sync.add_parser(commands)
    demo.add_parser(commands)
    contracts.add_parser(commands)
    openapi.add_parser(commands)
    serve.add_parser(commands)
    parsed = parser.parse_args(arguments)
    try:
        status: int = parsed.run(parsed)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted; nothing of it is kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has seen enough; what remains in the buffer must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    return status


if __name__ == "__main__":
    sys.exit(main())
