"""CloudFormation's intrinsic functions, worked out for resources that live on this machine."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.aws import ACCOUNT, REGION
from local.errors import UnsupportedTemplateError

_PSEUDO_PARAMETERS: Final = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE: Final = object()
_VARIABLE: Final = re.compile(r"\$\{(!?)([^}]+)\}")
_HTTP_API: Final = "AWS::ApiGatewayV2::Api"
_API_ID_LENGTH: Final = 10

# How a resource's ARN is made of its physical name, and whether Ref gives that ARN instead of the name.
_ARNS: Final = {
    "AWS::DynamoDB::Table": (f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/", False),
    "AWS::Events::EventBus": (f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/", False),
    "AWS::Events::Rule": (f"arn:aws:events:{REGION}:{ACCOUNT}:rule/", False),
    "AWS::IAM::Role": (f"arn:aws:iam::{ACCOUNT}:role/", False),
    "AWS::Lambda::Function": (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:", False),
    "AWS::Lambda::LayerVersion": (f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:", True),
    "AWS::Logs::LogGroup": (f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:", False),
    "AWS::S3::Bucket": ("arn:aws:s3:::", False),
    "AWS::SQS::Queue": (f"arn:aws:sqs:{REGION}:{ACCOUNT}:", False),
    "AWS::Scheduler::Schedule": (f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/", False),
    "AWS::StepFunctions::StateMachine": (f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:", True),
}
_NAME_PROPERTIES: Final = {
    "AWS::ApiGatewayV2::Stage": "StageName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
# The attribute that is the physical name, where there is one.
_NAME_ATTRIBUTES: Final = {
    "AWS::Events::EventBus": "Name",
    "AWS::SQS::Queue": "QueueName",
    "AWS::StepFunctions::StateMachine": "Name",
}


class Resolver:
    """Resolves the values of one expanded template; an unknown name or function is refused."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, Any], stack: str) -> None:
        self._template = template
        self._parameters = parameters
        self._stack = stack

    def resources(self) -> dict[str, dict[str, Any]]:
        """Every resource whose condition holds, by logical id, with its properties resolved."""
        found: dict[str, dict[str, Any]] = {}
        for logical_id, resource in self._template["Resources"].items():
            if "Condition" in resource and not self._condition(resource["Condition"]):
                continue
            properties = self.resolve(resource.get("Properties", {}))
            found[logical_id] = {"Type": resource["Type"], "Properties": properties}
        return found

    def outputs(self) -> dict[str, Any]:
        """The template's outputs, by name."""
        outputs = self._template.get("Outputs", {})
        return {
            name: self.resolve(output["Value"])
            for name, output in outputs.items()
            if "Condition" not in output or self._condition(output["Condition"])
        }

    def resolve(self, value: Any) -> Any:
        """The value with every intrinsic function worked out."""
        if isinstance(value, Mapping):
            if len(value) == 1:
                name = next(iter(value))
                if name == "Ref":
                    return self._ref(value[name])
                if name.startswith("Fn::"):
                    return self._function(name)(value[name])
            pairs = ((key, self.resolve(item)) for key, item in value.items())
            return {key: item for key, item in pairs if item is not _NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not _NO_VALUE]
        return value

    def physical_name(self, logical_id: str) -> str:
        """What the resource is called: the template's name for it, else one made of the stack's.

        An HTTP API has an id instead, which is part of its address.
        """
        resource = self._resource(logical_id)
        given = resource.get("Properties", {}).get(_NAME_PROPERTIES.get(resource["Type"], ""))
        if given is not None:
            return str(self.resolve(given))
        name = f"{self._stack}-{logical_id}"
        if resource["Type"] == _HTTP_API:
            return hashlib.sha256(name.encode()).hexdigest()[:_API_ID_LENGTH]
        return name.lower() if resource["Type"] == "AWS::S3::Bucket" else name

    def arn(self, logical_id: str) -> str:
        """The resource's ARN."""
        kind = self._resource(logical_id)["Type"]
        if kind not in _ARNS:
            raise UnsupportedTemplateError(f"{logical_id}: the local engine knows no ARN of {kind}")
        version = ":1" if kind == "AWS::Lambda::LayerVersion" else ""
        return _ARNS[kind][0] + self._bus_of_rule(logical_id) + self.physical_name(logical_id) + version

    def _resource(self, logical_id: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self._template["Resources"][logical_id]
        except KeyError:
            raise UnsupportedTemplateError(f"{logical_id} is neither a parameter nor a resource") from None
        return found

    def _bus_of_rule(self, logical_id: str) -> str:
        """What the ARN of a rule has before its name, when it is not on the default bus."""
        resource = self._resource(logical_id)
        bus = resource.get("Properties", {}).get("EventBusName", "default")
        name = str(self.resolve(bus)).rpartition("/")[2]
        return f"{name}/" if resource["Type"] == "AWS::Events::Rule" and name != "default" else ""

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name == "AWS::StackName":
            return self._stack
        if name in _PSEUDO_PARAMETERS:
            return _PSEUDO_PARAMETERS[name]
        if name in self._parameters:
            return self._parameters[name]
        kind = self._resource(name)["Type"]
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self.physical_name(name)}"
        return self.arn(name) if _ARNS.get(kind, ("", False))[1] else self.physical_name(name)

    def _function(self, name: str) -> Callable[[Any], Any]:
        functions: dict[str, Callable[[Any], Any]] = {
            "Fn::And": lambda terms: all(map(self._condition, terms)),
            "Fn::Equals": lambda pair: str(self.resolve(pair[0])) == str(self.resolve(pair[1])),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": lambda parts: self.resolve(parts[1] if self._condition(parts[0]) else parts[2]),
            "Fn::Join": lambda parts: str(parts[0]).join(map(str, self.resolve(parts[1]))),
            "Fn::Not": lambda terms: not self._condition(terms[0]),
            "Fn::Or": lambda terms: any(map(self._condition, terms)),
            "Fn::Select": lambda parts: self.resolve(parts[1])[int(self.resolve(parts[0]))],
            "Fn::Split": lambda parts: str(self.resolve(parts[1])).split(parts[0]),
            "Fn::Sub": self._sub,
        }
        if name not in functions:
            raise UnsupportedTemplateError(f"the local engine does not do {name}")
        return functions[name]

    def _condition(self, condition: Any) -> bool:
        if isinstance(condition, str):
            return bool(self._condition(self._template["Conditions"][condition]))
        if isinstance(condition, Mapping) and set(condition) == {"Condition"}:
            return self._condition(condition["Condition"])
        return bool(self.resolve(condition))

    def _find_in_map(self, parts: list[Any]) -> Any:
        table, first, second = (self.resolve(part) for part in parts)
        try:
            return self._template["Mappings"][table][str(first)][str(second)]
        except KeyError:
            raise UnsupportedTemplateError(f"Mappings has no {table}.{first}.{second}") from None

    def _get_att(self, path: list[str] | str) -> Any:
        logical_id, attribute = path.split(".", 1) if isinstance(path, str) else path
        if attribute == "Arn":
            return self.arn(logical_id)
        kind = self._resource(logical_id)["Type"]
        if attribute == _NAME_ATTRIBUTES.get(kind):
            return self.physical_name(logical_id)
        if kind == "AWS::SQS::Queue" and attribute == "QueueUrl":
            return self._ref(logical_id)
        if kind == _HTTP_API and attribute in {"ApiId", "ApiEndpoint"}:
            api_id = self.physical_name(logical_id)
            return api_id if attribute == "ApiId" else f"https://{api_id}.execute-api.{REGION}.amazonaws.com"
        raise UnsupportedTemplateError(f"the local engine does not know {logical_id}.{attribute}")

    def _sub(self, argument: str | list[Any]) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])

        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in given:
                return str(self.resolve(given[name]))
            return str(self._get_att(name) if "." in name else self._ref(name))

        return _VARIABLE.sub(replace, text)
