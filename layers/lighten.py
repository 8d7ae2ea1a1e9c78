"""Makes built layers light: ``python layers/lighten.py LAYER...``, by the Python that Lambda runs.

A cold start reads a layer from a disk that cannot be written, so without bytecode each one compiles every
module that it imports. And botocore looks through the folders of all of AWS's services for the one of a
client.
"""

import compileall
import py_compile
import shutil
import sys
from pathlib import Path
from typing import Final

SERVICES: Final = frozenset({"dynamodb", "events", "s3", "secretsmanager", "stepfunctions"})
"""What the application makes clients of. A test compares it with the code."""


def drop_services(layer: Path) -> None:
    """Delete botocore's descriptions of every service but ours; what is no service's stays."""
    for data in layer.glob("**/botocore/data"):
        for folder in data.iterdir():
            if folder.is_dir() and folder.name not in SERVICES:
                shutil.rmtree(folder)


def compile_modules(layer: Path) -> None:
    """Write every module's bytecode, to be used whatever the time that a file carries after unpacking."""
    if not compileall.compile_dir(
        layer, quiet=1, workers=0, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    ):
        raise SystemExit(f"not every module under {layer.name} can be compiled")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        drop_services(Path(name))
        compile_modules(Path(name))
