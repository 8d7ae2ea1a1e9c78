"""The stand-in for Senso at work on the engine's bus: its mail comes shuffled, doubled and late."""

import json
from collections.abc import Iterable
from random import Random
from typing import Any, Final

from local.aws import ACCOUNT, REGION
from local.engine import LocalEngine
from local.errors import LocalEngineError
from local.event_rules import queue_target
from local.mailbag import Mailbag
from local.queues import MotoQueue
from local.senso import Event, Senso

QUEUE: Final = "senso"
_RECEIVED_AT_ONCE: Final = 10
_SECONDS_TO_TAKE_IN: Final = 60.0
_MOST_ROUNDS: Final = 1_000


class SensoOnBus:
    """Carries events between a running engine and ``senso``: a rule and a queue, as Senso would have them.

    Nothing is carried but by ``settle`` and ``carry``, so that a test or a demo says when. ``seed`` decides
    what comes in which order, twice and late.
    """

    def __init__(self, engine: LocalEngine, senso: Senso, *, seed: int = 1) -> None:
        self.senso = senso
        self._engine = engine
        self._mail: Mailbag[Event] = Mailbag(Random(seed))  # noqa: S311 - shuffles mail
        engine.client("sqs").create_queue(QueueName=QUEUE)
        events = engine.client("events")
        rule = {"Name": QUEUE, "EventBusName": engine.event_bus}
        events.put_rule(**rule, EventPattern=json.dumps({"source": ["senso.roster-sync"]}))
        target = queue_target({"Id": QUEUE, "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"})
        events.put_targets(Rule=rule["Name"], EventBusName=rule["EventBusName"], Targets=[target])
        self._queue = MotoQueue(QUEUE)

    def tell(self, *told: Event) -> None:
        """Put events of Senso's on the bus."""
        self._put(told)

    def carry(self) -> None:
        """Take in one round of what has come, and answer."""
        self._mail.put(self._received())
        answers = [
            answer for kind, detail in self._mail.take() for answer in self.senso.receive(kind, detail)
        ]
        self._put(answers)

    def settle(self) -> None:
        """Carry until neither side has anything more to say; raises ``LocalEngineError`` if that never is."""
        for _ in range(_MOST_ROUNDS):
            self._engine.wait_for_queues()
            if not len(self._queue) and self._mail.empty:
                return
            self.carry()
        raise LocalEngineError("Senso and the sync do not come to an end of what they have to say")

    def _received(self) -> Iterable[Event]:
        while messages := self._queue.receive(_RECEIVED_AT_ONCE, _SECONDS_TO_TAKE_IN):
            for message in messages:
                event: dict[str, Any] = json.loads(message.body)
                yield event["detail-type"], event["detail"]
            self._queue.delete(messages)

    def _put(self, told: Iterable[Event]) -> None:
        for kind, detail in told:
            self._engine.client("events").put_events(
                Entries=[
                    {
                        "EventBusName": self._engine.event_bus,
                        "Source": "senso.portal",
                        "DetailType": kind,
                        "Detail": json.dumps(detail),
                    }
                ]
            )
