"""Makes built layers light: ``python layers/lighten.py LAYER...``, by the Python that Lambda runs.

A cold start reads a layer from a disk that cannot be written, so without bytecode each one compiles every
module that it imports. And botocore looks through the folders of all of AWS's services for the one of a
client, reads what makes its documentation, and where every service is to be found.
"""

import compileall
import gzip
import json
import py_compile
import shutil
import sys
from pathlib import Path
from typing import Any, Final

SERVICES: Final = frozenset({"dynamodb", "events", "s3", "secretsmanager", "stepfunctions"})
"""What the application makes clients of. A test compares it with the code."""


def drop_services(layer: Path) -> None:
    """Delete botocore's descriptions of every service but ours; what is no service's stays."""
    for data in layer.glob("**/botocore/data"):
        for folder in data.iterdir():
            if folder.is_dir() and folder.name not in SERVICES:
                shutil.rmtree(folder)


def shorten_descriptions(layer: Path) -> None:
    """Leave out of botocore's descriptions all documentation, and the addresses of services not there."""
    for data in layer.glob("**/botocore/data"):
        described = set()
        for path in data.glob("*/*/service-2.json.gz"):
            service = _undocumented(json.loads(gzip.decompress(path.read_bytes())))
            described.add(service["metadata"]["endpointPrefix"])
            path.write_bytes(gzip.compress(_written(service), mtime=0))
        path = data / "endpoints.json"
        endpoints = json.loads(path.read_bytes())
        for partition in endpoints["partitions"]:
            services = partition["services"]
            partition["services"] = {name: services[name] for name in services if name in described}
        path.write_bytes(_written(endpoints))


def _undocumented(value: Any) -> Any:
    """Return a description without its texts; what is only named ``documentation``, a member, stays."""
    if isinstance(value, dict):
        return {
            name: _undocumented(one)
            for name, one in value.items()
            if name != "documentation" or not isinstance(one, str)
        }
    return [_undocumented(one) for one in value] if isinstance(value, list) else value


def _written(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def compile_modules(layer: Path) -> None:
    """Write every module's bytecode, to be used whatever the time that a file carries after unpacking."""
    if not compileall.compile_dir(
        layer, quiet=1, workers=0, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    ):
        raise SystemExit(f"not every module under {layer.name} can be compiled")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        drop_services(Path(name))
        shorten_descriptions(Path(name))
        compile_modules(Path(name))
