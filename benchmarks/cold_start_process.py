"""One cold start, as a program of its own: ``python -P cold_start_process.py LAYERS FUNCTION EVENT``.

Prints JSON: seconds to import boto3 alone (FUNCTION empty), or to import the handler and to answer its first
call.
Only the standard library is loaded before the clock starts, as in Lambda's own runtime.
"""

import contextlib
import importlib
import json
import logging
import sys
import time
import uuid
from typing import Final

BEFOREHAND: Final = (contextlib, importlib, json, logging, uuid)
"""What Lambda's runtime has loaded before it imports a handler."""


class Context:
    """What Lambda hands to a handler beside the event."""

    function_name = "benchmark"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:benchmark"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Far from the time-out."""
        return 300_000


def main(layers: str, function: str, event: str) -> None:
    """Measure, and print one line of JSON as the last one."""
    sys.path[:0] = layers.split(":")
    payload = json.loads(event)
    begun = time.perf_counter(), time.process_time()
    if not function:
        importlib.import_module("boto3")
        _report(begun, begun)
        return
    sys.path.insert(0, function)
    handler = importlib.import_module("app").lambda_handler
    imported = time.perf_counter(), time.process_time()
    # The stand-in for AWS has nothing, so most functions refuse: to get there is what a first call takes.
    with contextlib.suppress(Exception):
        handler(payload, Context())
    _report(begun, imported)


def _report(begun: tuple[float, float], imported: tuple[float, float]) -> None:
    now = time.perf_counter(), time.process_time()
    print(
        "\n"
        + json.dumps(
            {
                "import_cpu": imported[1] - begun[1],
                "wall": now[0] - begun[0],
                "cpu": now[1] - begun[1],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:4])
