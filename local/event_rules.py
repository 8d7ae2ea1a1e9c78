"""The template's EventBridge rules, told apart by who does them: the engine itself or moto."""

from collections.abc import Mapping
from typing import Any, Final

from local.errors import UnsupportedTemplateError
from local.template import Template

# moto's own envelope lacks the account. And moto fills in one name, such as <source>, after the other, in the
# text of a detail too once that is there: the detail comes last.
_EVENT_AS_SENT: Final = {
    "InputPathsMap": {
        "id": "$.id",
        "detail-type": "$.detail-type",
        "source": "$.source",
        "account": "$.account",
        "time": "$.time",
        "region": "$.region",
        "resources": "$.resources",
        "detail": "$.detail",
    },
    "InputTemplate": '{"version": "0", "id": "<id>", "detail-type": "<detail-type>", "source": "<source>", '
    '"account": "<account>", "time": <time>, "region": "<region>", "resources": <resources>, '
    '"detail": <detail>}',
}
_TARGET_PROPERTIES: Final = frozenset({"Arn", "DeadLetterConfig", "Id", "RetryPolicy"})


def function_rules(template: Template) -> dict[str, Mapping[str, Any]]:
    """Rules on the default bus, which invoke functions: the engine's, as moto's have no Lambda target.

    Raises ``UnsupportedTemplateError`` when the template has a rule of neither kind.
    """
    return {
        key: rule
        for key, rule in template.of_type("AWS::Events::Rule").items()
        if not _sends_to_queues(template, key, rule)
    }


def queue_rules(template: Template) -> dict[str, Mapping[str, Any]]:
    """Rules on a bus of the template's own, which send to queues: moto's.

    Raises ``UnsupportedTemplateError`` when the template has a rule of neither kind.
    """
    return {
        key: rule
        for key, rule in template.of_type("AWS::Events::Rule").items()
        if _sends_to_queues(template, key, rule)
    }


def queue_target(target: Mapping[str, Any]) -> dict[str, Any]:
    """The target as moto gets it, so that an event comes out as EventBridge sends it."""
    return {"Id": target["Id"], "Arn": target["Arn"], "InputTransformer": _EVENT_AS_SENT}


def _sends_to_queues(template: Template, logical_id: str, rule: Mapping[str, Any]) -> bool:
    bus = str(rule.get("EventBusName", "default")).rpartition("/")[2]
    targets = rule.get("Targets", [])
    arns = {target["Arn"] for target in targets}
    if "EventPattern" in rule and rule.get("State", "ENABLED") == "ENABLED":
        if bus == "default" and arns <= {function.arn for function in template.functions.values()}:
            return False
        buses = {template.physical_names[key] for key in template.of_type("AWS::Events::EventBus")}
        to_queues = arns <= {queue.arn for queue in template.queues.values()}
        if bus in buses and to_queues and all(_TARGET_PROPERTIES.issuperset(target) for target in targets):
            return True
    raise UnsupportedTemplateError(
        f"{logical_id}: the local engine does rules with a pattern, on the default bus with functions as "
        "targets and on a bus of the template's with queues, which get the whole event"
    )
