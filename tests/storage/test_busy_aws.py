"""What the adapters do when AWS is busy, refuses or answers in part."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError, ResponseStreamingError

from rostersync.errors import StagedObjectMissing, StorageConflict, StorageUnavailable
from rostersync.storage.retrying import LONGEST_PAUSE, Retrying
from rostersync.storage.secrets import Secrets
from rostersync.storage.staging import Staging
from rostersync.storage.table import BATCH, Absent, Item, Table
from rostersync.storage.transactions import Put


def aws_error(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "AnyOperation")


class Script:
    """A client each of whose calls does what ``answer`` says; ``calls`` keeps what it was asked."""

    def __init__(self, answer: Callable[[int, dict[str, Any]], Any]) -> None:
        self._answer = answer
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self.calls.append(arguments)
            return self._answer(len(self.calls), arguments)

        return call


def table_over(script: Script, pauses: list[float] | None = None, **options: Any) -> Table:
    return Table(
        cast("Any", script),
        "roster",
        sleep=(pauses if pauses is not None else []).append,
        jitter=random.Random(1),
        **options,
    )


def items(count: int) -> list[Item]:
    return [{"pk": "P", "sk": str(number)} for number in range(count)]


def written(script: Script) -> Counter[str]:
    """How often each item was sent, by sk."""
    return Counter(
        request["PutRequest"]["Item"]["sk"]["S"]
        for call in script.calls
        for request in call["RequestItems"]["roster"]
    )


def test_what_a_batch_left_unprocessed_is_sent_again_and_nothing_else() -> None:
    def half(number: int, arguments: dict[str, Any]) -> Any:
        batch = arguments["RequestItems"]["roster"]
        return {"UnprocessedItems": {"roster": batch[: len(batch) // 2]} if number < 4 else {}}

    script, pauses = Script(half), list[float]()
    table_over(script, pauses).write(items(20), [])
    assert [len(call["RequestItems"]["roster"]) for call in script.calls] == [20, 10, 5, 2]
    assert len(pauses) == 3


def test_a_batch_that_stays_unprocessed_ends_as_unavailable() -> None:
    script = Script(lambda _, arguments: {"UnprocessedItems": arguments["RequestItems"]})
    with pytest.raises(StorageUnavailable, match="DynamoDB"):
        table_over(script, attempts=5).write(items(3), [])
    assert len(script.calls) == 5


def test_a_batch_of_which_always_some_is_taken_goes_on_until_it_is_written() -> None:
    script = Script(
        lambda _, arguments: {"UnprocessedItems": {"roster": arguments["RequestItems"]["roster"][1:]}}
    )
    table_over(script, attempts=3).write(items(BATCH), [])
    assert len(script.calls) == BATCH


def test_a_write_is_cut_into_batches_that_hold_each_item_once() -> None:
    script = Script(lambda *_: {"UnprocessedItems": {}})
    table_over(script).write(items(3 * BATCH + 1), [])
    assert sorted(len(call["RequestItems"]["roster"]) for call in script.calls) == [1, BATCH, BATCH, BATCH]
    assert written(script) == Counter(str(number) for number in range(3 * BATCH + 1))


def test_a_write_stops_at_the_first_batch_that_fails() -> None:
    def fail(number: int, _: dict[str, Any]) -> Any:
        if number >= 3:
            raise aws_error("ValidationException")
        return {"UnprocessedItems": {}}

    script = Script(fail)
    with pytest.raises(ClientError):
        table_over(script, writers=2).write(items(100 * BATCH), [])
    assert len(script.calls) < 20


@pytest.mark.parametrize(
    "error",
    [
        aws_error("ProvisionedThroughputExceededException"),
        aws_error("ThrottlingException"),
        aws_error("Anything", 503),
        ReadTimeoutError(endpoint_url="https://dynamodb.example"),
    ],
    ids=str,
)
def test_a_throttled_read_is_tried_again(error: Exception) -> None:
    def busy_at_first(number: int, _: dict[str, Any]) -> Any:
        if number < 3:
            raise error
        return {"Item": {"pk": {"S": "P"}, "sk": {"S": "1"}}}

    script, pauses = Script(busy_at_first), list[float]()
    assert table_over(script, pauses).get(("P", "1")) == {"pk": "P", "sk": "1"}
    assert len(pauses) == 2


def test_a_page_of_a_query_is_tried_again_where_it_was() -> None:
    def answer(number: int, arguments: dict[str, Any]) -> Any:
        if number == 2:
            raise aws_error("ThrottlingException")
        if "ExclusiveStartKey" not in arguments:
            return {"Items": [{"sk": {"S": "1"}}], "LastEvaluatedKey": {"sk": {"S": "1"}}}
        return {"Items": [{"sk": {"S": "2"}}]}

    assert [item["sk"] for item in table_over(Script(answer)).query("P")] == ["1", "2"]


def test_every_read_by_key_is_consistent() -> None:
    script = Script(lambda *_: {"Items": []})
    list(table_over(script).query("P"))
    table_over(script).get(("P", "1"))
    assert [call["ConsistentRead"] for call in script.calls] == [True, True]


def test_what_is_not_a_matter_of_time_is_not_tried_again() -> None:
    def refuse(*_: Any) -> Any:
        raise aws_error("AccessDeniedException")

    script = Script(refuse)
    with pytest.raises(ClientError):
        table_over(script).get(("P", "1"))
    assert len(script.calls) == 1


def test_a_failed_condition_is_a_conflict_at_once() -> None:
    def refuse(*_: Any) -> Any:
        raise aws_error("ConditionalCheckFailedException")

    script = Script(refuse)
    with pytest.raises(StorageConflict):
        table_over(script).put({"pk": "P", "sk": "1"}, when=[Absent()])
    assert len(script.calls) == 1


def test_pauses_grow_up_to_a_limit() -> None:
    pauses: list[float] = []
    retrying = Retrying("S3", attempts=12, sleep=pauses.append, jitter=random.Random(1))

    def busy() -> None:
        raise aws_error("SlowDown", 503)

    with pytest.raises(StorageUnavailable, match="S3 did not take a call in 12 attempts"):
        retrying.call(busy)
    assert len(pauses) == 11
    assert max(pauses) <= LONGEST_PAUSE
    assert sum(pauses[:5]) < sum(pauses[-5:])


def test_an_error_carries_nothing_of_aws_text() -> None:
    def busy(*_: Any) -> Any:
        raise aws_error("ThrottlingException")

    with pytest.raises(StorageUnavailable) as error:
        table_over(Script(busy), attempts=2).get(("P", "EMAIL#ada@maple.example"))
    assert "ada" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_a_secret_that_is_being_deleted_can_be_written_later() -> None:
    def deleting(*_: Any) -> Any:
        raise aws_error("InvalidRequestException")

    with pytest.raises(StorageUnavailable, match="being deleted"):
        Secrets(cast("Any", Script(deleting)), "test").put("maple", "1", {"client_secret": "not a real one"})


def test_what_may_not_be_read_is_missing_and_says_both() -> None:
    # S3's answer for a missing object to who may not list the bucket.
    def refuse(*_: Any) -> Any:
        raise aws_error("AccessDenied", 403)

    staging = Staging(cast("Any", Script(refuse)), "staging")
    with pytest.raises(StagedObjectMissing, match="or this function may not read it"):
        staging.section("staging/runs/maple/run-1/pull-1/verdict.pack", "tally")
    assert not staging.exists("staging/runs/maple/run-1/pull-1/verdict.pack")


def test_two_who_write_an_object_once_at_the_same_time_are_told_apart_by_trying_again() -> None:
    # S3's answers to the one whose write is under way, and then to the one who is late.
    script = refusing(aws_error("ConditionalRequestConflict", 409), aws_error("PreconditionFailed", 412))
    staging = Staging(cast("Any", script), "staging", sleep=lambda _: None)
    assert not staging.put_json("staging/runs/maple/run-1/pull-1/plan.json", {}, once=True)
    assert [call["IfNoneMatch"] for call in script.calls] == ["*", "*"]


@pytest.mark.parametrize("error", [aws_error("SlowDown", 503), aws_error("InternalError", 500)], ids=str)
def test_a_bucket_that_is_busy_for_a_moment_is_called_again(error: ClientError) -> None:
    script, pauses = refusing(error, error), list[float]()
    assert Staging(cast("Any", script), "staging", sleep=pauses.append).put_json("held/a.json", {})
    assert (len(script.calls), len(pauses)) == (3, 2)


def test_a_bucket_that_stays_busy_is_told() -> None:
    script = refusing(*[aws_error("SlowDown", 503)] * 99)
    with pytest.raises(StorageUnavailable, match="S3 did not take a call in 6 attempts \\(SlowDown\\)"):
        Staging(cast("Any", script), "staging", sleep=lambda _: None).put_json("held/a.json", {})


def test_an_object_whose_bytes_end_too_early_is_read_again() -> None:
    class Body:
        def __init__(self, *chunks: bytes) -> None:
            self._chunks = chunks

        def read(self) -> bytes:
            if not self._chunks:
                raise ResponseStreamingError(error="connection broken")
            return self._chunks[0]

    answers = [Body(), Body(b'{"roster":1}')]
    script = Script(lambda number, _: {"Body": answers[number - 1], "ETag": "e"})
    staging = Staging(cast("Any", script), "staging", sleep=lambda _: None)
    assert staging.get_json("staging/a.json", dict[str, int]) == {"roster": 1}


def test_of_objects_of_which_some_were_not_deleted_the_rest_goes_the_next_time() -> None:
    keys, refused = {f"staging/runs/maple/{number}" for number in range(5)}, {"staging/runs/maple/3"}

    def answer(_: int, asked: dict[str, Any]) -> Any:
        if "Delete" not in asked:
            return {"Contents": [{"Key": key} for key in sorted(keys)]}
        errors = [{"Key": key, "Code": "SlowDown"} for key in sorted(keys & refused)]
        keys.difference_update({one["Key"] for one in asked["Delete"]["Objects"]} - refused)
        return {"Errors": errors}

    staging = Staging(cast("Any", Script(answer)), "staging")
    with pytest.raises(StorageUnavailable, match="1 staged objects"):
        staging.delete_prefix("staging/runs/maple/")
    refused.clear()
    assert staging.delete_prefix("staging/runs/maple/") == 1
    assert keys == set()


def test_objects_that_were_not_deleted_are_told() -> None:
    answers = {"Contents": [{"Key": "staging/runs/maple/a"}], "Errors": [{"Code": "InternalError"}]}
    with pytest.raises(StorageUnavailable, match="1 staged objects"):
        Staging(cast("Any", Script(lambda *_: answers)), "staging").delete_prefix("staging/runs/maple/")


def cancelled(*codes: str) -> ClientError:
    """Return DynamoDB's refusal of a transaction, with a reason for each of its writes."""
    error = aws_error("TransactionCanceledException")
    error.response["CancellationReasons"] = [{"Code": code} for code in codes]
    return error


def refusing(*errors: ClientError) -> Script:
    """Return a client that raises these errors, one a call, and then takes every call."""

    def answer(number: int, _: dict[str, Any]) -> Any:
        if number <= len(errors):
            raise errors[number - 1]
        return {}

    return Script(answer)


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_was_throttled_is_tried_again(code: str) -> None:
    script = refusing(cancelled("None", code), cancelled(code, code))
    table_over(script).transact([Put(item) for item in items(2)])
    assert len(script.calls) == 3


def test_a_transaction_that_stays_throttled_is_told_and_has_done_nothing() -> None:
    script = refusing(*[cancelled("ThrottlingError", "None")] * 99)
    with pytest.raises(StorageUnavailable, match="DynamoDB"):
        table_over(script, attempts=4).transact([Put(item) for item in items(2)])
    assert len(script.calls) == 4


def test_a_transaction_that_is_still_under_way_is_waited_for() -> None:
    script = refusing(aws_error("TransactionInProgressException"))
    table_over(script).transact([Put(item) for item in items(2)])
    assert len(script.calls) == 2


def test_an_update_that_lost_a_race_is_a_conflict_and_one_that_was_throttled_is_not() -> None:
    script = refusing(aws_error("ThrottlingException"), aws_error("ConditionalCheckFailedException"))
    with pytest.raises(StorageConflict):
        table_over(script).update(("P", "1"), {"a": 1}, when=[Absent("b")])
    assert len(script.calls) == 2


def test_a_large_write_of_which_some_batches_are_taken_in_part_is_written_whole() -> None:
    left = Counter[str]()

    def some(_: int, arguments: dict[str, Any]) -> Any:
        batch = arguments["RequestItems"]["roster"]
        # Each item is left over once, but for every third.
        over = [one for one in batch if (sk := one["PutRequest"]["Item"]["sk"]["S"]) and int(sk) % 3]
        over = [one for one in over if not left[one["PutRequest"]["Item"]["sk"]["S"]]]
        left.update(one["PutRequest"]["Item"]["sk"]["S"] for one in over)
        return {"UnprocessedItems": {"roster": over} if over else {}}

    script = Script(some)
    table_over(script, writers=1).write(items(4 * BATCH), [])
    assert written(script) == Counter({str(number): 2 if number % 3 else 1 for number in range(4 * BATCH)})


@pytest.mark.parametrize("code", ["ConditionalCheckFailed", "TransactionConflict"])
def test_a_transaction_that_lost_a_race_is_a_conflict_at_once(code: str) -> None:
    script = refusing(cancelled("ThrottlingError", code))
    with pytest.raises(StorageConflict):
        table_over(script).transact([Put(item) for item in items(2)])
    assert len(script.calls) == 1


def test_a_transaction_that_dynamodb_finds_wrong_is_not_tried_again() -> None:
    script = refusing(cancelled("ValidationError"))
    with pytest.raises(ClientError):
        table_over(script).transact([Put(item) for item in items(1)])
    assert len(script.calls) == 1
