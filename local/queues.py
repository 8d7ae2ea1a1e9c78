"""moto's queues, used from inside its process: who waits for a message asks nothing until it is there."""

import threading
from collections.abc import Iterable
from typing import Any, Final

from moto.sqs.models import Message, sqs_backends

from local.aws import ACCOUNT, REGION

_SECONDS_BETWEEN_LOOKS: Final = 0.01
_MOVED_AT_ONCE: Final = 10


class MotoQueue:
    """One queue, by its physical name; its length counts messages in flight too.

    moto deletes by making its list of messages anew and so loses one that is added meanwhile. What is done
    here is done under the lock that adding takes.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._backend = sqs_backends[ACCOUNT][REGION]
        self._queue = self._backend.get_queue(name)
        self._lock = self._queue._messages_lock

    def __len__(self) -> int:
        return len(self._queue._messages)

    def wait_for_message(self, stopped: threading.Event) -> bool:
        """Wait until one can be received; ``False`` once ``stopped`` is set, which ``wake`` makes it see."""
        with self._lock:
            while not stopped.is_set() and not self._queue.messages:
                # What is in flight becomes visible again without telling anybody.
                self._lock.wait(_SECONDS_BETWEEN_LOOKS if len(self) else None)
        return not stopped.is_set()

    def wake(self) -> None:
        """Wake who waits for a message."""
        with self._lock:
            self._lock.notify_all()

    def receive(self, count: int, seconds: float) -> list[Message]:
        """Take up to ``count`` messages, which nobody else gets for so many seconds.

        A message that has been received as often as the redrive policy allows goes to the dead-letter queue
        instead: there may be none to take.
        """
        with self._lock:
            return self._backend.receive_message(self._name, count, 0, int(seconds), ["All"])

    def give_back(self, messages: Iterable[Message], seconds: float) -> None:
        """Let received messages be received again after so many whole seconds, at once when it is not one."""
        visible = {"VisibilityTimeout": int(seconds)}
        with self._lock:
            self._backend.change_message_visibility_batch(
                self._name, [entry | visible for entry in _entries(messages)]
            )

    def delete(self, messages: Iterable[Message]) -> None:
        """Delete received messages."""
        with self._lock:
            self._backend.delete_message_batch(self._name, _entries(messages))

    def send(self, message: Message) -> None:
        """Send a message like this one."""
        self._backend.send_message(self._name, message.body, message.message_attributes)


def _entries(messages: Iterable[Message]) -> list[dict[str, Any]]:
    # In batches a message that has gone meanwhile (somebody purged the queue) is no error.
    return [{"Id": message.id, "ReceiptHandle": message.receipt_handle} for message in messages]


def redrive(source: MotoQueue, target: MotoQueue) -> int:
    """Move the messages of a dead-letter queue, as new ones, and return their number.

    As with SQS, what somebody has received from there and not deleted stays until it is visible again. What
    fails at once and is back before the end is not moved twice.
    """
    moved, there = 0, len(source)
    while moved < there and (messages := source.receive(min(_MOVED_AT_ONCE, there - moved), seconds=30)):
        for message in messages:
            target.send(message)
        source.delete(messages)
        moved += len(messages)
    return moved
