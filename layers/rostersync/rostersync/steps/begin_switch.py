"""Another district takes the place of the one connected: first all of the old one goes (RULES §5)."""

from datetime import datetime

from msgspec.structs import asdict, replace

from rostersync.clock import milliseconds
from rostersync.errors import NotConnected
from rostersync.oneroster.credentials import Credentials
from rostersync.steps.begin_disconnect import start_ending
from rostersync.storage.executions import Executions
from rostersync.storage.integrations import Integration, Leaving
from rostersync.storage.stores import Stores


def begin_switch(
    before: Integration,
    following: Integration,
    credentials: Credentials,
    stores: Stores,
    executions: Executions,
    state_machine: str,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Let the connection ``before`` be ended, with ``following`` to take its place; start what does it.

    In three writes, each of which may be the last before the process dies; asking again finishes it. Nothing
    is deleted before the verified credentials are stored: only then is anything started. Of several who ask,
    the latest counts. Raises ``NotConnected`` when the tenant is being disconnected for good,
    ``StorageConflict`` and ``StorageUnavailable``.
    """
    # The time is the new connection's identity: it is never the old one's.
    since = max(milliseconds(now), before.connected_at + 1)
    asked = Leaving("remove", since, actor, switching=True)
    integration = stores.integrations.leave(before.tenant_id, asked)
    leaving = integration.leaving
    if leaving is None or not leaving.switching:
        raise NotConnected(f"tenant {before.tenant_id} is being disconnected; connect it when that has ended")
    # Whoever began it has named the generation: whoever asks again writes a version of the same secret.
    ref = stores.secrets.put(before.tenant_id, str(leaving.since), asdict(credentials))
    named = replace(following, connected_at=leaving.since, secret_arn=ref.arn, secret_version=ref.version_id)
    stores.integrations.follow(before.tenant_id, leaving, named)
    start_ending(integration, executions, state_machine)
