"""The storage in memory that a whole run is measured with does what the stores ask of AWS."""

from collections.abc import Iterator

import botocore.session
import pytest

from benchmarks import quick_aws
from local.aws import CREDENTIALS, REGION
from rostersync.errors import StagedObjectMissing, StorageConflict
from rostersync.storage.staging import Staging
from rostersync.storage.table import Absent, Below, Equals, Table
from rostersync.storage.transactions import Check, Delete, Put


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, object]]:
    session = botocore.session.get_session()
    with quick_aws.quick_aws() as endpoints:
        yield {
            service: session.create_client(
                service,
                region_name=REGION,
                endpoint_url=url,
                aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            )
            for service, url in endpoints.items()
        }


@pytest.fixture
def table(clients) -> Table:
    return Table(clients["dynamodb"], "table")


def test_batches_are_read_back_in_order_page_by_page(table):
    items = [{"pk": "read", "sk": f"A#{number:03}", "data": "x" * 10_000} for number in range(250)]
    table.write([*items, {"pk": "read", "sk": "B"}], [])
    assert list(table.query("read", "A#")) == items
    table.write([], [("read", "A#007")])
    assert len(list(table.query("read"))) == 250


def test_conditions_hold_as_dynamodb_judges_them(table):
    table.put({"pk": "c", "sk": "1", "version": 9, "name": "x"}, when=[Absent()])
    with pytest.raises(StorageConflict):
        table.put({"pk": "c", "sk": "1"}, when=[Absent()])
    with pytest.raises(StorageConflict):
        table.put({"pk": "c", "sk": "1"}, when=[Equals("name", "y"), Below("version", 9)])
    table.put({"pk": "c", "sk": "1", "version": 10}, when=[Equals("name", "y"), Below("version", 10)])
    with pytest.raises(StorageConflict):
        table.delete(("c", "1"), when=[Absent("version")])
    table.delete(("c", "1"), when=[Equals("version", 10)])
    assert table.get(("c", "1")) is None


def test_updates_set_and_remove(table):
    with pytest.raises(StorageConflict):
        table.update(("u", "1"), {"a": 1})
    table.update(("u", "1"), {"a": 1, "b": "x"}, create=True)
    table.update(("u", "1"), {"c": True}, remove=["b"], when=[Absent("c"), Equals("c", value=False)])
    assert table.get(("u", "1")) == {"pk": "u", "sk": "1", "a": 1, "c": True}
    with pytest.raises(StorageConflict):
        table.update(("u", "1"), {"a": 2}, when=[Below("a", 1)])


def test_a_transaction_happens_whole_or_not_at_all(table):
    table.put({"pk": "t", "sk": "1"})
    with pytest.raises(StorageConflict):
        table.transact([Put({"pk": "t", "sk": "2"}), Check(("t", "1"), [Absent()])])
    assert table.get(("t", "2")) is None
    table.transact([Put({"pk": "t", "sk": "2"}, when=[Absent()]), Delete(("t", "1"))])
    assert [item["sk"] for item in table.query("t")] == ["2"]


def test_staging_keeps_its_promises(clients):
    staging = Staging(clients["s3"], "bucket")
    assert staging.put_pack("run/part", {"a": b"1" * 50_000, "b": b"2"}, once=True)
    assert not staging.put_pack("run/part", {"a": b"3"}, once=True)
    assert staging.section("run/part", "b") == b"2"
    assert staging.exists("run/part")
    assert not staging.exists("run/other")
    with pytest.raises(StagedObjectMissing):
        staging.open_pack("run/other")
