"""A cold start loads what its function uses, and built layers hold what makes it short."""

import gzip
import json
import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore
import pytest
from botocore.session import get_session

ROOT = Path(__file__).parents[1]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))

CALL_A_SERVER = {"fetch_pages", "plan_pull", "seal_pull", "verify_credentials"}
HAVE_ROUTES = {"portal_api", "verify_credentials"}
READ_WHAT_OTHERS_SEND = {"link_users"} | HAVE_ROUTES

MAY_LOAD = {
    "boto3": set(),
    "aws_xray_sdk": set(),
    "requests": CALL_A_SERVER,
    "oauthlib": CALL_A_SERVER,
    "rostersync.senso.contracts": {"link_users"},
    "pydantic": READ_WHAT_OTHERS_SEND,
    "aws_lambda_powertools.event_handler": HAVE_ROUTES,
    "aws_lambda_powertools.utilities.batch": {"link_users"},
}
"""What is slow to load, and the functions that use it."""

DESCRIBED = {
    "dynamodb": {
        "metadata": {"endpointPrefix": "dynamodb"},
        "documentation": "What it is.",
        "operations": {
            "Query": {
                "input": {"shape": "documentation"},
                "errors": [{"shape": "Busy", "documentation": "Why."}],
            }
        },
        "shapes": {"documentation": {"members": {"documentation": {"shape": "Text"}}}},
    },
    "stepfunctions": {"metadata": {"endpointPrefix": "states"}},
    "gamelift": {"metadata": {"endpointPrefix": "gamelift"}},
}
"""Descriptions of services, as botocore has them."""

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
    data = tmp_path / "python/botocore/data"
    for service in ("dynamodb", "stepfunctions", "gamelift"):
        folder = data / service / "2012-08-10"
        folder.mkdir(parents=True)
        (folder / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(DESCRIBED[service]).encode()))
    (data / "partitions.json").write_text("{}")
    services: dict[str, Any] = {name: {"endpoints": {}} for name in ("dynamodb", "states", "gamelift")}
    (data / "endpoints.json").write_text(json.dumps({"partitions": [{"services": services}], "version": 3}))
    (tmp_path / "python/module.py").write_text("VALUE = 1\n")
    return tmp_path


def test_a_light_layer_keeps_our_services_and_what_is_no_services(lighten: ModuleType, layer: Path) -> None:
    lighten.drop_services(layer)
    kept = {path.name for path in (layer / "python/botocore/data").iterdir()}
    assert kept == {"dynamodb", "stepfunctions", "partitions.json", "endpoints.json"}


def test_a_light_layer_keeps_all_of_a_description_but_its_texts(lighten: ModuleType, layer: Path) -> None:
    lighten.drop_services(layer)
    lighten.shorten_descriptions(layer)
    data = layer / "python/botocore/data"
    (path,) = (data / "dynamodb").glob("*/service-2.json.gz")
    assert json.loads(gzip.decompress(path.read_bytes())) == {
        "metadata": {"endpointPrefix": "dynamodb"},
        "operations": {"Query": {"input": {"shape": "documentation"}, "errors": [{"shape": "Busy"}]}},
        "shapes": {"documentation": {"members": {"documentation": {"shape": "Text"}}}},
    }
    (partition,) = json.loads((data / "endpoints.json").read_text())["partitions"]
    assert set(partition["services"]) == {"dynamodb", "states"}


@pytest.mark.parametrize("service", ["dynamodb", "events", "s3", "secretsmanager", "stepfunctions"])
def test_a_client_of_a_light_layer_is_the_client_it_was(
    lighten: ModuleType, tmp_path: Path, service: str
) -> None:
    data = tmp_path / "botocore/data"
    data.mkdir(parents=True)
    theirs = Path(botocore.__file__).parent / "data"
    shutil.copytree(theirs / service, data / service)
    shutil.copy(theirs / "endpoints.json", data)
    lighten.shorten_descriptions(tmp_path)
    light, whole = get_session(), get_session()
    light.get_component("data_loader").search_paths.insert(0, str(data))
    clients = [session.create_client(service, region_name="eu-central-1") for session in (light, whole)]
    one, other = (
        [
            (name, client.meta.endpoint_url, list(getattr(model.input_shape, "members", {})))
            for name in client.meta.service_model.operation_names
            for model in [client.meta.service_model.operation_model(name)]
        ]
        for client in clients
    )
    assert one == other
    loaded = light.get_component("data_loader").load_service_model(service, "service-2")
    assert "documentation" not in loaded


def test_bytecode_is_used_whatever_the_time_of_the_file(lighten: ModuleType, layer: Path) -> None:
    lighten.compile_modules(layer)
    (compiled,) = (layer / "python/__pycache__").iterdir()
    # PEP 552: bit 0 says that a hash stands in the header instead of a time, bit 1 that it is to be checked.
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 1


def test_the_services_kept_are_those_that_the_code_makes_clients_of(lighten: ModuleType) -> None:
    code = (ROOT / "layers/rostersync/rostersync/bootstrap.py").read_text()
    assert set(re.findall(r'late_client\("(\w+)"\)', code)) == lighten.SERVICES
