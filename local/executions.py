"""What Step Functions tells about an execution."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.errors import LocalEngineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution: ``output`` parsed, ``error`` and ``cause`` as they stand, ``events`` its history."""

    arn: str
    name: str
    status: str
    input: Any
    output: Any
    error: str
    cause: str
    events: tuple[Mapping[str, Any], ...]

    @property
    def states_entered(self) -> tuple[str, ...]:
        """Names of the states in the order they were entered, those inside Inline Maps too."""
        details = (event.get("stateEnteredEventDetails") for event in self.events)
        return tuple(detail["name"] for detail in details if detail)

    def seconds_by_state(self) -> dict[str, float]:
        """Seconds spent in each state, summed over its visits; a Map's include its children's."""
        entered: defaultdict[str, list[float]] = defaultdict(list)
        seconds: defaultdict[str, float] = defaultdict(float)
        for event in self.events:
            time = event["timestamp"].timestamp()
            if "stateEnteredEventDetails" in event:
                entered[event["stateEnteredEventDetails"]["name"]].append(time)
            elif "stateExitedEventDetails" in event:
                name = event["stateExitedEventDetails"]["name"]
                seconds[name] += time - entered[name].pop(0)
        return dict(seconds)


def _parsed(output: str) -> Any:
    # moto gives an output that is a string as it is, where AWS gives JSON.
    try:
        return json.loads(output)
    except ValueError:
        return output


def read_execution(stepfunctions: Any, arn: str) -> Execution:
    """Describe an execution and read its history; raises ``LocalEngineError`` when there is none."""
    try:
        described = stepfunctions.describe_execution(executionArn=arn)
    except stepfunctions.exceptions.ExecutionDoesNotExist:
        raise LocalEngineError(f"there is no execution {arn}") from None
    history = stepfunctions.get_execution_history(executionArn=arn)
    return Execution(
        arn=arn,
        name=described["name"],
        status=described["status"],
        input=json.loads(described["input"]),
        output=_parsed(described["output"]) if "output" in described else None,
        error=described.get("error", ""),
        cause=described.get("cause", ""),
        events=tuple(history["events"]),
    )
