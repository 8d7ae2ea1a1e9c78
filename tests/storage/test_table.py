"""The contract of the table, on the fake and on moto."""

import pytest

from rostersync.errors import StorageConflict
from rostersync.storage.table import Absent, Below, Equals, Item, Table
from rostersync.storage.transactions import Check, Delete, Put


def item(sk: str, pk: str = "T#maple", **attributes: object) -> Item:
    return {"pk": pk, "sk": sk, **attributes}


def test_an_item_comes_back_as_it_was_put(table: Table) -> None:
    stored = item("A#é#1", text="", number=-(2**62), yes=True, no=False, raw=b"\x00\xff", listed=["x", ""])
    table.put(stored)
    assert table.get(("T#maple", "A#é#1")) == stored
    assert [type(value) for value in next(table.query("T#maple")).values()] == [
        type(value) for value in stored.values()
    ]


def test_there_is_nothing_under_an_unknown_key(table: Table) -> None:
    assert table.get(("T#maple", "A")) is None
    assert list(table.query("T#maple")) == []


def test_a_value_that_items_do_not_hold_is_refused(table: Table) -> None:
    with pytest.raises(TypeError, match="float"):
        table.put(item("A", number=1.5))
    with pytest.raises(TypeError, match="NoneType"):
        table.put(item("A", nothing=None))


def test_a_query_yields_one_partition_in_order_of_sk(table: Table) -> None:
    table.write([item(sk) for sk in ("B#2", "B#1", "B#10", "A#1", "C")] + [item("B#1", "T#oak")], [])
    assert [found["sk"] for found in table.query("T#maple")] == ["A#1", "B#1", "B#10", "B#2", "C"]
    assert [found["sk"] for found in table.query("T#maple", "B#")] == ["B#1", "B#10", "B#2"]


def test_a_query_goes_on_over_its_pages(table: Table) -> None:
    # DynamoDB answers 1 MB at a time.
    table.write([item(f"A#{number:02}", raw=bytes(300_000)) for number in range(8)], [])
    assert [found["sk"] for found in table.query("T#maple", "A#")] == [f"A#{n:02}" for n in range(8)]


def test_a_put_replaces_the_whole_item(table: Table) -> None:
    table.put(item("A", one="1"))
    table.put(item("A", two="2"))
    assert table.get(("T#maple", "A")) == item("A", two="2")


def test_a_put_when_absent_happens_once(table: Table) -> None:
    table.put(item("A", by="first"), when=[Absent()])
    with pytest.raises(StorageConflict):
        table.put(item("A", by="second"), when=[Absent()])
    assert table.get(("T#maple", "A")) == item("A", by="first")


def test_any_one_condition_is_enough(table: Table) -> None:
    table.put(item("A", by="first", until=10))
    with pytest.raises(StorageConflict):
        table.put(item("A", by="second"), when=[Absent(), Equals("by", "second"), Below("until", 10)])
    table.put(item("A", by="second"), when=[Absent(), Equals("by", "second"), Below("until", 11)])
    assert table.get(("T#maple", "A")) == item("A", by="second")


def test_a_conflict_names_the_partition_and_not_the_key(table: Table) -> None:
    table.put(item("EMAIL#ada@maple.example"))
    with pytest.raises(StorageConflict) as conflict:
        table.put(item("EMAIL#ada@maple.example"), when=[Absent()])
    assert "T#maple" in str(conflict.value)
    assert "ada" not in str(conflict.value)


def test_an_update_changes_the_named_attributes_only(table: Table) -> None:
    table.put(item("A", keep="k", change=1, drop="d", status="old"))
    table.update(("T#maple", "A"), {"change": 2, "status": "new", "name": "n"}, remove=["drop", "unknown"])
    assert table.get(("T#maple", "A")) == item("A", keep="k", change=2, status="new", name="n")


def test_an_update_can_remove_without_setting(table: Table) -> None:
    table.put(item("A", keep="k", drop="d"))
    table.update(("T#maple", "A"), {}, remove=["drop"])
    assert table.get(("T#maple", "A")) == item("A", keep="k")


def test_an_update_creates_an_item_only_when_it_may(table: Table) -> None:
    with pytest.raises(StorageConflict):
        table.update(("T#maple", "A"), {"one": 1})
    assert table.get(("T#maple", "A")) is None
    table.update(("T#maple", "A"), {"one": 1}, create=True)
    assert table.get(("T#maple", "A")) == item("A", one=1)


def test_an_update_needs_the_item_and_one_of_its_conditions(table: Table) -> None:
    with pytest.raises(StorageConflict):
        table.update(("T#maple", "A"), {"one": 1}, when=[Absent("one")])
    table.put(item("A", one=1))
    with pytest.raises(StorageConflict):
        table.update(("T#maple", "A"), {"one": 2}, when=[Absent("one"), Equals("one", 3)])
    table.update(("T#maple", "A"), {"one": 2}, when=[Absent("one"), Equals("one", 1)])
    assert table.get(("T#maple", "A")) == item("A", one=2)


def test_what_is_added_is_added_again_each_time(table: Table) -> None:
    first = table.add(("T#maple", "A"), {"one": 2, "two": 0}, {"status": "new"})
    assert first == item("A", one=2, two=0, status="new")
    again = table.add(("T#maple", "A"), {"one": 3, "three": 1}, {"status": "old"})
    assert again == table.get(("T#maple", "A")) == item("A", one=5, two=0, three=1, status="old")


def test_a_delete_is_done_once_and_may_be_repeated(table: Table) -> None:
    table.put(item("A"))
    table.delete(("T#maple", "A"))
    table.delete(("T#maple", "A"))
    assert table.get(("T#maple", "A")) is None


def test_a_conditional_delete_leaves_another_value_alone(table: Table) -> None:
    table.put(item("A", by="first"))
    with pytest.raises(StorageConflict):
        table.delete(("T#maple", "A"), when=[Equals("by", "second")])
    table.delete(("T#maple", "A"), when=[Equals("by", "first")])
    with pytest.raises(StorageConflict):
        table.delete(("T#maple", "A"), when=[Equals("by", "first")])


def test_a_large_write_puts_and_deletes_everything(table: Table) -> None:
    table.write([item(f"A#{number:03}", n=number) for number in range(120)], [])
    table.write(
        (item(f"B#{number:03}") for number in range(60)),
        (("T#maple", f"A#{number:03}") for number in range(0, 120, 2)),
    )
    assert [found["n"] for found in table.query("T#maple", "A#")] == list(range(1, 120, 2))
    assert len(list(table.query("T#maple", "B#"))) == 60


def test_of_one_key_in_a_write_the_last_change_counts(table: Table) -> None:
    table.put(item("C"))
    table.write(
        [item("A", n=1), item("B", n=1), item("A", n=2)],
        [("T#maple", "B"), ("T#maple", "C"), ("T#maple", "C")],
    )
    assert list(table.query("T#maple")) == [item("A", n=2)]


def test_a_write_done_twice_leaves_the_same(table: Table) -> None:
    puts, deletes = [item("A", n=1), item("B")], [("T#maple", "C")]
    table.write(puts, deletes)
    once = list(table.query("T#maple"))
    table.write(puts, deletes)
    assert list(table.query("T#maple")) == once


def test_an_empty_write_is_no_write(table: Table) -> None:
    table.write([], [])
    assert list(table.query("T#maple")) == []


def test_the_index_lists_keys_by_due_time_up_to_a_limit(table: Table) -> None:
    table.put(item("I", "T#late", due_list="I", due_at="2026-01-02T02:00Z"))
    table.put(item("I", "T#soon", due_list="I", due_at="2026-01-01T02:00Z"))
    table.put(item("I", "T#other", due_list="X", due_at="2026-01-01T02:00Z"))
    table.put(item("I", "T#paused", due_at="2026-01-01T02:00Z"))
    assert list(table.index("I")) == [("T#soon", "I"), ("T#late", "I")]
    assert list(table.index("I", up_to="2026-01-01T02:00Z")) == [("T#soon", "I")]
    assert list(table.index("I", up_to="2026-01-01T01:59Z")) == []


def test_an_item_leaves_the_index_with_its_attribute(table: Table) -> None:
    table.put(item("I", due_list="I", due_at="2026-01-01T02:00Z"))
    table.update(("T#maple", "I"), {}, remove=["due_list"])
    assert list(table.index("I")) == []


def test_what_was_read_is_a_copy(table: Table) -> None:
    table.put(item("A", listed=["x"]))
    found = table.get(("T#maple", "A"))
    assert found is not None
    found["listed"].append("y")
    assert table.get(("T#maple", "A")) == item("A", listed=["x"])


def test_a_transaction_is_done_whole(table: Table) -> None:
    table.write([item("old", by="a"), item("seen", by="b")], [])
    table.transact(
        [
            Put(item("new", by="c"), [Absent()]),
            Delete(("T#maple", "old"), [Equals("by", "a")]),
            Check(("T#maple", "seen"), [Equals("by", "b")]),
        ]
    )
    assert list(table.query("T#maple")) == [item("new", by="c"), item("seen", by="b")]


@pytest.mark.parametrize("wrong", ["put", "delete", "check"])
def test_a_transaction_with_one_condition_that_does_not_hold_changes_nothing(
    table: Table, wrong: str
) -> None:
    stored = [item("old", by="a"), item("seen", by="b")]
    table.write(stored, [])
    with pytest.raises(StorageConflict):
        table.transact(
            [
                Put(item("new", by="c"), [Equals("by", "x") if wrong == "put" else Absent()]),
                Delete(("T#maple", "old"), [Equals("by", "x" if wrong == "delete" else "a")]),
                Check(("T#maple", "seen"), [Equals("by", "x" if wrong == "check" else "b")]),
            ]
        )
    assert list(table.query("T#maple")) == stored
