"""The lock files are in step with pyproject.toml and with each other."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
BENCHMARKS = (ROOT / "benchmarks/requirements.lock").read_text()
LAYER = (ROOT / "layers/dependencies/requirements.txt").read_text()


def pins(text: str) -> dict[str, set[str]]:
    """Versions by package; a universal lock may hold several, for different Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^ ;\\]+)", text, re.MULTILINE):
        found.setdefault(name.lower(), set()).add(version)
    return found


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[=<>;~! ]", requirement)[0].lower() for requirement in requirements}


def test_every_dependency_is_locked():
    dev = PROJECT["optional-dependencies"]["dev"]
    assert names([*PROJECT["dependencies"], *dev]) <= pins(LOCK).keys()
    assert names(PROJECT["dependencies"]) <= pins(LAYER).keys()


def test_the_layer_holds_the_versions_that_are_tested():
    locked = pins(LOCK)
    for name, versions in pins(LAYER).items():
        assert versions <= locked[name], name


def test_every_pin_has_hashes_and_no_address():
    for text in (LOCK, LAYER, BENCHMARKS):
        assert text.count("==") <= text.count("--hash=sha256:")
        assert "://" not in text


def test_what_is_only_compared_with_is_no_dependency():
    assert {"dlt", "duckdb", "pyarrow"} <= pins(BENCHMARKS).keys()
    assert not {"dlt", "duckdb", "pyarrow"} & pins(LOCK).keys()
