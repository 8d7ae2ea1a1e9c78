"""Which IAM actions a call to AWS needs, and which a role of the template allows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from local.aws import ACCOUNT, REGION
from local.template import Template

SECRET_SUFFIX: Final = "-AbCdEf"
"""Secrets Manager ends an ARN with six characters of its own."""

_WRITES: Final = {"Put": "PutItem", "Delete": "DeleteItem", "Update": "UpdateItem"}


@dataclass(frozen=True, slots=True)
class Need:
    """An action on a resource, and the values of condition keys that the call comes with."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Permission:
    """One action of one statement on one of its resources."""

    action: str
    resource: str
    conditions: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def covers(self, need: Need) -> bool:
        """Say whether it allows a call; a condition of a key that the call has not does not hold."""
        context = dict(need.context)
        return (
            fnmatchcase(need.action, self.action)
            and fnmatchcase(need.resource, self.resource)
            and all(
                any(fnmatchcase(context.get(key, ""), pattern) for pattern in patterns)
                for key, patterns in self.conditions.items()
            )
        )


def needs_of(service: str, operation: str, params: Mapping[str, Any]) -> Iterator[Need]:
    """Yield what AWS's service authorization reference says that a call needs.

    Raises ``LookupError`` for an operation that nothing is known of here.
    """
    match service, operation:
        case "dynamodb", "TransactWriteItems":
            for item in params["TransactItems"]:
                ((kind, write),) = item.items()
                action = "ConditionCheckItem" if kind == "ConditionCheck" else _WRITES[kind]
                yield Need(f"dynamodb:{action}", _table(write["TableName"]))
        case "dynamodb", "BatchWriteItem":
            for name in params["RequestItems"]:
                yield Need("dynamodb:BatchWriteItem", _table(name))
        case "dynamodb", "Query":
            index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
            yield Need("dynamodb:Query", _table(params["TableName"]) + index)
        case "dynamodb", ("GetItem" | "PutItem" | "UpdateItem" | "DeleteItem"):
            yield Need(f"dynamodb:{operation}", _table(params["TableName"]))
        case "s3", ("GetObject" | "PutObject" | "HeadObject"):
            action = operation.replace("Head", "Get")
            yield Need(f"s3:{action}", f"arn:aws:s3:::{params['Bucket']}/{params['Key']}")
        case "s3", "ListObjectsV2":
            prefix = ("s3:prefix", params["Prefix"])
            yield Need("s3:ListBucket", f"arn:aws:s3:::{params['Bucket']}", (prefix,))
        case "s3", "DeleteObjects":
            for one in params["Delete"]["Objects"]:
                yield Need("s3:DeleteObject", f"arn:aws:s3:::{params['Bucket']}/{one['Key']}")
        case "secretsmanager", ("GetSecretValue" | "PutSecretValue" | "DeleteSecret" | "CreateSecret"):
            yield Need(f"secretsmanager:{operation}", _secret(params.get("SecretId") or params["Name"]))
        case "events", "PutEvents":
            for entry in params["Entries"]:
                bus = entry["EventBusName"]
                yield Need("events:PutEvents", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}")
        case "stepfunctions", "StartExecution":
            yield Need("states:StartExecution", params["stateMachineArn"])
        case "stepfunctions", "StopExecution":
            yield Need("states:StopExecution", params["executionArn"])
        case _:
            raise LookupError(f"{service}:{operation}: say here what it needs")


def permissions_of(template: Template, role: str) -> list[Permission]:
    """Return what a role's own policies allow, and those that are attached to it by name."""
    name = template.physical_names[role]
    policies = list(template.of_type("AWS::IAM::Role")[role].get("Policies", []))
    policies += [one for one in template.of_type("AWS::IAM::Policy").values() if name in one["Roles"]]
    return [
        permission
        for policy in policies
        for statement in _several(policy["PolicyDocument"]["Statement"])
        for permission in _permissions(statement)
    ]


def missing(needs: Iterable[Need], allowed: Iterable[Permission]) -> set[Need]:
    """Return what is called and not allowed."""
    permissions = list(allowed)
    return {need for need in needs if not any(one.covers(need) for one in permissions)}


def too_much(needs: Iterable[Need], allowed: Iterable[Permission]) -> set[tuple[str, str]]:
    """Return what is allowed and never called, as (action, resource).

    An action on two resources is two permissions, and a prefix of a condition one each.
    """
    calls = list(needs)
    return {
        (one.action, one.resource)
        for permission in allowed
        for one in _by_condition(permission)
        if not any(one.covers(need) for need in calls)
    }


def _permissions(statement: Mapping[str, Any]) -> Iterator[Permission]:
    assert statement["Effect"] == "Allow", "a role denies nothing here"
    conditions: dict[str, tuple[str, ...]] = {}
    for operator, keys in statement.get("Condition", {}).items():
        assert operator in {"StringLike", "StringEquals"}, operator
        conditions |= {key: tuple(_several(values)) for key, values in keys.items()}
    for action in _several(statement["Action"]):
        for resource in _several(statement["Resource"]):
            yield Permission(action, resource, conditions)


def _by_condition(permission: Permission) -> Iterator[Permission]:
    if not permission.conditions:
        yield permission
    for key, patterns in permission.conditions.items():
        for pattern in patterns:
            yield Permission(permission.action, permission.resource, {key: (pattern,)})


def _several(thing: Any) -> list[Any]:
    return thing if isinstance(thing, list) else [thing]


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def _secret(name: str) -> str:
    prefix = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
    return name if name.startswith("arn:") else f"{prefix}{name}{SECRET_SUFFIX}"
