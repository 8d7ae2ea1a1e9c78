"""Step Functions' status-change events, and the functions that the template's rules send them to."""

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from moto.events.models import EventPattern
from moto.stepfunctions.parser.backend.execution import Execution

from local.aws import ACCOUNT, REGION
from local.event_rules import function_rules
from local.template import Template

_SECONDS_TO_DELIVER: Final = 60.0

InvokeByArn = Callable[[str, Any], object]


def status_change_event(execution: Execution, status: str, time: datetime) -> dict[str, Any]:
    """The event that EventBridge gets when an execution has come to a status."""
    described = execution.to_describe_output()
    detail = {
        "executionArn": described["executionArn"],
        "stateMachineArn": described["stateMachineArn"],
        "name": described["name"],
        "status": status,
        "startDate": _milliseconds(described["startDate"]),
        "stopDate": _milliseconds(described.get("stopDate")),
        "input": described["input"],
        "inputDetails": {"included": True},
        "output": described.get("output"),
        "outputDetails": {"included": True} if described.get("output") else None,
        "error": described.get("error"),
        "cause": described.get("cause"),
    }
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [described["executionArn"]],
        "detail": detail,
    }


def _milliseconds(time: datetime | None) -> int | None:
    return int(time.timestamp() * 1000) if time else None


class StatusRules:
    """The template's rules on the default bus, each with the functions it invokes."""

    def __init__(self, template: Template, invoke: InvokeByArn) -> None:
        self._invoke = invoke
        self._rules: list[tuple[EventPattern, list[str]]] = []
        self._deliveries: list[threading.Thread] = []
        for properties in function_rules(template).values():
            targets = [target["Arn"] for target in properties.get("Targets", [])]
            pattern = json.loads(json.dumps(properties["EventPattern"]))
            self._rules.append((EventPattern(None, pattern), targets))

    def deliver(self, event: Mapping[str, Any]) -> None:
        """Invoke the targets of every rule that matches, beside whatever goes on, as a bus does."""
        for pattern, targets in self._rules:
            if pattern.matches_event(event):  # type: ignore[arg-type]  # an event of ours has all that it reads
                for arn in targets:
                    delivery = threading.Thread(target=self._invoke, args=(arn, event), daemon=True)
                    self._deliveries.append(delivery)
                    delivery.start()

    def wait(self) -> None:
        """Wait for what is being delivered."""
        while self._deliveries:
            self._deliveries.pop().join(_SECONDS_TO_DELIVER)
