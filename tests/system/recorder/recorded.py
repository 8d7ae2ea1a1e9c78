"""A function's handler, with every request it makes to AWS written down first.

Stands before ``app`` as an extension of Lambda's would: on the path of a worker, named as its handler. What
is signed for somebody else to send, a link, is written down like what is sent.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any

import botocore.session


def _note(**event: Any) -> None:
    model = event["model"]
    line = json.dumps(
        {
            "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            "service": model.service_model.service_name,
            "operation": model.name,
            "params": event["params"],
        },
        default=repr,
    )
    with Path(os.environ["RECORDED_CALLS"]).open("a", encoding="utf-8") as calls:
        calls.write(line + "\n")


_session = botocore.session.get_session()
_session.register("provide-client-params", _note)
# Every client that the function makes is made of a session that it asks for by this name.
botocore.session.get_session = lambda *_, **__: _session

lambda_handler = importlib.import_module("app").lambda_handler
