"""Every place where moto's Step Functions interpreter is made to do as AWS does, and nothing else.

moto 5.2.5. Each shim says which gap it closes; ``tests/local/test_shims.py`` fails when moto closes it
itself, and the shim can go. The interpreter is global to the process, and so are these: one engine at a time.
"""

import datetime
import functools
import json
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from jsonata import Jsonata
from moto.stepfunctions.parser.api import (
    EvaluationFailedEventDetails,
    HistoryEventType,
    MapRunFailedEventDetails,
)
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (  # noqa: E501 - moto's own path
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

_SECONDS_BETWEEN_LOOKS: Final = 0.02
_INHERITED: Final = object()


class Host(Protocol):
    """What the interpreter needs of the engine."""

    def client(self, service: str) -> Any:
        """A boto3 client to moto."""

    def invoke_lambda(self, function_name: str, event: Any) -> tuple[Any, Mapping[str, Any] | None]:
        """Invoke a function by name or ARN: its payload, or Lambda's report of its error."""

    def status_changed(self, execution: Execution, status: str) -> None:
        """An execution starts (``RUNNING``) or has ended."""


@dataclass(frozen=True, slots=True)
class _Original:
    owner: Any
    name: str
    value: Any


class Shims:
    """All shims, put in place together and taken out again.

    ``time_scale`` multiplies the seconds of Wait states and Retry intervals: 1 is AWS's time, 0 no time.
    """

    def __init__(self, host: Host, time_scale: float) -> None:
        self._host = host
        self._time_scale = time_scale
        self._originals: list[_Original] = []

    def install(self) -> None:
        """Put the shims in place."""
        evaluate_jsonata(self._replace)
        quote_assigned_strings(self._replace)
        name_evaluation_errors(self._replace)
        invoke_workers(self._replace, self._host)
        reach_the_server(self._replace, self._host)
        start_and_wait(self._replace)
        name_executions(self._replace)
        keep_error_names(self._replace)
        let_too_much_data_pass(self._replace)
        count_failed_children(self._replace)
        tell_status_changes(self._replace, self._host)
        scale_time(self._replace, self._time_scale)

    def uninstall(self) -> None:
        """Leave moto as it was."""
        while self._originals:
            original = self._originals.pop()
            if original.value is _INHERITED:
                delattr(original.owner, original.name)
            else:
                setattr(original.owner, original.name, original.value)

    def _replace(self, owner: Any, name: str, value: Any) -> None:
        self._originals.append(_Original(owner, name, vars(owner).get(name, _INHERITED)))
        setattr(owner, name, value)


Replace = Callable[[Any, str, Any], None]


def evaluate_jsonata(replace: Replace) -> None:
    """JSONata: moto wants a JVM and comes without one; ``jsonata-python`` answers instead."""

    def evaluate(expression: str) -> Any:
        try:
            # Through JSON, as moto's own bridge does: the library's lists and numbers have types of its own.
            return json.loads(json.dumps(Jsonata(expression).evaluate(None)))
        except Exception as error:
            raise jsonata.JSONataException("UNKNOWN", str(error)) from error

    replace(jsonata, "_eval_jsonata", evaluate)


def quote_assigned_strings(replace: Replace) -> None:
    """Variables: moto puts a string between quotes as it is, so that one with a quote in it breaks every
    later expression.
    """

    def encode(bindings: dict[str, Any]) -> str:
        return "".join(f"{name}:={to_json_str(value, (',', ':'))};" for name, value in bindings.items())

    # Both modules took the function by name.
    replace(states, "encode_jsonata_variable_declarations", encode)
    replace(variable_store, "encode_jsonata_variable_declarations", encode)


def name_evaluation_errors(replace: Replace) -> None:
    """Errors of an expression: moto calls them ``States.Runtime``, AWS ``States.QueryEvaluationError``."""
    original: Callable[[StringJSONata, Any], None] = StringJSONata._eval_body

    def eval_body(self: StringJSONata, env: Any) -> None:
        try:
            original(self, env)
        except jsonata.JSONataException as error:
            name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
            details = EvaluationFailedEventDetails(
                error=name.error_name,
                cause=f"The JSONata expression '{self.expression}' cannot be evaluated: {error.details}",
            )
            kind = HistoryEventType.EvaluationFailed
            events: Any = {"evaluationFailedEventDetails": details}
            raise FailureEventException(FailureEvent(env, name, kind, events)) from error

    replace(StringJSONata, "_eval_body", eval_body)


def invoke_workers(replace: Replace, host: Host) -> None:
    """Lambda tasks: moto runs functions in Docker; ours run in warm processes."""

    def invoke(parameters: Mapping[str, Any], region: str, state_credentials: Any) -> dict[str, Any]:
        del region, state_credentials
        event = json.loads(parameters.get("Payload") or b"{}")
        payload, error = host.invoke_lambda(parameters["FunctionName"], event)
        answer = {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
        if error is not None:
            return answer | {"FunctionError": "Unhandled", "Payload": dict(error)}
        return answer | {"Payload": payload}

    replace(lambda_eval_utils, "_invoke_lambda_function", invoke)


def reach_the_server(replace: Replace, host: Host) -> None:
    """Other tasks: moto makes a new client for each call, to a port from the environment and with the user's
    own AWS set-up, and boto3's default session is not safe between threads. The engine's clients are.
    """

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        del region, state_credentials
        return host.client(service)

    users = [module for name, module in list(sys.modules.items()) if name.startswith("moto.stepfunctions.")]
    for module in users:
        if "boto_client_for" in vars(module):
            replace(module, "boto_client_for", client_for)


def start_and_wait(replace: Replace) -> None:
    """``states:startExecution.sync:2``: moto hands AWS's PascalCase names to boto3, which knows camelCase
    ones, gives camelCase back, and looks every half second.
    """
    original: Callable[..., None] = StateTaskServiceSfn._normalise_parameters

    def normalise_parameters(self: StateTaskServiceSfn, parameters: dict[str, Any], **others: Any) -> None:
        original(self, parameters, **others)
        for name in list(parameters):
            parameters[name[0].lower() + name[1:]] = parameters.pop(name)

    def normalise_response(self: StateTaskServiceSfn, response: Any, **others: Any) -> None:
        del self, others
        for name in list(response):
            value = response.pop(name)
            if isinstance(value, datetime.datetime):
                value = int(value.timestamp() * 1000)
            response[name[0].upper() + name[1:]] = value

    replace(StateTaskServiceSfn, "_normalise_parameters", normalise_parameters)
    replace(StateTaskServiceSfn, "_normalise_response", normalise_response)
    replace(state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", _SECONDS_BETWEEN_LOOKS)


def name_executions(replace: Replace) -> None:
    """Executions started without a name: moto calls them all ``None``, with one ARN; AWS gives a UUID."""
    original: Callable[..., Execution] = StepFunctionsParserBackend.start_execution

    def start_execution(
        self: StepFunctionsParserBackend,
        state_machine_arn: str,
        name: str | None = None,
        *rest: Any,
        **others: Any,
    ) -> Execution:
        return original(self, state_machine_arn, name or str(uuid.uuid4()), *rest, **others)

    replace(StepFunctionsParserBackend, "start_execution", start_execution)


def keep_error_names(replace: Replace) -> None:
    """Errors of an Inline Map's child: moto refuses to pass on a name that begins with ``States.`` and fails
    with ``States.Runtime`` instead, which no Retry or Catch of the Map expects.
    """

    def error_name(error_name: str | None) -> ErrorName:
        if error_name is not None and error_name.startswith("States."):
            return StatesErrorName.from_name(error_name)
        return CustomErrorName(error_name)

    replace(iteration_worker, "CustomErrorName", error_name)


def let_too_much_data_pass(replace: Replace) -> None:
    """``States.ALL``: moto catches ``States.DataLimitExceeded`` with it, which on AWS nothing catches.

    AWS does not catch ``States.Runtime`` either; moto calls too much else by that name to be told apart.
    """
    original: Callable[[ErrorEqualsDecl, Any], None] = ErrorEqualsDecl._eval_body
    data_limit = StatesErrorName(typ=StatesErrorNameType.StatesStatesDataLimitExceeded)

    def eval_body(self: ErrorEqualsDecl, env: Any) -> None:
        if env.stack[-1] == data_limit:
            env.stack[-1] = False
        else:
            original(self, env)

    replace(ErrorEqualsDecl, "_eval_body", eval_body)


def count_failed_children(replace: Replace) -> None:
    """Distributed Map: moto lets it succeed whatever fails in it and reads the thresholds without using them.

    AWS fails it when more children fail than either threshold allows; with none set, when any fails.
    """
    original: Callable[..., None] = DistributedIterationComponent._map_run

    def map_run(self: DistributedIterationComponent, env: Any, eval_input: Any) -> None:
        original(self, env, eval_input)
        counter = eval_input.map_run_record.item_counter
        failed = counter.failed.get() + counter.timed_out.get()
        count, percentage = eval_input.tolerated_failure_count, eval_input.tolerated_failure_percentage
        # moto gives 0 for a threshold that is not set; the other one alone then decides.
        over_count = failed > count and (count > 0 or percentage == 0)
        over_percentage = percentage > 0 and failed * 100 > percentage * counter.total.get()
        if over_count or over_percentage:
            name = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
            cause = "The specified tolerated failure threshold was exceeded"
            details = MapRunFailedEventDetails(error=name.error_name, cause=cause)
            kind = HistoryEventType.MapRunFailed
            events: Any = {"mapRunFailedEventDetails": details}
            raise FailureEventException(FailureEvent(env, name, kind, events))

    replace(DistributedIterationComponent, "_map_run", map_run)


def tell_status_changes(replace: Replace, host: Host) -> None:
    """Status changes: Step Functions puts an event for each on the default bus; moto puts none."""
    original_start: Callable[[Execution], None] = Execution.start
    original_terminated: Callable[[BaseExecutionWorkerCommunication], None] = (
        BaseExecutionWorkerCommunication.terminated
    )

    def start(self: Execution) -> None:
        # Before it starts: a short execution ends before the start returns.
        host.status_changed(self, "RUNNING")
        original_start(self)

    def terminated(self: BaseExecutionWorkerCommunication) -> None:
        original_terminated(self)
        host.status_changed(self.execution, self.execution.status)

    replace(Execution, "start", start)
    replace(BaseExecutionWorkerCommunication, "terminated", terminated)


def scale_time(replace: Replace, scale: float) -> None:
    """Waiting: moto waits in real seconds, and for whole ones; tests have no time for either."""

    def wait_interval(self: WaitFunction, env: Any, wait_seconds: float) -> None:
        del self
        deadline = time.monotonic() + wait_seconds * scale
        while env.is_running() and (left := deadline - time.monotonic()) > 0:
            env.program_state_event.wait(left)

    class ScaledTime:
        """The ``time`` module as the retrier sees it."""

        @staticmethod
        @functools.wraps(time.sleep)
        def sleep(seconds: float) -> None:
            time.sleep(seconds * scale)

    replace(WaitFunction, "_wait_interval", wait_interval)
    replace(retrier_decl, "time", ScaledTime)
