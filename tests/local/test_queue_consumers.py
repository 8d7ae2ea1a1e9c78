"""What is handed to a function that consumes a queue, and what becomes of its answer."""

import dataclasses
import threading
from pathlib import Path

import pytest
from moto.sqs.models import sqs_backends

from local.aws import ACCOUNT, REGION
from local.errors import UnsupportedTemplateError
from local.queue_batches import failed_ids
from local.queue_consumers import QueueConsumer, read_mappings
from local.queues import MotoQueue
from local.template import load_template

TOY = Path(__file__).with_name("toy") / "template.yaml"


@pytest.fixture(scope="module")
def mapping():
    (found,) = read_mappings(load_template(TOY, {"Environment": "local"}))
    return found


@pytest.fixture
def queue(mapping):
    """The mapped queue, with nothing else of an engine around it."""
    backend = sqs_backends[ACCOUNT][REGION]
    yield backend.create_queue(mapping.queue.name, VisibilityTimeout="60")
    backend.delete_queue(mapping.queue.name)


class Reader:
    """Stands for the function: keeps its events, gives one answer to all, and says when it has had enough."""

    def __init__(self, batches, answer=None, error=None):
        self.events = []
        self.enough = threading.Event()
        self._batches, self._answer, self._error = batches, answer, error

    def __call__(self, arn, event):
        self.events.append(event)
        if len(self.events) == self._batches:
            self.enough.set()
        return self._answer, self._error

    def bodies(self):
        return [[record["body"] for record in event["Records"]] for event in self.events]


def consume(mapping, reader, time_scale=1.0):
    """Consume until the reader has had enough; how many messages are left."""
    consumer = QueueConsumer(mapping, reader, time_scale)
    assert reader.enough.wait(10)
    consumer.stop()
    consumer.join(10)
    return len(consumer.queue)


def send(*bodies, attributes=None):
    for body in bodies:
        sqs_backends[ACCOUNT][REGION].send_message("local-Words", body, attributes)


def test_messages_come_in_batches_of_the_mappings_size(queue, mapping):
    send(*"abcdefg")
    reader = Reader(batches=2)
    assert consume(mapping, reader) == 0
    assert reader.bodies() == [list("abcde"), list("fg")]


def test_a_record_is_as_lambda_makes_it(queue, mapping):
    attributes = {
        "language": {"DataType": "String", "StringValue": "nl"},
        "sound": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    send("hello", attributes=attributes)
    reader = Reader(batches=1)
    consume(mapping, reader)
    (record,) = reader.events[0]["Records"]
    assert record.pop("messageId")
    assert record.pop("receiptHandle")
    told = record.pop("attributes")
    assert told.pop("ApproximateReceiveCount") == "1"
    assert set(told) == {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"}
    assert record == {
        "body": "hello",
        "messageAttributes": {
            "language": {
                "dataType": "String",
                "stringValue": "nl",
                "stringListValues": [],
                "binaryListValues": [],
            },
            "sound": {
                "dataType": "Binary",
                "binaryValue": "AP8=",
                "stringListValues": [],
                "binaryListValues": [],
            },
        },
        "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:local-Words",
        "awsRegion": "eu-west-1",
    }


def test_an_answer_means_nothing_when_failures_are_not_reported(queue, mapping):
    send("a")
    deaf = dataclasses.replace(mapping, reports_failures=False)
    assert consume(deaf, Reader(batches=1, answer="not an answer")) == 0


def test_after_an_error_every_message_stays(queue, mapping):
    send("a", "b")
    assert consume(mapping, Reader(batches=1, error={"errorType": "ValueError"})) == 2


@pytest.mark.parametrize(("time_scale", "visible"), [(1.0, 0), (0.001, 1)])
def test_what_failed_is_seen_again_after_the_queues_visibility_timeout_scaled(
    queue, mapping, time_scale, visible
):
    send("a")
    assert consume(mapping, Reader(batches=1, error={"errorType": "ValueError"}), time_scale) == 1
    assert len(MotoQueue(mapping.queue.name).receive(1, seconds=60)) == visible


def test_a_queue_that_is_purged_under_the_function_is_no_trouble(queue, mapping):
    send("a", "b")

    class Purger(Reader):
        def __call__(self, arn, event):
            sqs_backends[ACCOUNT][REGION].purge_queue(mapping.queue.name)
            return super().__call__(arn, event)

    assert consume(mapping, Purger(batches=1, error={"errorType": "ValueError"})) == 0


def test_a_message_that_is_deleted_takes_none_with_it_that_is_added(queue, mapping):
    send("a")
    mapped = MotoQueue(mapping.queue.name)
    received = mapped.receive(1, seconds=60)
    with queue._messages_lock:
        deleting = threading.Thread(target=mapped.delete, args=(received,))
        deleting.start()
        send("b")
        assert len(mapped) == 2, "deleting waits for the one that adds"
    deleting.join(10)
    assert [message.body for message in mapped.receive(10, seconds=60)] == ["b"]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "1"}]}, {"1"}),
        ({"batchItemFailures": [{"itemIdentifier": "3"}]}, {"1", "2"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"1", "2"}),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, {"1", "2"}),
        ({"batchItemFailures": [{"messageId": "1"}]}, {"1", "2"}),
        ({"batchItemFailures": ["1"]}, {"1", "2"}),
        ("done", {"1", "2"}),
    ],
)
def test_an_answer_that_cannot_be_understood_fails_the_whole_batch(answer, failed):
    assert failed_ids(answer, {"1", "2"}) == failed


QUEUE_AND_FUNCTION = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue: {{ Type: AWS::SQS::Queue, Properties: {{ VisibilityTimeout: {visibility} }} }}
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      {{ CodeUri: {code}, Handler: app.lambda_handler, Runtime: python3.13, Timeout: 60 }}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{ EventSourceArn: {source}, FunctionName: !Ref Echo, {others} }}
"""


def mappings(tmp_path, *, visibility=60, source="!GetAtt Queue.Arn", others=""):
    (tmp_path / "echo").mkdir()
    path = tmp_path / "template.yaml"
    written = QUEUE_AND_FUNCTION.format(visibility=visibility, code="echo/", source=source, others=others)
    path.write_text(written)
    return read_mappings(load_template(path))


def test_a_mapping_has_lambdas_defaults(tmp_path):
    (found,) = mappings(tmp_path)
    assert (found.batch_size, found.reports_failures) == (10, False)


@pytest.mark.parametrize("enabled", ["false", "'false'"], ids=["truth value", "parameter"])
def test_a_mapping_that_is_not_enabled_is_none(tmp_path, enabled):
    assert mappings(tmp_path, others=f"Enabled: {enabled}") == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"visibility": 30},
            r"visibility timeout \(30 s\) to be no less than its function's time-out \(60 s\)",
        ),
        ({"source": "arn:aws:kinesis:eu-west-1:123456789012:stream/s"}, "maps a queue of the template"),
        ({"others": "FilterCriteria: { Filters: [] }"}, "unfiltered"),
    ],
    ids=["too short", "not a queue", "filters"],
)
def test_a_mapping_that_the_engine_or_aws_does_not_do_is_refused(tmp_path, given, message):
    with pytest.raises(UnsupportedTemplateError, match=message):
        mappings(tmp_path, **given)
