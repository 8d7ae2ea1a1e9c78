"""What passes between a queue and its function: Lambda's event, and what Lambda reads in the answer."""

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from moto.sqs.models import Message

from local.aws import REGION


def sqs_event(messages: Sequence[Message], queue_arn: str) -> dict[str, Any]:
    """The event for received messages."""
    return {"Records": [_record(message, queue_arn) for message in messages]}


def _record(message: Message, queue_arn: str) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        },
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {"dataType": value["DataType"], "stringListValues": [], "binaryListValues": []}
    if "StringValue" in value:
        given["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        given["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return given


def failed_ids(answer: Any, message_ids: Collection[str]) -> set[str]:
    """Ids of the messages that a function under ``ReportBatchItemFailures`` says it failed at.

    An answer that is nothing, or has no list, is success; one that cannot be understood fails the whole
    batch (Lambda Developer Guide, *Implementing partial batch responses*).
    """
    if not answer:
        return set()
    everything = set(message_ids)
    try:
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures") or ()}
    except (AttributeError, KeyError, TypeError):
        return everything
    return everything if failed - everything else failed
