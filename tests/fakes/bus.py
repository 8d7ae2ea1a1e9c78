"""The bus in memory: EventBridge's answers under the real ``Bus``."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from rostersync.senso.bus import Bus

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class FakeEventBridge:
    """Takes entries, but for those that ``refuses`` names: called with each, it returns AWS's code or ""."""

    def __init__(self) -> None:
        self.entries: list[Mapping[str, Any]] = []
        self.calls = 0
        self.refuses: Callable[[Mapping[str, Any]], str] = lambda _: ""

    def put_events(self, *, Entries: list[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert 0 < len(Entries) <= 10, "EventBridge takes 1 to 10 entries a call"
        self.calls += 1
        answers = []
        for entry in Entries:
            code = self.refuses(entry)
            if not code:
                self.entries.append(entry)
            answers.append({"ErrorCode": code} if code else {"EventId": str(len(self.entries))})
        return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}


class FakeBus(Bus):
    """``events`` are (detail type, detail) in the order they were accepted; ``take`` empties it."""

    def __init__(self) -> None:
        self.eventbridge = FakeEventBridge()
        super().__init__(cast("EventBridgeClient", self.eventbridge), "bus", attempts=3, sleep=lambda _: None)

    def __len__(self) -> int:
        return len(self.eventbridge.entries)

    @property
    def events(self) -> list[tuple[str, Any]]:
        """What was accepted so far and not taken."""
        return [(entry["DetailType"], json.loads(entry["Detail"])) for entry in self.eventbridge.entries]

    def of(self, detail_type: str) -> list[Any]:
        """Return the details of one type."""
        return [detail for kind, detail in self.events if kind == detail_type]

    def take(self) -> list[tuple[str, Any]]:
        """Return what was accepted, and forget it."""
        taken = self.events
        self.eventbridge.entries.clear()
        return taken
