"""What the fakes offer beyond the adapters: looking inside, counting, failing on demand."""

import pytest

from rostersync.errors import StorageUnavailable
from tests.fakes import FakeSecrets, FakeStaging, FakeTable

A, B, C = ({"pk": "P", "sk": name} for name in "ABC")


def test_a_fake_table_shows_what_it_holds() -> None:
    table = FakeTable()
    table.write([B, A], [])
    assert len(table) == 2
    assert ("P", "A") in table
    assert ("P", "C") not in table
    assert list(table.items) == [("P", "A"), ("P", "B")]


def test_a_fake_table_counts_calls_and_written_items() -> None:
    table = FakeTable()
    table.write([A, B], [("P", "C")])
    table.get(("P", "A"))
    assert (table.calls, table.writes) == (2, 3)


def test_a_fake_table_fails_in_the_middle_of_a_write_and_then_works_again() -> None:
    table = FakeTable()
    table.put(A)
    table.fail_at_write(2)
    with pytest.raises(StorageUnavailable):
        table.write([B, C], [])
    assert list(table.items) == [("P", "A"), ("P", "B")]
    table.write([B, C], [])
    assert len(table) == 3


def test_a_fake_fails_the_call_it_was_told_to_fail() -> None:
    table, staging, secrets = FakeTable(), FakeStaging(), FakeSecrets()
    for fake in (table, staging, secrets):
        fake.fail_at_call(2, KeyError("told"))
    table.put(A)
    with pytest.raises(KeyError):
        table.get(("P", "A"))
    assert table.get(("P", "A")) == A
    staging.put_json("staging/a", 1)
    with pytest.raises(KeyError):
        staging.get_json("staging/a", int)
    assert staging.get_json("staging/a", int) == 1
    ref = secrets.put("maple", "1", {})
    with pytest.raises(KeyError):
        secrets.get(ref)
    assert secrets.get(ref) == {}


def test_a_fake_bucket_shows_what_it_holds() -> None:
    staging = FakeStaging()
    staging.put_json("staging/a", 1)
    staging.fail_at_write(1)
    with pytest.raises(StorageUnavailable):
        staging.put_json("staging/b", 1)
    assert "staging/a" in staging
    assert "staging/b" not in staging
    assert (len(staging), staging.writes) == (1, 1)


def test_a_fake_table_refuses_what_dynamodb_refuses() -> None:
    table = FakeTable()
    for item in (
        {**A, "raw": bytes(410_000)},
        {"pk": "P", "sk": "x" * 1_025},
        {"pk": "", "sk": "A"},
        {**A, "due_list": "I", "due_at": ""},
    ):
        with pytest.raises(ValueError, match="has"):
            table.put(item)
    assert len(table) == 0
