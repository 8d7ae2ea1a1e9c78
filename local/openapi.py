"""``python -m local openapi``: write the API's description into docs/openapi.json."""

import argparse
import json
from pathlib import Path
from typing import Final

from rostersync.api.document import describe

PATH: Final = Path(__file__).parents[1] / "docs/openapi.json"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("openapi", help="write the API's description into docs/openapi.json")
    parser.set_defaults(run=lambda _: run())


def run() -> int:
    """Write the file; return the exit status."""
    PATH.write_text(written(), encoding="utf-8")
    print(f"wrote {PATH}")
    return 0


def written() -> str:
    """Return what the file has to hold."""
    return json.dumps(describe(), indent=1, ensure_ascii=False) + "\n"
