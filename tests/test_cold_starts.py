"""A cold start loads what its function uses, and built layers hold what makes it short."""

import json
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))

CALL_A_SERVER = {"fetch_pages", "plan_pull", "seal_pull", "verify_credentials"}
HAVE_ROUTES = {"portal_api", "verify_credentials"}
TELL_SENSO = {
    "deliver_groups",
    "finish_disconnect",
    "link_users",
    "purge_shards",
    "watch_tenants",
} | HAVE_ROUTES

MAY_LOAD = {
    "boto3": set(),
    "aws_xray_sdk": set(),
    "requests": CALL_A_SERVER,
    "oauthlib": CALL_A_SERVER,
    "rostersync.senso.contracts": TELL_SENSO,
    "aws_lambda_powertools.event_handler": HAVE_ROUTES,
    "aws_lambda_powertools.utilities.batch": {"link_users"},
}
"""What is slow to load, and the functions that use it."""

IMPORT = "import json, sys; import app; print(json.dumps(sorted(sys.modules)))"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_nothing_that_only_others_use(function: str) -> None:
    folders = [str(ROOT / "functions" / function), str(ROOT / "layers/rostersync")]
    code = f"import sys; sys.path[:0] = {folders!r}; {IMPORT}"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = set(json.loads(found.stdout))
    assert {slow for slow, users in MAY_LOAD.items() if slow in loaded and function not in users} == set()


@pytest.fixture(scope="module")
def lighten() -> ModuleType:
    """``layers/lighten.py``, which is a program and no part of a package."""
    spec = spec_from_file_location("lighten", ROOT / "layers/lighten.py")
    assert spec is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A layer with three services and a module."""
    for service in ("dynamodb", "s3", "gamelift"):
        folder = tmp_path / "python/botocore/data" / service
        folder.mkdir(parents=True)
        (folder / "service-2.json").write_text("{}")
    (tmp_path / "python/botocore/data/partitions.json").write_text("{}")
    (tmp_path / "python/module.py").write_text("VALUE = 1\n")
    return tmp_path


def test_a_light_layer_keeps_our_services_and_what_is_no_services(lighten: ModuleType, layer: Path) -> None:
    lighten.drop_services(layer)
    kept = {path.name for path in (layer / "python/botocore/data").iterdir()}
    assert kept == {"dynamodb", "s3", "partitions.json"}


def test_bytecode_is_used_whatever_the_time_of_the_file(lighten: ModuleType, layer: Path) -> None:
    lighten.compile_modules(layer)
    (compiled,) = (layer / "python/__pycache__").iterdir()
    # PEP 552: bit 0 says that a hash stands in the header instead of a time, bit 1 that it is to be checked.
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 1


def test_the_services_kept_are_those_that_the_code_makes_clients_of(lighten: ModuleType) -> None:
    code = (ROOT / "layers/rostersync/rostersync/bootstrap.py").read_text()
    assert set(re.findall(r'late_client\("(\w+)"\)', code)) == lighten.SERVICES
