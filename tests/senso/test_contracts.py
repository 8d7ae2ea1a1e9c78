"""The published contracts: as the models have them, with examples, and as strict as these are."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from local.contracts import DETAIL_TYPES, FOLDER, examples_of, path_of, validator_of, written
from rostersync.errors import InvalidInput
from rostersync.senso.bus import OURS
from rostersync.senso.contracts import SENSO_SENDS, SENSOS, WE_SEND, read_event
from rostersync.steps.link_users import read_message

MODELS: Final = {**WE_SEND, **SENSO_SENDS}
DOCUMENT: Final = Path(__file__).parents[2] / "docs/integration-with-senso.md"

MISSING: Final = object()
"""In place of a value: the field is not there."""

MISTAKE: Final = "Mistake Of Somebody"
"""Offends wherever a text has a shape, and must not be seen again."""

EVERY_EVENT: Final = [
    ("schemaVersion", MISSING),
    ("schemaVersion", 2),
    ("schemaVersion", "1"),
    ("tenantId", MISSING),
    ("tenantId", MISTAKE),
    ("tenantId", "t" * 51),
    ("tenantId", None),
    (MISTAKE, 1),
]
"""(Where, what stands there instead)."""

USER_ID: Final = [
    ("userId", MISSING),
    ("userId", MISTAKE),
    ("userId", ""),
    ("userId", 1042),
    ("userId", None),
]
EMAIL: Final = [
    ("email", MISSING),
    ("email", None),
    ("email", f"{'e' * 1_000}@elm.example"),
    ("email", [MISTAKE]),
]
REQUEST_ID: Final = [("requestId", MISSING), ("requestId", MISTAKE), ("requestId", ""), ("requestId", 77)]
ANSWERS: Final = [
    ("answers", MISTAKE),
    ("answers", {}),
    ("answers.requestId", MISSING),
    ("answers.ownerId", MISTAKE),
    ("answers.ownerId", "o_" + "F" * 20),
    ("answers.email", MISTAKE),
]


def time(field: str) -> list[tuple[str, object]]:
    return [
        (field, MISSING),
        (field, 1_791_165_600),
        (field, "1791165600"),
        (field, "2031-10-05"),
        (field, "2031-10-05T02:00:00"),
        (field, "2026-10-05 02:00:00Z"),
        (field, "2026-13-05T02:00:00Z"),
        (field, "2026-02-30T02:00:00Z"),
        (field, "2026-10-05T25:00:00Z"),
        (field, MISTAKE),
    ]


BAD: Final[dict[str, list[tuple[str, object]]]] = {
    "Groups Changed": [
        ("ownerId", MISSING),
        ("ownerId", MISTAKE),
        ("ownerId", "o_" + "1" * 21),
        ("link", MISSING),
        ("link", None),
        ("link.id", 0),
        ("link.id", "1791165600000"),
        ("link.userId", MISSING),
        ("link.userId", ""),
        ("link.since", MISTAKE),
        ("groups", MISSING),
        ("groups", {"1": MISTAKE}),
        ("groups.0.groupId", MISTAKE),
        ("groups.0.version", -77),
        ("groups.0.version", 1.5),
        ("groups.0.version", True),
        ("groups.0.nameVersion", MISSING),
        ("groups.0.removed", MISSING),
        ("groups.0.removed", 2),
        ("groups.0.removed", True),
        ("groups.0.name", ""),
        ("groups.0.name", "n" * 201),
        ("groups.0.part", 0),
        ("groups.0.parts", MISSING),
        ("groups.0.teacher", MISTAKE),
        ("groups.0.members", MISSING),
        ("groups.0.members.0", MISTAKE),
        ("groups.0.members.0.sourcedId", ""),
        ("groups.0.members.0.sourcedId", "s" * 256),
        ("groups.0.members.0.login", None),
        ("groups.0.members.0.familyName", "f" * 1_001),
        ("groups.0.members.0.grade", MISTAKE),
        ("groups.1.version", MISSING),
        ("groups.1.removed", False),
        ("groups.1.name", MISTAKE),
    ],
    "Users Requested": [*REQUEST_ID, ("requestId", "r" * 101), ("ownerId", MISTAKE)],
    "Attention Needed": [
        ("reason", MISSING),
        ("reason", MISTAKE),
        ("runId", MISSING),
        ("runId", "r" * 101),
        ("needed", 1),
        ("needed", MISSING),
        ("userId", MISTAKE),
    ],
    "User Wanted": [
        *REQUEST_ID,
        *EMAIL,
        ("ownerId", MISSING),
        ("ownerId", MISTAKE),
        ("givenName", MISSING),
        ("familyName", "f" * 1_001),
        ("role", ""),
        ("role", "r" * 101),
        ("site", None),
        ("site", "s" * 101),
        ("userId", MISTAKE),
    ],
    "Users Listed": [
        *REQUEST_ID,
        *time("asOf"),
        ("page", 0),
        ("page", "1"),
        ("page", MISSING),
        ("pages", -77),
        ("pages", 10_001),
        ("users", MISSING),
        ("users", [{"userId": f"user-{number}", "email": ""} for number in range(501)]),
        ("users.0", MISTAKE),
        ("users.0.userId", MISSING),
        ("users.0.userId", MISTAKE),
        ("users.0.email", None),
        ("users.0.givenName", MISTAKE),
    ],
    "User Added": [*USER_ID, *EMAIL, *time("at"), *ANSWERS],
    "User Changed": [*USER_ID, *EMAIL, *time("at"), ("answers", MISTAKE)],
    "User Removed": [*USER_ID, *time("at"), ("email", MISTAKE)],
    "User Refused": [
        *time("at"),
        *ANSWERS,
        ("answers", MISSING),
        ("answers", None),
        ("reason", MISSING),
        ("reason", ""),
        ("reason", "r" * 201),
        ("userId", MISTAKE),
    ],
}

CASES: Final = [
    pytest.param(
        kind, where, value, id=f"{kind}: {where} {'missing' if value is MISSING else str(value)[:20]}"
    )
    for kind, mutations in BAD.items()
    for where, value in [*EVERY_EVENT, *mutations]
]

TOO_LENIENT: Final = [
    ("User Removed", "schemaVersion", True),
    ("User Removed", "user_id", "user-77"),
    ("Groups Changed", "groups.0.removed", 0),
    ("Groups Changed", "groups.0.removed", MISTAKE),
]
"""What the model takes, or shows."""


def spoilt(kind: str, where: str, value: object) -> dict[str, Any]:
    """Return the event's first example with another value at a path, or without what is there."""
    event = deepcopy(examples_of(kind)[0])
    place: Any = event
    *path, last = (int(step) if step.isdigit() else step for step in where.split("."))
    for step in path:
        place = place[step]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return event


# -- The files -------------------------------------------------------------------------------------------


def test_every_event_has_a_file_and_every_file_an_event():
    assert {path_of(kind) for kind in DETAIL_TYPES} == set(FOLDER.iterdir())


@pytest.mark.parametrize("kind", DETAIL_TYPES)
def test_the_file_is_what_the_model_makes_of_it(kind):
    assert path_of(kind).read_text() == written(kind), "run: make contracts"
    validator = validator_of(kind)
    validator.check_schema(validator.schema)


@pytest.mark.parametrize("kind", DETAIL_TYPES)
def test_the_examples_are_accepted_by_the_file_and_by_the_model(kind):
    examples = examples_of(kind)
    assert len(examples) in {2, 3}
    for example in examples:
        validator_of(kind).validate(example)
        read_event(MODELS[kind], json.dumps(example))
        assert set(re.findall(r"@([^\"]+)\"", json.dumps(example))) <= {"amber-badger-unified.example"}


@pytest.mark.parametrize("kind", SENSO_SENDS)
def test_sensos_examples_are_read_as_eventbridge_hands_them_over(kind):
    for example in examples_of(kind):
        body = {"version": "0", "source": SENSOS, "detail-type": kind, "detail": example}
        assert type(read_message(json.dumps(body))) is SENSO_SENDS[kind]


# -- Bad events ------------------------------------------------------------------------------------------


def test_there_are_ten_bad_events_of_each_kind():
    assert all(len(EVERY_EVENT) + len(BAD[kind]) >= 10 for kind in DETAIL_TYPES)


@pytest.mark.parametrize(("kind", "where", "value"), CASES)
def test_a_bad_event_is_refused_by_the_file_and_by_the_model(kind, where, value):
    event = spoilt(kind, where, value)
    assert not validator_of(kind).is_valid(event)
    with pytest.raises(InvalidInput) as refusal:
        read_event(MODELS[kind], json.dumps(event))
    told = str(refusal.value)
    assert MISTAKE not in told
    if not isinstance(value, bool) and value is not MISSING and len(str(value)) > 3:
        assert str(value) not in told
    for text in re.findall(r'"[^"]*@[^"]*"', json.dumps(event)):
        assert text.strip('"') not in told


@pytest.mark.parametrize(("kind", "where", "value"), TOO_LENIENT)
def test_the_model_is_as_strict_as_the_file(kind, where, value):
    test_a_bad_event_is_refused_by_the_file_and_by_the_model(kind, where, value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"Mistake Of Somebody"', "\ud800"])
@pytest.mark.parametrize("kind", DETAIL_TYPES)
def test_what_is_no_event_at_all_is_refused_without_being_shown(kind, text):
    with pytest.raises(InvalidInput) as refusal:
        read_event(MODELS[kind], text.encode("utf-8", "surrogatepass"))
    assert MISTAKE not in str(refusal.value)


@pytest.mark.parametrize("body", ["", "[]", '{"source": "senso.portal"}', '{"source": 1, "Mistake": 1}'])
def test_a_message_that_is_no_event_is_refused(body):
    with pytest.raises(InvalidInput, match="not an event as EventBridge writes them"):
        read_message(body)


@pytest.mark.parametrize(
    ("source", "kind"), [(OURS, "User Added"), (SENSOS, "User Wanted"), (SENSOS, MISTAKE)]
)
def test_a_message_from_elsewhere_is_refused(source, kind):
    with pytest.raises(InvalidInput) as refusal:
        read_message(json.dumps({"source": source, "detail-type": kind, "detail": {}}))
    assert MISTAKE not in str(refusal.value)


# -- The document ----------------------------------------------------------------------------------------

EXAMPLES: Final = [
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
]


def test_the_document_has_an_example_of_every_event_and_links_its_contract():
    assert {example["detail-type"] for example in EXAMPLES} == set(DETAIL_TYPES)
    for kind in DETAIL_TYPES:
        assert f"](contracts/{path_of(kind).name})" in DOCUMENT.read_text(), kind


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["detail-type"])
def test_the_documents_examples_are_as_their_contracts_say(example):
    kind = example["detail-type"]
    assert set(example) == {"source", "detail-type", "detail"}
    assert example["source"] == (OURS if kind in WE_SEND else SENSOS)
    validator_of(kind).validate(example["detail"])
    read_event(MODELS[kind], json.dumps(example["detail"]))
