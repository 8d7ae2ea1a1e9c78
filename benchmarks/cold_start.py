"""Part 5: import and first call of each function, as a ratio to importing boto3 alone.

The layer's own wheels, for this machine's processor instead of arm64, made light as ``make build`` does; the
Python that Lambda runs. CPU seconds of a fresh process; the contestants take turns.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from samtranslator.yaml_helper import yaml_parse

from benchmarks.aws_stand_in import nothing_there
from benchmarks.measuring import Result, figure

ROOT: Final = Path(__file__).parents[1]
RUNS: Final = 5
AIM: Final = 1.5
AIM_OF_THE_API: Final = 2.2
WITH_ROUTES: Final = frozenset({"portal_api", "verify_credentials"})

BOTO3: Final = "boto3"
"""The measure; it is not in the layer, so it is put beside it."""

VALUES: Final = {
    "LEASE_SECONDS": "11100",
    "LONGEST_FUNCTION_SECONDS": "300",
    "ROSTER_SERVER_HOSTS": "rosterserver.com",
    "PAGE_SIZE": "5000",
    "FETCH_TASKS": "2",
    "REQUESTS_IN_FLIGHT": "4",
    "STOP_REMOVALS": "false",
    "ALLOW_LOOPBACK_HTTP": "false",
    "DEFAULT_TIME_ZONE": "UTC",
}
"""Settings that are no names."""


def measure() -> Result:
    """Run every function in turn, several times."""
    python = _python_of_lambda()
    with tempfile.TemporaryDirectory() as folder, nothing_there() as address:
        layers = _build(python, Path(folder))
        functions = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for _ in range(RUNS):
            for function in ("", *functions):
                found[function].append(_start(python, layers, function, address))
    bases = [run["cpu"] for run in found[""]]
    figures = [
        figure(
            function,
            [run["cpu"] / base for run, base in zip(found[function], bases, strict=True)],
            AIM_OF_THE_API if function in WITH_ROUTES else AIM,
        )
        for function in functions
    ]
    rows = [
        {
            "function": function or "import boto3",
            "import, ms": round(statistics.median(run["import_cpu"] for run in runs) * 1000),
            "with first call, ms": round(statistics.median(run["cpu"] for run in runs) * 1000),
        }
        for function, runs in found.items()
    ]
    return Result("cold_start", figures, {"CPU time": rows})


def _python_of_lambda() -> str:
    """Return a Python 3.13; ``PYTHON313`` names one, as for ``make build``."""
    found = os.environ.get("PYTHON313") or shutil.which("python3.13")
    if not found:
        raise SystemExit(
            "cold starts are measured with Python 3.13: make bench PYTHON313=/path/to/python3.13"
        )
    return found


def _build(python: str, folder: Path) -> str:
    requirements = ROOT / "layers/dependencies/requirements.txt"
    dependencies, ours, boto3 = folder / "dependencies", folder / "rostersync", folder / "boto3"
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, "--link-mode", "copy"]
    subprocess.run([*uv, "--no-deps", "--target", dependencies, "-r", requirements], check=True)
    constraint = ROOT / "requirements.lock"
    for name in (BOTO3, "s3transfer"):
        pin = next(
            line.split()[0] for line in constraint.read_text().splitlines() if line.startswith(f"{name}==")
        )
        subprocess.run([*uv, "--no-deps", "--target", boto3, pin], check=True)
    shutil.copytree(ROOT / "layers/rostersync", ours)
    lighten: list[str | Path] = [python, ROOT / "layers/lighten.py", dependencies, ours, boto3]
    subprocess.run(lighten, check=True)
    return ":".join(map(str, (dependencies, ours, boto3)))


def _start(python: str, layers: str, function: str, address: str) -> dict[str, Any]:
    sample = ROOT / f"events/{function}.json"
    event = sample.read_text() if function and sample.exists() else "{}"
    process = ROOT / "benchmarks/cold_start_process.py"
    folder = str(ROOT / "functions" / function) if function else ""
    done = subprocess.run(
        [python, "-P", process, layers, folder, event],
        env=_environment(function, address),
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _environment(function: str, address: str) -> Mapping[str, str]:
    """Return what the template gives a function, every name made up, and nothing of this process."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    names = set(template["Globals"]["Function"]["Environment"]["Variables"])
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if function and properties.get("CodeUri") == f"functions/{function}/":
            names |= set(properties.get("Environment", {}).get("Variables", {}))
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:made-up"
    made_up = {name: machine if name.endswith("_MACHINE") else "made-up" for name in names}
    return {
        **made_up,
        **{name: value for name, value in VALUES.items() if name in names},
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ENDPOINT_URL": address,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
    }
