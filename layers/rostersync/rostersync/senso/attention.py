"""Telling Senso that an admin has to look at something, and that nobody has to any more."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from rostersync.senso.bus import Bus, OutgoingEvent
from rostersync.storage.integrations import Integration
from rostersync.storage.stores import Stores

AttentionReason: TypeAlias = Literal["removals held", "credentials rejected", "other district", "stale"]

REMOVALS_HELD: Final[AttentionReason] = "removals held"
CREDENTIALS_REJECTED: Final[AttentionReason] = "credentials rejected"
OTHER_DISTRICT: Final[AttentionReason] = "other district"
STALE: Final[AttentionReason] = "stale"


class Attention:
    """What one tenant's admin has to look at, held against what Senso was told of it."""

    def __init__(self, stores: Stores, bus: Bus, integration: Integration) -> None:
        self._stores = stores
        self._bus = bus
        self._integration = integration

    def needed(self, reason: AttentionReason, run_id: str) -> None:
        """Say so, and of an earlier run with the same reason that it is over; raises as ``settle``."""
        self.settle({**self._integration.told, reason: run_id})

    def over(self, reason: AttentionReason, run_id: str) -> None:
        """Say that nobody has to look at what this run found; raises as ``settle``."""
        told = self._integration.told
        if told.get(reason) == run_id:
            self.settle({one: found_by for one, found_by in told.items() if one != reason})

    def settle(self, wanted: Mapping[str, str]) -> None:
        """Say what is new in ``wanted``, the run by reason, and what is in it no more; each once.

        Raises ``EventBusUnavailable``. Who dies between saying and noting it says it again, which does no
        harm.
        """
        told = self._integration.told
        over = [(*cause, False) for cause in told.items() if wanted.get(cause[0]) != cause[1]]
        needed = [(*cause, True) for cause in wanted.items() if told.get(cause[0]) != cause[1]]
        tenant_id = self._integration.tenant_id
        events = [
            OutgoingEvent.of(
                "Attention Needed",
                {"tenantId": tenant_id, "reason": reason, "runId": run_id, "needed": is_needed},
            )
            for reason, run_id, is_needed in (*over, *needed)
        ]
        if not events:
            return
        self._bus.send(events).require()
        # A tenant that is being disconnected is not changed any more, and soon there is nothing to note.
        if self._integration.status != "disconnecting":
            self._stores.integrations.record_told(
                tenant_id,
                {reason: run_id for reason, run_id, _ in needed},
                [reason for reason, _, _ in over if reason not in wanted],
            )
