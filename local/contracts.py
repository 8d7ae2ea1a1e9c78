"""``python -m local contracts``: write the JSON Schemas of the events into docs/contracts/.

An event has one file: the schema that its model makes, and below it the examples, which are kept as they are.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator

from rostersync.senso.contracts import SENSO_SENDS, WE_SEND, schema_of

FOLDER: Final = Path(__file__).parents[1] / "docs/contracts"

DETAIL_TYPES: Final = (*WE_SEND, *SENSO_SENDS)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("contracts", help="write the events' JSON Schemas into docs/contracts/")
    parser.set_defaults(run=lambda _: run())


def run() -> int:
    """Write every file anew; return the exit status."""
    FOLDER.mkdir(exist_ok=True)
    for detail_type in DETAIL_TYPES:
        path_of(detail_type).write_text(written(detail_type), encoding="utf-8")
    print(f"wrote {len(DETAIL_TYPES)} schemas into {FOLDER}")
    return 0


def path_of(detail_type: str) -> Path:
    """Return the file of an event."""
    return FOLDER / f"{detail_type.lower().replace(' ', '-')}.v1.schema.json"


def written(detail_type: str) -> str:
    """Return what the event's file has to hold: the model's schema, and the examples that are there."""
    contract = {**schema_of(detail_type), "examples": examples_of(detail_type)}
    return json.dumps(contract, indent=2, ensure_ascii=False) + "\n"


def examples_of(detail_type: str) -> list[dict[str, Any]]:
    """Return the examples in the event's file."""
    path = path_of(detail_type)
    if not path.exists():
        return []
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")).get("examples", [])
    return found


def validator_of(detail_type: str) -> Draft202012Validator:
    """Return what judges an event's detail by its file, times too, as somebody who has only the file."""
    contract = json.loads(path_of(detail_type).read_text(encoding="utf-8"))
    return Draft202012Validator(contract, format_checker=Draft202012Validator.FORMAT_CHECKER)
