"""Runs functions' handlers, as a program of its own: ``python -P worker_process.py SOCKET``.

A nursery has the third-party libraries loaded and forks a worker whenever the engine asks for one, in a
fortieth of the time that loading them takes. A worker clears the environment, takes its function's, imports
its handler and answers requests, one JSON line each way; its standard output and error are its log.
This file is never imported by the engine and imports nothing of it.
"""

import contextlib
import importlib
import json
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Final

LOADED_BEFOREHAND: Final = (
    "aws_lambda_powertools.utilities.typing",
    "botocore.httpsession",
    "botocore.session",
    "msgspec",
    "oauthlib.oauth1",
    "pydantic",
    "requests",
)


# Kilobytes on Linux, bytes on macOS; reported in bytes.
_MEMORY_UNIT: Final = 1024 if sys.platform == "darwin" else 1


def run_nursery(control: socket.socket) -> None:
    """Fork workers and end them, as the engine asks, until it closes its end."""
    for name in LOADED_BEFOREHAND:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    workers: set[int] = set()
    try:
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, 65536, 3)
            if not message:
                return
            order = json.loads(message)
            if "end" in order:
                _end(workers, order["end"])
                control.sendall(b"ended\n")
                continue
            pid = os.fork()
            if pid == 0:
                control.close()
                _become_worker(order, *descriptors)
            workers.add(pid)
            for descriptor in descriptors:
                os.close(descriptor)
            control.sendall(b"%d\n" % pid)
    finally:
        for pid in list(workers):
            _end(workers, pid)


def _end(workers: set[int], pid: int) -> None:
    # A worker that has ended by itself is still there to be waited for, so its id is nobody else's.
    if pid in workers:
        workers.discard(pid)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _become_worker(order: dict[str, Any], requests: int, responses: int, log: int) -> None:
    code = 1
    try:
        os.environ.clear()
        os.environ.update(order["environment"])
        time.tzset()
        sys.path[:0] = order["path"]
        for descriptor in (1, 2):
            os.dup2(log, descriptor)
        os.close(log)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        with open(requests, "rb") as source, open(responses, "wb", buffering=0) as sink:
            _serve(order, source, sink)
        code = 0
    finally:
        # Not sys.exit: what the nursery registered to happen at its end is not for its children to do.
        os._exit(code)


def _serve(order: dict[str, Any], source: Any, sink: Any) -> None:
    try:
        module, _, function = order["handler"].rpartition(".")
        handler: Callable[[Any, Any], Any] = getattr(importlib.import_module(module), function)
    except ImportError as error:
        _answer(sink, {"error": _report(error) | {"errorType": "Runtime.ImportModuleError"}})
        return
    except Exception as error:
        _answer(sink, {"error": _report(error)})
        return
    _answer(sink, {"ready": True})
    for line in source:
        request = json.loads(line)
        _set_clock(request["time"])
        answer = _invoke(handler, request, Context(order, request))
        sys.stderr.flush()
        # Tells the engine that it has read all that this invocation logged.
        sys.stdout.write(f"\x00{request['requestId']}\n")
        sys.stdout.flush()
        answer["peakMemory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // _MEMORY_UNIT
        _answer(sink, answer)


def _invoke(
    handler: Callable[[Any, Any], Any], request: dict[str, Any], context: "Context"
) -> dict[str, Any]:
    try:
        result = handler(request["event"], context)
    except SystemExit as error:
        sys.stdout.flush()
        os._exit(error.code if isinstance(error.code, int) else 1)
    except Exception as error:
        return {"error": _report(error, request["requestId"])}
    try:
        return {"payload": json.dumps(result)}
    except (TypeError, ValueError) as error:
        return {"error": _report(error, request["requestId"]) | {"errorType": "Runtime.MarshalError"}}


def _answer(sink: Any, answer: dict[str, Any]) -> None:
    data = memoryview(json.dumps(answer).encode() + b"\n")
    while data:
        data = data[sink.write(data) :]


def _set_clock(iso: str | None) -> None:
    # The application's clock, if the function's layers hold the application.
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module("rostersync.clock").set_time(iso)


def _report(error: BaseException, request_id: str = "") -> dict[str, Any]:
    """An exception as Lambda reports it."""
    frames = traceback.format_list(_handler_frames(error))
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": frames,
    }


def _handler_frames(error: BaseException) -> list[traceback.FrameSummary]:
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if frame.filename != __file__]


class Context:
    """What Lambda hands to a handler beside the event."""

    function_version = "$LATEST"
    identity = None
    client_context = None

    def __init__(self, order: dict[str, Any], request: dict[str, Any]) -> None:
        environment = order["environment"]
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.memory_limit_in_mb = int(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
        self.invoked_function_arn = order["arn"]
        self.aws_request_id = request["requestId"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = f"local/{os.getpid()}"
        self._deadline = time.monotonic() + request["seconds"]

    def get_remaining_time_in_millis(self) -> int:
        """Until the function's time-out."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


@contextlib.contextmanager
def _inherited_socket(descriptor: int) -> Iterator[socket.socket]:
    control = socket.socket(fileno=descriptor)
    try:
        yield control
    finally:
        control.close()


if __name__ == "__main__":
    with _inherited_socket(int(sys.argv[1])) as inherited:
        run_nursery(inherited)
