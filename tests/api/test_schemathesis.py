"""The committed description held against the API: whatever is sent, it answers as it says, and never by 5xx.

Schemathesis makes the requests, those that fit and those that do not; nothing of it is left to chance.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from local.openapi import PATH
from rostersync.roster.identity import OWNER_ID_PATTERN
from rostersync.steps.requests import RUN_ID_PATTERN
from tests.api.gateway import Gateway, opened, operations

CASES: Final = 30
"""For each route and role, beside the examples and the edges, which are as many as there are."""

MORE_THAN_A_SCHEMA_SAYS: Final = {
    ("POST", "/explain"): "exactly one question",
    ("POST", "/runs"): "other settings are for a preview",
    ("PATCH", "/integration/settings"): "a time zone there is",
    ("PUT", "/integration/credentials"): "an address of a Roster Server",
    ("PUT", "/owners/{owner_id}/user"): "an e-mail that a user has",
}
"""Where a request that fits may be refused all the same."""

DOCUMENT: Final = json.loads(PATH.read_text())
WITH_BODY: Final = {
    (method.upper(), path)
    for path, found in DOCUMENT["paths"].items()
    for method, one in found.items()
    if "requestBody" in one
}

schema = schemathesis.openapi.from_dict(DOCUMENT)
answered: dict[tuple[str, str, str], Counter[int]] = {}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with opened(Gateway()) as gateway:
        yield gateway


@pytest.mark.parametrize("role", ["admin", "reader"])
@schema.parametrize()
@settings(
    derandomize=True,
    database=None,
    max_examples=CASES,
    # A failure is found in seconds; made smaller, it would be in minutes.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_the_api_answers_as_its_description_says(
    case: schemathesis.Case[Any], gateway: Gateway, role: str
) -> None:
    gateway.restore()
    before = gateway.done
    _mean_something_that_is_there(case, gateway)
    response = case.call(
        base_url="http://api.example",
        app=gateway.app,
        headers={"Authorization": f"Bearer {gateway.token(role)}"},
    )
    if case.method.upper() not in {method for method, path in operations() if path == case.path}:
        # API Gateway answers for the methods that no route takes, never by 405: OPTIONS is a preflight.
        assert response.status_code == (204 if case.method.upper() == "OPTIONS" else 404)
        return
    answered.setdefault((case.method, case.path, role), Counter())[response.status_code] += 1
    # What a token must be is test_every_route.py's; schemathesis asks with others than ours.
    excluded = [unsupported_method, ignored_auth]
    if (case.method, case.path) not in WITH_BODY:
        # That a query may have unknown names in it is how addresses are.
        excluded.append(negative_data_rejection)
    if role == "reader" or (case.method, case.path) in MORE_THAN_A_SCHEMA_SAYS:
        excluded.append(positive_data_acceptance)
    case.validate_response(response, excluded_checks=excluded)
    if response.status_code >= 400:
        assert gateway.done == before


@pytest.mark.parametrize(("method", "path"), operations())
def test_every_route_was_asked_and_has_done_what_it_is_for(method: str, path: str) -> None:
    """As admin, of its many requests at least one: a suite that is only ever refused shows nothing."""
    if not answered:
        pytest.skip("the requests are made by the test before, in the same process")
    found = answered[method, path, "admin"]
    # Nothing that schemathesis invents is a Roster Server.
    assert found[422 if path == "/integration/credentials" else 202 if found[202] else 200], found
    assert found.total() > 10 or not {400, 404} & found.keys()


def _mean_something_that_is_there(case: schemathesis.Case[Any], gateway: Gateway) -> None:
    """Let an id of the right form be one that the tenant has: any other is only ever not found."""
    for name, pattern, there in (
        ("run_id", RUN_ID_PATTERN, gateway.run_id),
        ("owner_id", OWNER_ID_PATTERN, gateway.owner_id),
    ):
        if re.fullmatch(pattern, str(case.path_parameters.get(name, ""))):
            case.path_parameters[name] = there
    if not isinstance(case.body, dict):
        return
    users = case.body.get("users")
    for user in users if isinstance(users, list) else []:
        if isinstance(user, dict) and re.fullmatch(OWNER_ID_PATTERN, str(user.get("ownerId"))):
            user["ownerId"] = gateway.owner_id
    if case.path == "/integration/credentials" and isinstance(case.body.get("serverUrl", ""), str):
        case.body["serverUrl"] = "https://169.254.169.254"
