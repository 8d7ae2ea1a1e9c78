"""The local engine: a template's state machines and functions at work on this machine."""

import contextlib
import json
import logging
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.server import ThreadedMotoServer
from moto.stepfunctions.parser.backend.execution import Execution as MotoExecution

from local.aws import local_session
from local.clock import Clock
from local.errors import LocalEngineError
from local.executions import Execution, read_execution
from local.queue_consumers import QueueConsumers
from local.queues import MotoQueue, redrive
from local.resources import create_resources
from local.served_api import ServedApi
from local.shims import Shims
from local.static_files import StaticFiles
from local.status_events import StatusRules, status_change_event
from local.template import Queue, StateMachine, Template, load_template
from local.tokens import TokenIssuer
from local.workers import FunctionWorkers, Invocation, Nursery

TEMPLATE: Final = Path(__file__).resolve().parent.parent / "template.yaml"
"""This project's own."""

_RUNNING: Final = "RUNNING"
_SECONDS_TO_STOP: Final = 5.0
_only_one: Final = threading.Lock()


class LocalEngine:
    """Runs a template: ``with LocalEngine(overrides={"Environment": "local"}) as engine: ...``.

    ``overrides`` are values of the template's parameters. ``time_scale`` multiplies the seconds of Wait
    states, of Retry intervals and until a failed message is tried again (1 is AWS's time). One engine at a
    time in a process: moto's state is the process's.

    ``issuers`` are those whose tokens an HTTP API's authorizer can check: nothing is looked up at an issuer's
    address, and the template's parameter for it is overridden with ``issuer.issuer``. They share a ``clock``
    with the engine, which makes one where none is given. ``throttle`` says whether the API's limits hold.
    ``endpoints`` are the addresses of services that something else than moto answers for, by boto3's names.

    Public beside the methods: ``template``, ``clock``, ``endpoint`` (moto's address, on loopback) and
    ``invocations``, every finished one in the order they ended.
    """

    def __init__(
        self,
        template: Path = TEMPLATE,
        overrides: Mapping[str, Any] | None = None,
        *,
        time_scale: float = 1.0,
        stack: str = "local",
        clock: Clock | None = None,
        issuers: Iterable[TokenIssuer] = (),
        throttle: bool = False,
        endpoints: Mapping[str, str] | None = None,
    ) -> None:
        self.template: Template = load_template(template, overrides, stack)
        self.clock = clock or Clock()
        self.endpoint = ""
        self._endpoints = dict(endpoints or {})
        self.invocations: list[Invocation] = []
        self._session = local_session()
        self._clients: dict[str, Any] = {}
        self._clients_lock = threading.Lock()
        self._ended: dict[str, threading.Event] = {}
        self._shims = Shims(self, time_scale)
        self._nursery = Nursery()
        self._workers: dict[str, FunctionWorkers] = {}
        self._server: ThreadedMotoServer | None = None
        self._started = self._closing = False
        self._rules = StatusRules(self.template, self._invoke_by_arn)
        self._consumers = QueueConsumers(self.template, self.invoke_lambda, time_scale)
        self._api = ServedApi(
            self.template, self.invoke_lambda, self.clock, issuers=issuers, throttle=throttle
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start moto, create the template's resources and make the functions ready to be invoked."""
        if not _only_one.acquire(blocking=False):
            raise LocalEngineError("another local engine runs in this process; close it first")
        self._started = True
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop what still runs, end the workers and moto, and forget all that moto holds."""
        if not self._started or self._closing:
            return
        self._rules.wait()
        self._closing = True
        try:
            if self._server is not None:
                self._consumers.close(_SECONDS_TO_STOP)
                self._api.close()
                # Who is still being answered is cut off, and nobody has to hear of it.
                logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
                self._stop_executions_and_workers()
                self._server.stop()
        finally:
            self._shims.uninstall()
            default_user_config["stepfunctions"]["execute_state_machine"] = False
            BackendDict.reset()
            reset_model_data()
            _only_one.release()

    # -- What a user of the engine does ----------------------------------------------------------------

    @property
    def table_name(self) -> str:
        """The name of the template's table."""
        return self._only("AWS::DynamoDB::Table")

    @property
    def bucket(self) -> str:
        """The name of the template's bucket."""
        return self._only("AWS::S3::Bucket")

    @property
    def event_bus(self) -> str:
        """The name of the template's event bus."""
        return self._only("AWS::Events::EventBus")

    @property
    def api_url(self) -> str:
        """The address of the template's HTTP API, without a slash at its end; "" when it has none.

        Whoever asks first has it served, on a free port, when ``serve_api`` was not called before.
        """
        return self._api.url()

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The template's parameters as they were set."""
        return self.template.parameters

    @property
    def logs(self) -> Mapping[str, list[str]]:
        """What each function wrote to standard output and error, by name, as lines."""
        return {name: workers.log for name, workers in self._workers.items()}

    def client(self, service: str) -> Any:
        """The boto3 client of one service, talking to moto; one for all, as clients are safe to share."""
        with self._clients_lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service, endpoint_url=self._endpoints.get(service, self.endpoint)
                )  # type: ignore[call-overload]  # a name known only here
            return self._clients[service]

    def invoke(self, function: str, event: Any) -> Invocation:
        """Invoke a function by its folder's name and wait; an error of its own is in what comes back."""
        try:
            workers = self._workers[function]
        except KeyError:
            raise LocalEngineError(f"the template has no function {function}") from None
        invocation = workers.invoke(event)
        self.invocations.append(invocation)
        return invocation

    def start_execution(self, state_machine: str, event: Any = None, name: str | None = None) -> str:
        """Start an execution of a state machine, by its definition file's stem; returns its ARN."""
        answer = self.client("stepfunctions").start_execution(
            stateMachineArn=self.state_machine(state_machine).arn,
            name=name or str(uuid.uuid4()),
            input=json.dumps({} if event is None else event),
        )
        return str(answer["executionArn"])

    def wait(self, arn: str, timeout: float = 60.0) -> Execution:
        """Wait for an execution to end, and for what its end sets off.

        Raises ``LocalEngineError`` when it still runs after ``timeout`` seconds.
        """
        if not self._end_of(arn).wait(timeout):
            raise LocalEngineError(f"{arn.rpartition(':')[2]} still runs after {timeout:g} seconds")
        self._rules.wait()
        return self.execution(arn)

    def has_ended(self, arn: str, within: float = 0.0) -> bool:
        """Say whether an execution has ended, or ends within so many seconds."""
        return self._end_of(arn).wait(within)

    def run(
        self, state_machine: str, event: Any = None, name: str | None = None, timeout: float = 60.0
    ) -> Execution:
        """Start an execution and wait for it to end."""
        return self.wait(self.start_execution(state_machine, event, name), timeout)

    def execution(self, arn: str) -> Execution:
        """An execution as it stands."""
        return read_execution(self.client("stepfunctions"), arn)

    def state_machine(self, name: str) -> StateMachine:
        """A state machine by its definition file's stem."""
        try:
            return self.template.state_machines[name]
        except KeyError:
            raise LocalEngineError(f"the template has no state machine {name}") from None

    def queue_url(self, logical_id: str) -> str:
        """The URL of a queue, for ``client("sqs")``."""
        return str(self.client("sqs").get_queue_url(QueueName=self._queue(logical_id).name)["QueueUrl"])

    def wait_for_queues(self, timeout: float = 30.0) -> None:
        """Wait until every message of the queues that functions consume is done, or a dead letter.

        Raises ``LocalEngineError`` when one is not after ``timeout`` seconds.
        """
        self._consumers.wait(timeout)

    def redrive(self, dead_letter_queue: str, queue: str) -> int:
        """Move the messages of a dead-letter queue back to a queue, both by logical id; their number."""
        dead_letters, target = self._queue(dead_letter_queue), self._queue(queue)
        return redrive(MotoQueue(dead_letters.name), MotoQueue(target.name))

    def serve_api(
        self,
        port: int = 0,
        static: Mapping[str, Path] | None = None,
        content_security_policy: str = "",
    ) -> str:
        """Serve the template's HTTP API on loopback; returns its address, ``api_url`` from now on.

        ``static`` are folders by the path under which their files are beside the API, such as
        ``{"/portal/": Path("portal")}``, all sent with the policy. Raises ``LocalEngineError`` when the
        template has no HTTP API, when it is served already and when the port is taken.
        """
        return self._api.serve(
            port, StaticFiles(folders=static or {}, content_security_policy=content_security_policy)
        )

    # -- What the interpreter asks of the engine (``shims.Host``) --------------------------------------

    def invoke_lambda(self, function_name: str, event: Any) -> tuple[Any, Mapping[str, Any] | None]:
        """Invoke a function by name or ARN: its payload, or Lambda's report of its error."""
        for function in self.template.functions.values():
            if function_name in {function.arn, function.arn.rpartition(":")[2]}:
                invocation = self.invoke(function.name, event)
                return invocation.payload, invocation.error
        raise ClientError(
            {
                "Error": {
                    "Code": "ResourceNotFoundException",
                    "Message": f"Function not found: {function_name}",
                },
                "ResponseMetadata": {"HTTPStatusCode": 404, "RequestId": str(uuid.uuid4())},  # type: ignore[typeddict-item]  # what is read of it
            },
            "Invoke",
        )

    def status_changed(self, execution: MotoExecution, status: str) -> None:
        """Send the status-change event, and let go who waits for the end."""
        ended = self._end_of(execution.execution_arn)
        if not self._closing:
            self._rules.deliver(status_change_event(execution, status, self.clock.now()))
        if status != _RUNNING:
            ended.set()

    # --------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._nursery.start()
        default_user_config["stepfunctions"]["execute_state_machine"] = True
        # moto logs what goes through its interpreter, and werkzeug every request.
        logging.getLogger("moto").setLevel(logging.CRITICAL)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"
        self._shims.install()
        elsewhere = {f"AWS_ENDPOINT_URL_{name.upper()}": url for name, url in self._endpoints.items()}
        environment = {"AWS_ENDPOINT_URL": self.endpoint, **elsewhere}
        self._workers = {
            function.name: FunctionWorkers(function, self._nursery, environment, self.clock.as_set)
            for function in self.template.functions.values()
        }
        create_resources(self.template, self.client)
        self._consumers.start()
        self._api.start()

    def _stop_executions_and_workers(self) -> None:
        stopping = []
        for arn in [arn for arn, ended in list(self._ended.items()) if not ended.is_set()]:
            # Somebody may have waited for an execution that never was.
            with contextlib.suppress(ClientError):
                self.client("stepfunctions").stop_execution(executionArn=arn)
                stopping.append(arn)
        for workers in self._workers.values():
            workers.close()
        self._nursery.close()
        deadline = time.monotonic() + _SECONDS_TO_STOP
        for arn in stopping:
            self._end_of(arn).wait(max(0.0, deadline - time.monotonic()))

    def _invoke_by_arn(self, arn: str, event: Any) -> None:
        self.invoke_lambda(arn, event)

    def _queue(self, logical_id: str) -> Queue:
        try:
            return self.template.queues[logical_id]
        except KeyError:
            raise LocalEngineError(f"the template has no queue {logical_id}") from None

    def _end_of(self, arn: str) -> threading.Event:
        return self._ended.setdefault(arn, threading.Event())

    def _only(self, kind: str) -> str:
        names = [self.template.physical_names[logical_id] for logical_id in self.template.of_type(kind)]
        if len(names) != 1:
            raise LocalEngineError(f"the template has {len(names)} resources of type {kind}, not one")
        return names[0]
