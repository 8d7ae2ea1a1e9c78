"""The functions that consume queues: Lambda's event source mappings, at work."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.errors import LocalEngineError, UnsupportedTemplateError
from local.queue_batches import failed_ids, sqs_event
from local.queues import MotoQueue
from local.template import Function, Queue, Template

_SECONDS_BETWEEN_LOOKS: Final = 0.005
_BATCH_SIZE: Final = 10
"""Lambda's own, where the template says nothing."""

Invoke = Callable[[str, Any], tuple[Any, Mapping[str, Any] | None]]
"""Invokes a function by ARN: its payload, or the report of its error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMapping:
    """A queue, and the function that gets its messages in batches."""

    queue: Queue
    function: Function
    batch_size: int
    reports_failures: bool


def read_mappings(template: Template) -> list[QueueMapping]:
    """The template's event source mappings, but for those that are not enabled.

    Raises ``UnsupportedTemplateError`` for one that filters, or whose source is not a queue of the template,
    and for one that AWS would refuse.
    """
    queues = {queue.arn: queue for queue in template.queues.values()}
    functions = {
        name: function
        for function in template.functions.values()
        for name in (function.arn, function.arn.rpartition(":")[2])
    }
    mappings = []
    for logical_id, properties in template.of_type("AWS::Lambda::EventSourceMapping").items():
        if str(properties.get("Enabled", True)).lower() == "false":
            continue
        queue = queues.get(properties.get("EventSourceArn", ""))
        function = functions.get(properties["FunctionName"])
        if queue is None or function is None or "FilterCriteria" in properties:
            raise UnsupportedTemplateError(
                f"{logical_id}: the local engine maps a queue of the template to a function of it, unfiltered"
            )
        if queue.visibility_timeout < function.timeout:
            raise UnsupportedTemplateError(
                f"{logical_id}: AWS wants a queue's visibility timeout ({queue.visibility_timeout:g} s) to "
                f"be no less than its function's time-out ({function.timeout:g} s)"
            )
        mappings.append(
            QueueMapping(
                queue=queue,
                function=function,
                batch_size=int(properties.get("BatchSize", _BATCH_SIZE)),
                reports_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
            )
        )
    return mappings


class QueueConsumer:
    """Hands one queue's messages to its function, from a thread of its own.

    One batch at a time: Lambda has up to ``MaximumConcurrency`` at once, so what two batches do to each
    other is not seen here.
    """

    def __init__(self, mapping: QueueMapping, invoke: Invoke, time_scale: float) -> None:
        self.name = mapping.queue.name
        self.batches = 0
        """Batches that are through, counted before their messages are deleted."""
        self.queue = MotoQueue(mapping.queue.name)
        self._mapping = mapping
        self._invoke = invoke
        self._seconds_to_retry = mapping.queue.visibility_timeout * time_scale
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._run, daemon=True, name=f"consumer of {mapping.queue.name}"
        )
        self._thread.start()

    def stop(self) -> None:
        """Take no further batch."""
        self._stopped.set()
        self.queue.wake()

    def join(self, seconds: float) -> None:
        """Wait for the batch that is with the function, for so many seconds."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while self.queue.wait_for_message(self._stopped):
            self._do_batch()

    def _do_batch(self) -> None:
        mapping = self._mapping
        messages = self.queue.receive(mapping.batch_size, mapping.queue.visibility_timeout)
        if not messages:
            return
        ids = {message.id for message in messages}
        try:
            answer, error = self._invoke(mapping.function.arn, sqs_event(messages, mapping.queue.arn))
        except LocalEngineError:
            if self._stopped.is_set():
                return  # the engine was closed around it
            raise
        if error is not None:
            failed = ids
        elif mapping.reports_failures:
            failed = failed_ids(answer, ids)
        else:
            failed = set()
        self.queue.give_back(
            (message for message in messages if message.id in failed), self._seconds_to_retry
        )
        self.batches += 1
        self.queue.delete(message for message in messages if message.id not in failed)


class QueueConsumers:
    """A template's consumers, started and stopped together."""

    def __init__(self, template: Template, invoke: Invoke, time_scale: float) -> None:
        self._mappings = read_mappings(template)
        self._invoke = invoke
        self._time_scale = time_scale
        self._consumers: list[QueueConsumer] = []

    def start(self) -> None:
        """Begin to consume; the queues are there by now."""
        for mapping in self._mappings:
            self._consumers.append(QueueConsumer(mapping, self._invoke, self._time_scale))

    def wait(self, timeout: float) -> None:
        """Wait until nothing is in the queues and with the functions, in-flight and delayed messages too.

        Raises ``LocalEngineError`` when something still is after ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self._are_done():
            if time.monotonic() > deadline:
                left = {
                    consumer.name: len(consumer.queue) for consumer in self._consumers if len(consumer.queue)
                }
                told = ", ".join(f"{count} in {name}" for name, count in left.items())
                raise LocalEngineError(f"messages are not done after {timeout:g} seconds: {told}")
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def close(self, seconds: float) -> None:
        """Stop all; wait so many seconds for the batches that are with functions."""
        deadline = time.monotonic() + seconds
        for consumer in self._consumers:
            consumer.stop()
        for consumer in self._consumers:
            consumer.join(max(0.0, deadline - time.monotonic()))

    def _are_done(self) -> bool:
        # A batch of a queue looked at later may have filled one looked at before: then it is counted between.
        before = [consumer.batches for consumer in self._consumers]
        empty = not any(len(consumer.queue) for consumer in self._consumers)
        return empty and before == [consumer.batches for consumer in self._consumers]
