"""The stores in a folder: what is written is what the next step reads, page by page."""

from pathlib import Path
from typing import Any, cast

import pytest

from benchmarks import lean_aws
from benchmarks.lean_aws import LeanDynamoDB, Meter
from rostersync.storage.table import Table


@pytest.fixture
def meter() -> Meter:
    return Meter()


def test_what_was_written_is_read_back_after_the_step_by_prefix(
    tmp_path: Path, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lean_aws, "PAGE_BYTES", 300)
    database = LeanDynamoDB(tmp_path, meter)
    table = Table(cast("Any", database), "table")
    names = [*(f"A#{number:02}" for number in range(20)), *(f"B#{number:02}" for number in range(20))]
    items = [{"pk": "p", "sk": name, "data": "x" * 50} for name in names]
    table.write(items, [])
    database.settle()
    assert list(table.query("p")) == items
    assert [item["sk"] for item in table.query("p", "B#")] == names[20:]
    assert list(table.query("p", "C#")) == []
    table.write([], [("p", "B#07")])
    database.settle()
    assert [item["sk"] for item in table.query("p", "B#")] == [name for name in names[20:] if name != "B#07"]


def test_calls_and_units_are_counted(tmp_path: Path, meter: Meter) -> None:
    database = LeanDynamoDB(tmp_path, meter)
    table = Table(cast("Any", database), "table")
    table.write([{"pk": "p", "sk": "a", "data": "x" * 2_000}], [("p", "b")])
    database.settle()
    list(table.query("p"))
    assert meter.counts["items written"] == 2
    assert meter.counts["write units"] == 3
    assert meter.counts["queries"] == 1
