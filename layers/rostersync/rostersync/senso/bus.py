"""The way out: events onto the project's bus, and what the bus accepted of them."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct

from rostersync.errors import EventBusUnavailable, StorageUnavailable
from rostersync.roster.discreet import Discreet
from rostersync.storage.retrying import Retrying

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

OURS: Final = "senso.roster-sync"
"""``source`` of the events that we send."""

MAX_EVENT_BYTES: Final = 256_000
"""The most an event may be long, source, detail type and detail together; EventBridge takes 256 KB."""

ENTRIES_A_CALL: Final = 10
"""EventBridge's limit; its other one, 256 KB for all entries of a call, is ``MAX_EVENT_BYTES`` here."""


class OutgoingEvent(Discreet, frozen=True):
    """An event of ours: its detail type, and its detail as JSON."""

    detail_type: str
    detail: bytes

    @classmethod
    def of(cls, detail_type: str, detail: Mapping[str, Any]) -> Self:
        """Return an event; ``detail`` is complete but for the schema's version."""
        return cls(detail_type, msgspec.json.encode({"schemaVersion": 1, **detail}))

    @property
    def size(self) -> int:
        """Bytes that EventBridge counts for it."""
        return len(OURS) + len(self.detail_type) + len(self.detail)


class Receipt(Struct, frozen=True):
    """What became of a list of events: places of those accepted; AWS's code for each of the others."""

    accepted: frozenset[int]
    refused: Mapping[int, str]

    def require(self) -> None:
        """Raise ``EventBusUnavailable`` unless every event was accepted."""
        if self.refused:
            codes = ", ".join(sorted(set(self.refused.values())))
            raise EventBusUnavailable(
                f"the event bus did not take {len(self.refused)} of "
                f"{len(self.refused) + len(self.accepted)} events ({codes}); they stay due"
            )


class Bus:
    """Sends events. ``sleep`` takes seconds."""

    def __init__(
        self,
        client: "EventBridgeClient",
        name: str,
        *,
        attempts: int = 6,
        sleep: Callable[[float], None] = time.sleep,
        jitter: random.Random | None = None,
    ) -> None:
        self._client = client
        self._name = name
        self._retrying = Retrying("EventBridge", attempts=attempts, sleep=sleep, jitter=jitter)

    def send(self, events: Sequence[OutgoingEvent]) -> Receipt:
        """Send events, in as few calls as they fit in; raises nothing for those that are refused.

        Raises ``ValueError`` for an event that is too long: who made it is wrong.
        """
        accepted: set[int] = set()
        refused: dict[int, str] = {}
        for batch in _batches(events):
            refused |= self._send_batch(events, batch)
            accepted.update(set(batch) - refused.keys())
        return Receipt(frozenset(accepted), refused)

    def _send_batch(self, events: Sequence[OutgoingEvent], batch: list[int]) -> dict[int, str]:
        attempt = 0
        while True:
            try:
                refused = self._retrying.call(self._put, events, batch)
            except StorageUnavailable:
                return dict.fromkeys(batch, "Unavailable")
            except ClientError as error:
                return dict.fromkeys(batch, error.response.get("Error", {}).get("Code", "Unknown"))
            if not refused:
                return {}
            attempt += 1
            try:
                self._retrying.pause(attempt, "entries refused")
            except StorageUnavailable:
                return refused
            batch = sorted(refused)

    def _put(self, events: Sequence[OutgoingEvent], batch: list[int]) -> dict[int, str]:
        """Make one call; return AWS's codes for the entries it did not accept, by place."""
        answer = self._client.put_events(
            Entries=[
                {
                    "EventBusName": self._name,
                    "Source": OURS,
                    "DetailType": events[place].detail_type,
                    "Detail": events[place].detail.decode(),
                }
                for place in batch
            ]
        )
        return {
            place: entry["ErrorCode"]
            for place, entry in zip(batch, answer["Entries"], strict=True)
            if entry.get("ErrorCode")
        }


def _batches(events: Sequence[OutgoingEvent]) -> Iterator[list[int]]:
    """Yield the places of events that go out in one call."""
    batch: list[int] = []
    size = 0
    for place, event in enumerate(events):
        if event.size > MAX_EVENT_BYTES:
            raise ValueError(f"an event of {event.size} bytes is longer than {MAX_EVENT_BYTES}")
        if batch and (len(batch) == ENTRIES_A_CALL or size + event.size > MAX_EVENT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(place)
        size += event.size
    if batch:
        yield batch
