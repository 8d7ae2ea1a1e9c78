"""Inputs of steps: the samples fit, a bad one names its field and never quotes its value."""

import ast
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rostersync.errors import InvalidInput
from rostersync.senso.contracts import UserAdded
from rostersync.steps.begin_disconnect import DisconnectRequest
from rostersync.steps.fetch_pages import FetchRequest
from rostersync.steps.finish_disconnect import FinishDisconnectRequest
from rostersync.steps.finish_run import FinishRequest, finish_run
from rostersync.steps.link_users import read_message
from rostersync.steps.list_due_tenants import NightRequest
from rostersync.steps.plan_pull import PlanRequest
from rostersync.steps.purge_shards import PurgeRequest
from rostersync.steps.requests import PullRequest, Request, ShardsRequest, parse_request
from rostersync.steps.summarise_night import SummaryRequest
from rostersync.steps.verify_credentials import ConnectRequest
from rostersync.steps.watch_tenants import WatchRequest
from tests.steps.driver import NOW, FakeStores

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
MODELS: dict[str, type[Request]] = {
    "plan_pull": PlanRequest,
    "fetch_pages": FetchRequest,
    "seal_pull": PullRequest,
    "reconcile_people": ShardsRequest,
    "assign_owners": PullRequest,
    "reconcile_classes": ShardsRequest,
    "reconcile_groups": ShardsRequest,
    "review_changes": PullRequest,
    "publish_roster": ShardsRequest,
    "deliver_groups": ShardsRequest,
    "finish_run": FinishRequest,
    "finish_run_status_change": FinishRequest,
    "list_due_tenants": NightRequest,
    "summarise_night": SummaryRequest,
    "watch_tenants": WatchRequest,
    "stop_run": DisconnectRequest,
    "purge_shards": PurgeRequest,
    "finish_disconnect": FinishDisconnectRequest,
}
ADDED: dict[str, tuple[type[Request], dict[str, Any]]] = {
    "sync": (PlanRequest, {"runId": "run", "pull": 1}),
    "nightly": (NightRequest, {"nightId": "night"}),
    "nightly_tenants": (NightRequest, {"nightId": "night"}),
    "disconnect": (DisconnectRequest, {}),
}
"""What the state machines add to their own input before the first function gets it."""

MESSAGES = {"link_users"}
"""What a queue hands over: its records' bodies are Senso's events."""

SECRET = "Jane Invented <jane@hill.example>"
"""Stands for what must not be quoted."""


def sample(name: str) -> Any:
    """Return a sample payload."""
    return json.loads((EVENTS / f"{name}.json").read_text())


@pytest.mark.parametrize("name", MODELS)
def test_the_sample_of_a_function_fits_its_request(name: str) -> None:
    request = parse_request(MODELS[name], sample(name))
    if not name.endswith("status_change"):
        written = json.loads(msgspec.json.encode(request))
        assert {field: written[field] for field in sample(name)} == sample(name)


@pytest.mark.parametrize("name", ADDED)
def test_the_sample_of_a_state_machine_fits_its_first_function(name: str) -> None:
    model, added = ADDED[name]
    parse_request(model, {**sample(name), **added})


def test_there_is_a_sample_for_every_request_and_no_other() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == {*MODELS, *ADDED, *MESSAGES}


@pytest.mark.parametrize("name", MESSAGES)
def test_the_sample_of_a_queue_holds_an_event_of_sensos(name: str) -> None:
    for record in sample(name)["Records"]:
        event = read_message(record["body"])
        assert isinstance(event, UserAdded)
        assert event.user_id == "u-1"


@pytest.mark.parametrize("name", MODELS)
def test_a_bad_value_is_named_by_its_field_and_not_quoted(name: str) -> None:
    if name.endswith("status_change"):
        return
    event = sample(name)
    for field in event:
        if field in {"actor", "mode"} and name == "plan_pull":
            bad: Any = {"nested": SECRET}
        else:
            bad = SECRET
        with pytest.raises(InvalidInput) as caught:
            parse_request(MODELS[name], {**event, field: bad})
        assert field in str(caught.value)
        assert "Jane" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_unknown_and_missing_fields_are_named() -> None:
    with pytest.raises(InvalidInput, match="tenantID: not a field"):
        parse_request(
            PlanRequest, {"tenantID": "springfield", "tenantId": "springfield", "runId": "r", "pull": 1}
        )
    with pytest.raises(InvalidInput, match="tenantId: missing"):
        parse_request(PlanRequest, {"runId": "r", "pull": 1})


@pytest.mark.parametrize("event", [None, [], SECRET, 7])
def test_an_input_that_is_no_object_is_refused(event: Any) -> None:
    for model in (PlanRequest, FinishRequest):
        with pytest.raises(InvalidInput) as caught:
            parse_request(model, event)
        assert "Jane" not in str(caught.value)


@pytest.mark.parametrize("pull", [0, 4])
def test_a_pull_is_one_of_three(pull: int) -> None:
    with pytest.raises(InvalidInput, match="pull"):
        parse_request(PullRequest, {"tenantId": "springfield", "runId": "run", "pull": pull})


@pytest.mark.parametrize("tenant", ["", "a#b", "../x", "a b", "x" * 51, "-a", "a\n"])
def test_a_tenant_id_fits_keys_and_names(tenant: str) -> None:
    with pytest.raises(InvalidInput, match="tenantId"):
        parse_request(PullRequest, {"tenantId": tenant, "runId": "run", "pull": 1})


@pytest.mark.parametrize(
    "detail",
    [
        None,
        {},
        {"name": "run", "status": "ABORTED", "input": None},
        {"name": "run", "status": "ABORTED", "input": SECRET},
        {"name": "run", "status": "ABORTED", "input": f'["{SECRET}"]'},
        {"name": "run", "status": "ABORTED", "input": "{}"},
        {"name": "a name / with a slash", "status": "ABORTED", "input": '{"tenantId": "springfield"}'},
    ],
)
def test_a_status_change_event_that_names_no_run_finishes_nothing(detail: Any) -> None:
    request = parse_request(FinishRequest, {**sample("finish_run_status_change"), "detail": detail})
    stores = FakeStores()
    finished = finish_run(request, stores, now=NOW, longest_function_seconds=300)
    assert finished.outcome == "refused"
    assert len(stores.table) == 0


def test_an_unknown_field_is_named_only_if_it_looks_like_one() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_request(SummaryRequest, {"nightId": "n", "colour": 1, "Jane Example": 2})
    assert "colour" in str(caught.value)
    assert "Jane" not in str(caught.value)


def test_credentials_do_not_show() -> None:
    event = {
        "tenantId": "springfield",
        "serverUrl": "https://roster.example",
        "clientId": "id",
        "clientSecret": SECRET,
        "token": SECRET,
    }
    assert "Jane" not in repr(parse_request(ConnectRequest, event))
    with pytest.raises(InvalidInput) as caught:
        parse_request(ConnectRequest, {**event, "auth": SECRET})
    assert "auth: none of the expected values" in str(caught.value)
    assert "Jane" not in str(caught.value)
    with pytest.raises(InvalidInput) as caught:
        parse_request(ConnectRequest, {**event, "clientSecret": [SECRET]})
    assert "clientSecret" in str(caught.value)
    assert "Jane" not in str(caught.value)


def test_the_api_reads_every_request_and_makes_none_by_hand() -> None:
    """What is made by hand is not checked."""
    for path in (ROOT / "layers/rostersync/rostersync/api").glob("*.py"):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        made = {call.id for call in calls if isinstance(call, ast.Name) and call.id.endswith("Request")}
        assert not made, path.name
