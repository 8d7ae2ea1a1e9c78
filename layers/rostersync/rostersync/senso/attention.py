"""Telling Senso that somebody has to look at something, and that nobody has to any more."""

from typing import Final

from rostersync.senso.bus import Bus, OutgoingEvent, Receipt

REMOVALS_HELD: Final = "removals held"


def attention(bus: Bus, tenant_id: str, run_id: str) -> Receipt:
    """Say that an admin has to decide on what a run holds; said twice it does no harm."""
    return _send(bus, tenant_id, run_id, needed=True)


def no_more_attention(bus: Bus, tenant_id: str, run_id: str) -> Receipt:
    """Say that it is decided."""
    return _send(bus, tenant_id, run_id, needed=False)


def _send(bus: Bus, tenant_id: str, run_id: str, *, needed: bool) -> Receipt:
    detail = {"tenantId": tenant_id, "reason": REMOVALS_HELD, "runId": run_id, "needed": needed}
    return bus.send([OutgoingEvent.of("Attention Needed", detail)])
