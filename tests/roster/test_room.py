"""The domain knows no I/O; of msgspec it takes what values are made of, and nothing that reads or writes."""

import ast
from pathlib import Path

import pytest

import rostersync.roster

TAKEN = {"msgspec": {"Struct", "field"}, "msgspec.structs": {"replace"}}
MODULES = sorted(Path(rostersync.roster.__path__[0]).glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_of_msgspec_only_values_are_taken(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            assert not any(name.name.startswith("msgspec") for name in node.names)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("msgspec"):
            assert {name.name for name in node.names} <= TAKEN[str(node.module)]
