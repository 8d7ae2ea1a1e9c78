"""dlt, which others load such servers with, in a process of its own interpreter (``dlt_process.py``).

It is no part of the project: ``make bench`` installs it from ``benchmarks/requirements.lock`` into
``.venv-dlt``.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from benchmarks.simulated import TOKEN

ROOT: Final = Path(__file__).parents[1]
PYTHON: Final = ROOT / ".venv-dlt/bin/python"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load took: seconds of wall and CPU, seconds by stage, the process's peak memory so far, rows."""

    seconds: float
    cpu: float
    stages: dict[str, float]
    peak: int
    rows: int


class Dlt:
    """A warm process: what importing takes counts for no load."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def load(
        self,
        url: str,
        pipeline: str,
        destination: Literal["duckdb", "filesystem"],
        disposition: Literal["merge", "replace"],
    ) -> Loaded:
        """Run a pipeline over all collections; one of the same name goes on from what it left."""
        order = {
            "url": url,
            "token": TOKEN,
            "pipeline": pipeline,
            "destination": destination,
            "disposition": disposition,
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("dlt has failed; what it said stands above")
        found: dict[str, Any] = json.loads(answer)
        return Loaded(**found)


@contextmanager
def dlt() -> Iterator[Dlt]:
    """Start dlt, with a folder of its own that goes when the block ends; raises ``FileNotFoundError``."""
    if not PYTHON.exists():
        raise FileNotFoundError(f"{PYTHON.relative_to(ROOT)} is not there; `make bench` builds it")
    with tempfile.TemporaryDirectory() as folder:
        # It says nothing to anybody, and reads nothing of a set-up that the machine may have.
        environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "HOME": folder,
            "DLT_DATA_DIR": folder,
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
        }
        program = [str(PYTHON), str(Path(__file__).with_name("dlt_process.py")), folder]
        with subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder
        ) as process:
            yield Dlt(process)
            assert process.stdin
            process.stdin.close()
