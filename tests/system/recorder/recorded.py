"""A function's handler, with every request it makes to AWS written down first.

Stands before ``app`` as an extension of Lambda's would: on the path of a worker, named as its handler. What
is signed for somebody else to send, a link, is written down like what is sent.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any

import boto3


def _note(params: dict[str, Any], model: Any, **_: Any) -> None:
    line = json.dumps(
        {
            "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            "service": model.service_model.service_name,
            "operation": model.name,
            "params": params,
        },
        default=repr,
    )
    with Path(os.environ["RECORDED_CALLS"]).open("a", encoding="utf-8") as calls:
        calls.write(line + "\n")


boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register("provide-client-params", _note)

# Its clients are made of the session above.
lambda_handler = importlib.import_module("app").lambda_handler
