"""The fake's judgement of conditions is DynamoDB's."""

from collections.abc import Iterator

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from rostersync.errors import StorageConflict
from rostersync.storage.conditions import Absent, Below, Condition, Equals
from rostersync.storage.table import Table
from tests.fakes import FakeTable
from tests.storage.aws import REGION, create_table, pretend_credentials

KEY = ("T#maple", "A")

# An attribute has one type: moto, unlike DynamoDB, does not tell a number from a boolean and cannot order
# values of two types.
numbers, texts, flags = st.integers(-2, 2), st.sampled_from(["", "a", "b", "é", "ﬀ", "𝒜"]), st.booleans()
items = st.fixed_dictionaries({}, optional={"version": numbers, "status": texts, "removed": flags})
conditions: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Absent),
    st.builds(Absent, st.sampled_from(["version", "status", "removed"])),
    st.builds(Equals, st.just("version"), numbers),
    st.builds(Equals, st.just("status"), texts),
    st.builds(Equals, st.just("removed"), flags),
    st.builds(Below, st.just("version"), numbers),
    st.builds(Below, st.just("status"), texts),
)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Table]:
    """One table for all examples: each writes the item that it needs."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        pretend_credentials(monkeypatch)
        with mock_aws():
            yield create_table(boto3.client("dynamodb", REGION), "conditions")


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stored=st.none() | items,
    when=st.lists(conditions, max_size=3),
)
def test_the_fake_and_dynamodb_judge_conditions_alike(
    dynamodb: Table, stored: dict[str, object] | None, when: list[Condition]
) -> None:
    outcomes = []
    for table in (dynamodb, FakeTable()):
        if stored is None:
            table.delete(KEY)
        else:
            table.put({"pk": KEY[0], "sk": KEY[1], **stored})
        try:
            table.put({"pk": KEY[0], "sk": KEY[1], "written": True}, when=when)
        except StorageConflict:
            outcomes.append("conflict")
        else:
            outcomes.append("written")
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("value", [0, 1])
def test_a_number_is_not_a_boolean(value: int) -> None:
    table = FakeTable()
    table.put({"pk": KEY[0], "sk": KEY[1], "flag": bool(value)})
    with pytest.raises(StorageConflict):
        table.put({"pk": KEY[0], "sk": KEY[1]}, when=[Equals("flag", value)])
