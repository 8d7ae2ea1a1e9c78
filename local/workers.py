"""Invokes functions in warm processes of their own, as Lambda would (``worker_process.py`` is the inside)."""

import json
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from local.aws import CREDENTIALS, REGION
from local.errors import LocalEngineError
from local.template import Function

PAYLOAD_LIMIT: Final = 6 * 1024 * 1024
"""Bytes of a synchronous invocation's response, Lambda's own limit."""

_WORKERS_PER_FUNCTION: Final = 2
_SECONDS_TO_START: Final = 30.0
_SECONDS_TO_DRAIN_LOG: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What became of one invocation: ``payload``, or Lambda's report of the ``error``.

    ``seconds`` is the handler's time; ``peak_memory`` the worker's so far, in bytes, 0 when it ended.
    """

    function: str
    request_id: str
    seconds: float
    peak_memory: int = 0
    payload: Any = None
    error: Mapping[str, Any] | None = None


class _WorkerEndedError(Exception):
    """The worker's end of a pipe is closed."""


class _TimedOutError(Exception):
    """Nothing came in time."""


class Nursery:
    """The process that forks workers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def start(self) -> None:
        """Start the process, which loads libraries while the engine does other things."""
        with self._lock:
            if self._control is None:
                self._start()

    def start_worker(self, order: Mapping[str, Any], descriptors: list[int]) -> int:
        """Fork a worker around its ends of the pipes; returns its process id."""
        with self._lock:
            control = self._control or self._start()
            socket.send_fds(control, [json.dumps(order).encode()], descriptors)
            return int(_answer_of(control))

    def end_worker(self, pid: int) -> None:
        """Kill a worker that was started here."""
        with self._lock:
            if self._control:
                self._control.sendall(json.dumps({"end": pid}).encode())
                _answer_of(self._control)

    def close(self) -> None:
        """End all workers and the nursery itself; no further worker can be started."""
        with self._lock:
            self._closed = True
            if self._control and self._process:
                self._control.close()
                self._process.wait()
            self._control = self._process = None

    def _start(self) -> socket.socket:
        if self._closed:
            raise LocalEngineError("the local engine is closed")
        ours, theirs = socket.socketpair()
        program = Path(__file__).with_name("worker_process.py")
        # -P: the engine's folder is not on the functions' path. A session of its own: Ctrl-C is the engine's
        # to handle, and closing the socket ends the nursery even when the engine is killed.
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-P", str(program), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        self._control = ours
        return ours


def _answer_of(control: socket.socket) -> bytes:
    answer = control.recv(64)
    if not answer:
        raise LocalEngineError(
            "the process that forks workers has ended; its last words are on standard error"
        )
    return answer


class Worker:
    """One warm process of one function."""

    def __init__(
        self, function: Function, nursery: Nursery, environment: Mapping[str, str], log: list[str]
    ) -> None:
        self._function = function
        self._nursery = nursery
        self._buffer = b""
        self._drained: queue.SimpleQueue[str] = queue.SimpleQueue()
        request_end, self._requests = os.pipe()
        self._responses, response_end = os.pipe()
        log_source, log_end = os.pipe()
        order = {
            "arn": function.arn,
            "handler": function.handler,
            "environment": dict(environment),
            "path": [str(function.directory), *map(str, function.layers)],
        }
        theirs = [request_end, response_end, log_end]
        try:
            self._pid = nursery.start_worker(order, theirs)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        reader = threading.Thread(
            target=self._read_log, args=(os.fdopen(log_source, "rb"), log), daemon=True, name="worker log"
        )
        reader.start()

    def wait_until_ready(self) -> Mapping[str, Any] | None:
        """Wait for the handler to be imported; returns Lambda's report when it could not be."""
        try:
            error: Mapping[str, Any] | None = self._receive(_SECONDS_TO_START).get("error")
        except _WorkerEndedError:
            return {
                "errorType": "Runtime.ExitError",
                "errorMessage": "the function ended while it was starting",
            }
        except _TimedOutError:
            return {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"starting took more than {_SECONDS_TO_START} seconds",
            }
        return error

    def invoke(self, event: Any, request_id: str, set_time: str | None) -> Mapping[str, Any]:
        """Send one event and wait for ``{"payload"}`` or ``{"error"}``; raises when it does not come."""
        request = {
            "requestId": request_id,
            "event": event,
            "time": set_time,
            "seconds": self._function.timeout,
        }
        try:
            self._send(json.dumps(request).encode() + b"\n")
        except BrokenPipeError:
            raise _WorkerEndedError from None
        answer = self._receive(self._function.timeout)
        self._drain_log(request_id)
        return answer

    def end(self) -> None:
        """Kill the process."""
        os.close(self._requests)
        os.close(self._responses)
        self._nursery.end_worker(self._pid)

    def _send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._requests, data) :]

    def _receive(self, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        parts = [self._buffer]
        while b"\n" not in parts[-1]:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._responses], [], [], max(0.0, left))
            if not ready:
                raise _TimedOutError
            part = os.read(self._responses, 1 << 20)
            if not part:
                raise _WorkerEndedError
            parts.append(part)
        line, _, self._buffer = b"".join(parts).partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _read_log(self, source: BinaryIO, log: list[str]) -> None:
        with source:
            for line in source:
                text = line.decode("utf-8", "replace").rstrip("\n")
                if text.startswith("\x00"):
                    self._drained.put(text[1:])
                else:
                    log.append(text)

    def _drain_log(self, request_id: str) -> None:
        try:
            while self._drained.get(timeout=_SECONDS_TO_DRAIN_LOG) != request_id:
                continue
        except queue.Empty:
            return  # a line that was not ended swallowed the mark; the log is whole, only perhaps late


class FunctionWorkers:
    """The workers of one function, at most two at once; further invocations wait for their turn."""

    def __init__(
        self,
        function: Function,
        nursery: Nursery,
        environment: Mapping[str, str],
        set_time: Callable[[], str | None],
    ) -> None:
        self.log: list[str] = []
        self._function = function
        self._nursery = nursery
        self._environment = environment_of(function) | dict(environment)
        self._set_time = set_time
        self._turns = threading.Semaphore(_WORKERS_PER_FUNCTION)
        self._idle: list[Worker] = []

    def invoke(self, event: Any) -> Invocation:
        """Invoke the function and wait for it. Whatever goes wrong in it comes back as Lambda reports it."""
        with self._turns:
            return self._invoke(event, str(uuid.uuid4()))

    def close(self) -> None:
        """End the idle workers."""
        while self._idle:
            self._idle.pop().end()

    def _invoke(self, event: Any, request_id: str) -> Invocation:
        name = self._function.name
        failure: Mapping[str, Any] | None
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = Worker(self._function, self._nursery, self._environment, self.log)
            failure = worker.wait_until_ready()
            if failure is not None:
                worker.end()
                return Invocation(function=name, request_id=request_id, seconds=0.0, error=failure)
        began = time.monotonic()
        answer: Mapping[str, Any] | None = None
        try:
            answer = worker.invoke(event, request_id, self._set_time())
        except _TimedOutError:
            worker.end()
            text = f"RequestId: {request_id} Error: Task timed out after {self._function.timeout:.2f} seconds"
            failure = {"errorType": "Sandbox.Timedout", "errorMessage": text}
        except _WorkerEndedError:
            worker.end()
            text = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
            failure = {"errorType": "Runtime.ExitError", "errorMessage": text}
        seconds = time.monotonic() - began
        if answer is None:
            return Invocation(function=name, request_id=request_id, seconds=seconds, error=failure)
        self._idle.append(worker)
        payload, error_report = _checked(answer)
        return Invocation(
            function=name,
            request_id=request_id,
            seconds=seconds,
            peak_memory=answer["peakMemory"],
            payload=payload,
            error=error_report,
        )


def _checked(answer: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any] | None]:
    if "error" in answer:
        return None, answer["error"]
    size = len(answer["payload"].encode())
    if size > PAYLOAD_LIMIT:
        message = f"Response payload size ({size} bytes) exceeded maximum allowed ({PAYLOAD_LIMIT} bytes)."
        return None, {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
    return json.loads(answer["payload"]), None


def environment_of(function: Function) -> dict[str, str]:
    """A function's whole environment but for the way to AWS: its own variables and what Lambda sets."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join([str(function.directory), *map(str, function.layers)]),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": function.arn.rpartition(":")[2],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        # Nothing of the user's own AWS set-up, and no proxy between us and the loopback.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        **CREDENTIALS,
        **function.environment,
    }
