"""Who may write a tenant's roster now: one lease a tenant, held by a run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from rostersync.clock import milliseconds
from rostersync.errors import LeaseLost, RunInProgress, StorageConflict
from rostersync.storage import keys
from rostersync.storage.conditions import Absent, Below, Condition, Equals
from rostersync.storage.table import Table
from rostersync.storage.transactions import Put

_TRIES: Final = 3


class Lease(Struct, frozen=True):
    """``expires_at`` in ms since 1970: from then on anybody may take it over.

    ``ended``: its run is over, and only what was under way then may still be writing.
    """

    run_id: str
    expires_at: int
    ended: bool = False


class Leases:
    """The tenants' leases. Times are given, so that one clock decides."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire(
        self, tenant_id: str, run_id: str, now: datetime, seconds: int, *, together_with: Sequence[Put] = ()
    ) -> None:
        """Take the lease, or hold it for longer; ``together_with`` is written with it, or neither is.

        Raises ``RunInProgress`` while another run holds it, ``LeaseLost`` for a run that has been ended.
        """
        now_ms = milliseconds(now)
        expires_at = now_ms + seconds * 1000
        pk, sk = keys.lease(tenant_id)
        item = {
            "pk": pk,
            "sk": sk,
            "kind": "lease",
            "run_id": run_id,
            "writer": run_id,
            "expires_at": expires_at,
        }
        free: Sequence[Condition] = [Absent(), Equals("writer", run_id), Below("expires_at", now_ms + 1)]
        for _ in range(_TRIES):
            try:
                if together_with:
                    self._table.transact([Put(item, free), *together_with])
                else:
                    self._table.put(item, when=free)
            except StorageConflict:
                holder = self.holder(tenant_id, now)
                if holder is not None and holder.run_id == run_id and holder.ended:
                    raise LeaseLost(f"run {run_id} has been ended; start a new one") from None
                if holder is not None:
                    raise RunInProgress(_in_progress(tenant_id, holder, now_ms)) from None
                # It was given back between the two calls.
            else:
                return
        raise StorageConflict(f"the lease of tenant {tenant_id} changed hands while it was asked for")

    def require(self, tenant_id: str, run_id: str, now: datetime) -> None:
        """Raise ``LeaseLost`` unless this run holds the lease and has not been ended."""
        holder = self.holder(tenant_id, now)
        if holder is None or holder.run_id != run_id or holder.ended:
            raise LeaseLost(f"run {run_id} does not hold the lease of tenant {tenant_id} any more")

    def release(self, tenant_id: str, run_id: str) -> None:
        """Give the lease back, if this run has it and has not been ended."""
        try:
            self._table.delete(keys.lease(tenant_id), when=[Equals("writer", run_id)])
        except StorageConflict:
            # Another run's, or nobody's: as it should be.
            return

    def end(self, tenant_id: str, run_id: str, now: datetime, seconds: int) -> None:
        """Let this run begin to write nothing more, and keep others out for so many seconds at the most.

        Whoever goes on with an execution that has been ended, a redrive for one, is refused from now on: what
        it began late would be writing when the lease is another's.
        """
        lease = self._stored(tenant_id)
        if lease is None or lease.run_id != run_id or lease.ended:
            return
        expires_at = min(lease.expires_at, milliseconds(now) + seconds * 1000)
        try:
            self._table.update(
                keys.lease(tenant_id),
                {"expires_at": expires_at, "writer": ""},
                when=[Equals("writer", run_id)],
            )
        except StorageConflict:
            # It was given back, or taken over, in the meantime.
            return

    def holder(self, tenant_id: str, now: datetime) -> Lease | None:
        """Return the lease that is held now."""
        lease = self._stored(tenant_id)
        return lease if lease is not None and lease.expires_at > milliseconds(now) else None

    def _stored(self, tenant_id: str) -> Lease | None:
        item = self._table.get(keys.lease(tenant_id))
        return None if item is None else Lease(item["run_id"], item["expires_at"], not item["writer"])


def _in_progress(tenant_id: str, holder: Lease, now_ms: int) -> str:
    run = f"run {holder.run_id} of tenant {tenant_id}"
    if not holder.ended:
        return f"{run} is in progress; wait until it has ended"
    minutes = -(-(holder.expires_at - now_ms) // 60_000)
    in_time = "in a minute" if minutes == 1 else f"in {minutes} minutes"
    return f"{run} has ended, and what it had begun may still be writing; start another {in_time}"
