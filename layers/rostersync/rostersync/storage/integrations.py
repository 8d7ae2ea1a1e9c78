"""The tenants' ClassLink connections."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct, field

from rostersync.decoders import decoder
from rostersync.errors import LeaseLost, NotConnected, StorageConflict
from rostersync.roster.discreet import Discreet
from rostersync.roster.guard import GuardSettings
from rostersync.roster.pausing import PauseWindow
from rostersync.roster.settings import CreationSettings, RosterSettings
from rostersync.storage import keys
from rostersync.storage.attributes import Item
from rostersync.storage.conditions import Absent, Equals
from rostersync.storage.due_times import next_due_at, to_due_at
from rostersync.storage.secrets import SecretRef
from rostersync.storage.table import Table

__all__ = ["GroupsLeft", "Integration", "Integrations", "Leaving", "Status", "Trouble", "next_due_at"]

Status: TypeAlias = Literal["connected", "credentials rejected", "disconnecting"]

GroupsLeft: TypeAlias = Literal["keep", "remove"]
"""What becomes of Senso's groups when the tenant is disconnected."""

_CONNECTION: Final = (
    "server_url",
    "ability",
    "secret_arn",
    "secret_version",
    "client_id_masked",
    "status",
    "district_name",
    "host",
    "top_org",
    "school_ids",
    "not_empty",
)
"""What verifying credentials finds out."""

_CHOSEN: Final = (
    "settings",
    "creation",
    "time_zone",
    "nightly_hour",
    "paused",
    "pause_windows",
    "guard",
    "additions_only_until",
    "due_at",
    "due_list",
)
"""What the tenant's admin chooses, and when the next night is by that."""

_TOLD: Final = "told "
"""How the attributes begin that say of which run Senso was told, for each reason."""

_IN_USE: Final = (Equals("status", "connected"), Equals("status", "credentials rejected"))


class Leaving(Struct, frozen=True):
    """How a tenant is being disconnected: since when, in ms since 1970, and by whom, an id or "".

    ``switching``: so that another district can be connected in its place.
    """

    groups: GroupsLeft
    since: int
    actor: str = ""
    switching: bool = False


class Undecided(Struct, frozen=True):
    """The run on whose list is what is held, and until when it is kept, in ms since 1970."""

    run_id: str
    expires_at: int


class Trouble(Struct, frozen=True):
    """What no later run mends by itself, and the first run that met it."""

    reason: Literal["credentials rejected", "other district"]
    run_id: str


class Integration(Discreet, frozen=True, kw_only=True):
    """A tenant's connection: server, settings, status, statistics.

    ``server_url`` is the base URL with its path, ``ability`` what the server was found to do. The secret is
    named, not held; ``client_id_masked`` is for the screen. ``hash_key`` is 32 random bytes that keep what is
    remembered of former owners nobody's. ``time_zone`` "" is the deployment's; ``connected_at`` in ms since
    1970; ``last_nightly_date`` the tenant's local date of its last night; ``due_at`` a UTC minute as
    ``next_due_at`` gives it, "" for no nights. ``synced_at``: when the last run that told what ClassLink has
    was started, in ms since 1970, 0 for none. ``district_name``, ``host``, ``top_org`` and ``school_ids``
    say whose district it is (RULES §5); ``not_empty`` are the collections of which a record was seen on
    connecting. ``leaving`` is set once the tenant is being disconnected;
    ``following`` is the verified connection that takes its place when that has ended.
    ``additions_only_until`` is the last local date on which nothing may go, "" for none; ``held`` names the
    list that somebody has to decide on: ask ``undecided``. ``told`` is what Senso was told that an admin has
    to look at: the run that found it, by reason.
    """

    tenant_id: str
    server_url: str
    ability: dict[str, str | bool]
    secret_arn: str
    secret_version: str
    client_id_masked: str
    hash_key: bytes
    settings: RosterSettings = field(default_factory=RosterSettings)
    creation: CreationSettings = field(default_factory=CreationSettings)
    time_zone: str = ""
    nightly_hour: int = 2
    paused: bool = False
    pause_windows: tuple[PauseWindow, ...] = ()
    guard: GuardSettings = field(default_factory=GuardSettings)
    additions_only_until: str = ""
    status: Status = "connected"
    district_name: str = ""
    host: str = ""
    top_org: str = ""
    school_ids: tuple[str, ...] = ()
    not_empty: tuple[str, ...] = ()
    connected_at: int = 0
    last_nightly_date: str = ""
    due_at: str = ""
    statistics: dict[str, int] = field(default_factory=dict)
    synced_at: int = 0
    leaving: Leaving | None = None
    following: "Integration | None" = None
    held: Undecided | None = None
    trouble: Trouble | None = None
    told: dict[str, str] = field(default_factory=dict)

    def undecided(self, now_ms: int) -> str:
        """Return the id of the run on whose list somebody has to decide, "" for none or an expired one."""
        return self.held.run_id if self.held is not None and now_ms < self.held.expires_at else ""

    @property
    def secret(self) -> SecretRef:
        """Where the credentials are."""
        return SecretRef(self.secret_arn, self.secret_version)

    @property
    def has_nights(self) -> bool:
        """Whether the nightly run takes it when it is due; held and rejected ones too (DESIGN §3)."""
        return bool(self.due_at) and not self.paused and self.status != "disconnecting"


class Integrations:
    """Integration items: written whole on connecting, then field by field: no writer undoes another."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, tenant_id: str) -> Integration | None:
        """Return a tenant's integration."""
        item = self._table.get(keys.integration(tenant_id))
        return None if item is None else _integration_of(tenant_id, item)

    def require(self, tenant_id: str) -> Integration:
        """Return a tenant's integration; raises ``NotConnected`` when there is none, or no more."""
        integration = self.get(tenant_id)
        if integration is None or integration.status == "disconnecting":
            raise NotConnected(f"tenant {tenant_id} has no ClassLink integration; connect it first")
        return integration

    def begin_connecting(self, tenant_id: str, at: int) -> int:
        """Note since when a tenant is being connected, once; return the time that is noted, in ms.

        It is the connection's identity and its secret's generation, so it is noted before there is a secret:
        who dies in between and comes again writes a version of the same one. A disconnect forgets it with
        everything else of the tenant. Raises ``StorageConflict`` when that happens in the middle.
        """
        pk, sk = keys.connecting(tenant_id)
        try:
            self._table.put({"pk": pk, "sk": sk, "kind": "connecting", "since": at}, when=[Absent()])
        except StorageConflict:
            noted = self._table.get((pk, sk))
            if noted is None:
                raise
            return int(noted["since"])
        return at

    def connect(self, integration: Integration) -> None:
        """Write the whole integration. From now on the tenant is connected, with this secret.

        Raises ``StorageConflict`` when it is connected already.
        """
        self._table.put(_item_of(integration), when=[Absent()])

    def reconnect(self, integration: Integration) -> None:
        """Write what connecting finds out, and nothing that a run or an admin writes meanwhile.

        Raises ``StorageConflict`` when the integration is gone or going.
        """
        item = _item_of(integration)
        found = {name: item[name] for name in _CONNECTION}
        self._update(integration.tenant_id, found, remove=("trouble",))

    def record_night(self, tenant_id: str, local_date: str, due_at: str) -> None:
        """Note that a local date has had its night, and when the next is due.

        Raises ``StorageConflict`` when the integration is gone or going.
        """
        self._update(tenant_id, {"last_nightly_date": local_date, "due_at": due_at})

    def record_sync(self, tenant_id: str, statistics: Mapping[str, int], started_at: int) -> None:
        """Note what a run that came to its end has found; nothing while disconnecting."""
        self._record(
            tenant_id,
            {"status": "connected", "statistics": _json(dict(statistics)), "synced_at": started_at},
            remove=("trouble",),
        )

    def hold(self, tenant_id: str, held: Undecided) -> None:
        """Note on whose list somebody has to decide, in place of any earlier; not while disconnecting."""
        self._record(tenant_id, {"held": _json(held)})

    def release(self, tenant_id: str, run_id: str) -> None:
        """Forget that a run's list is undecided; nothing when it is not, or another is."""
        integration = self.get(tenant_id)
        if integration is None or integration.held is None or integration.held.run_id != run_id:
            return
        with suppress(StorageConflict):
            self._table.update(
                keys.integration(tenant_id),
                {},
                remove=("held",),
                when=[Equals("held", _json(integration.held))],
            )

    def record_connected(self, tenant_id: str) -> None:
        """Note that the credentials work, for the district they are for; nothing while disconnecting."""
        self._record(tenant_id, {"status": "connected"}, remove=("trouble",))

    def record_trouble(self, tenant_id: str, trouble: Trouble) -> None:
        """Note what a run met; of one trouble the first run stays. Nothing while disconnecting."""
        integration = self.get(tenant_id)
        known = integration.trouble if integration is not None else None
        first = known if known is not None and known.reason == trouble.reason else trouble
        rejected = trouble.reason == "credentials rejected"
        status: Status = "credentials rejected" if rejected else "connected"
        self._record(tenant_id, {"status": status, "trouble": _json(first)})

    def record_told(self, tenant_id: str, needed: Mapping[str, str], over: Iterable[str]) -> None:
        """Note what Senso was told, reason by reason, so that no writer undoes another; not while leaving."""
        told = {f"{_TOLD}{reason}": run_id for reason, run_id in needed.items()}
        self._record(tenant_id, told, remove=[f"{_TOLD}{reason}" for reason in over])

    def _record(self, tenant_id: str, changes: Mapping[str, Any], remove: Iterable[str] = ()) -> None:
        try:
            self._update(tenant_id, changes, remove)
        except StorageConflict:
            # Disconnecting, or gone: a run that ends must not bring it back.
            return

    def choose(self, before: Integration, after: Integration) -> None:
        """Write what a tenant chooses; raises ``StorageConflict`` when it is no more as in ``before``."""
        item, old = _item_of(after), _item_of(before)
        chosen: dict[str, Any] = {name: item[name] for name in _CHOSEN if name in item}
        removed = [name for name in _CHOSEN if name not in item]
        self._table.update(
            keys.integration(after.tenant_id),
            {**chosen, "chosen": _digest(item)},
            remove=removed,
            when=[Equals("chosen", _digest(old))],
        )

    def leave(self, tenant_id: str, leaving: Leaving) -> Integration:
        """Begin to disconnect a tenant, once; return the integration as it is from then on.

        Raises ``NotConnected`` when there is none, and when its groups are being left the other way.
        """
        # A conflict: there is none, or it is going already. What is stored says which.
        with suppress(StorageConflict):
            self._table.update(
                keys.integration(tenant_id),
                {"status": "disconnecting", "leaving": _json(leaving)},
                remove=("due_list",),
                when=[Absent("leaving")],
            )
        integration = self.get(tenant_id)
        if integration is None or integration.leaving is None:
            raise NotConnected(f"tenant {tenant_id} has no ClassLink integration; there is nothing to end")
        if integration.leaving.groups != leaving.groups:
            done = "kept" if integration.leaving.groups == "keep" else "removed"
            raise NotConnected(
                f"tenant {tenant_id} is being disconnected already, and its groups in Senso are {done}; "
                "wait until that has ended"
            )
        return integration

    def follow(self, tenant_id: str, leaving: Leaving, following: Integration) -> None:
        """Note which connection takes the place of one that is being disconnected; the latest counts.

        Raises ``StorageConflict`` when ``leaving`` is no more how it is being disconnected.
        """
        self._table.update(
            keys.integration(tenant_id),
            {"following": _json(following)},
            when=[Equals("leaving", _json(leaving))],
        )

    def left(self, tenant_id: str, connected_at: int) -> Integration | None:
        """Return the connection that is being ended, None when it is gone already, or another's place.

        Raises ``LeaseLost`` when the tenant is connected: nothing of it may be deleted.
        """
        integration = self.get(tenant_id)
        if integration is None or integration.connected_at != connected_at:
            return None
        if integration.leaving is None:
            raise LeaseLost(
                f"tenant {tenant_id} is connected, and not being disconnected; begin by disconnecting it"
            )
        return integration

    def remove(self, tenant_id: str) -> None:
        """Delete an integration that is being disconnected; raises ``StorageConflict`` for any other."""
        self._table.delete(keys.integration(tenant_id), when=[Absent(), Equals("status", "disconnecting")])

    def succeed(self, ended: Integration, following: Integration) -> None:
        """Connect ``following`` in the place of ``ended``, in one write.

        Raises ``StorageConflict`` when another was chosen to follow in the meantime.
        """
        self._table.put(_item_of(following), when=[Equals("following", _json(ended.following))])

    def due(self, up_to: datetime) -> Iterator[str]:
        """Yield the tenants due at or before a time, the longest waiting first.

        The index may be a moment behind: ask the integration whether it still ``has_nights`` and is due.
        """
        for pk, _ in self._table.index(keys.INTEGRATIONS, up_to=to_due_at(up_to)):
            yield keys.tenant_of(pk)

    def all_connected(self) -> Iterator[str]:
        """Yield the tenants that are connected, the paused ones too; the index may be a moment behind."""
        for several in (keys.INTEGRATIONS, keys.PAUSED_INTEGRATIONS):
            for pk, _ in self._table.index(several):
                yield keys.tenant_of(pk)

    def _update(self, tenant_id: str, changes: Mapping[str, Any], remove: Iterable[str] = ()) -> None:
        self._table.update(keys.integration(tenant_id), changes, remove=remove, when=_IN_USE)


def _item_of(integration: Integration) -> Item:
    pk, sk = keys.integration(integration.tenant_id)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "kind": "integration",
        "server_url": integration.server_url,
        "ability": _json(integration.ability),
        "secret_arn": integration.secret_arn,
        "secret_version": integration.secret_version,
        "client_id_masked": integration.client_id_masked,
        "hash_key": integration.hash_key,
        "settings": _json(integration.settings),
        "creation": _json(integration.creation),
        "time_zone": integration.time_zone,
        "nightly_hour": integration.nightly_hour,
        "paused": integration.paused,
        "pause_windows": _json(integration.pause_windows),
        "guard": _json(integration.guard),
        "additions_only_until": integration.additions_only_until,
        "status": integration.status,
        "district_name": integration.district_name,
        "host": integration.host,
        "top_org": integration.top_org,
        "school_ids": list(integration.school_ids),
        "not_empty": list(integration.not_empty),
        "connected_at": integration.connected_at,
        "last_nightly_date": integration.last_nightly_date,
        "statistics": _json(integration.statistics),
        "synced_at": integration.synced_at,
    }
    if integration.leaving is not None:
        item["leaving"] = _json(integration.leaving)
    if integration.following is not None:
        item["following"] = _json(integration.following)
    if integration.held is not None:
        item["held"] = _json(integration.held)
    if integration.trouble is not None:
        item["trouble"] = _json(integration.trouble)
    item |= {f"{_TOLD}{reason}": run_id for reason, run_id in integration.told.items()}
    item["chosen"] = _digest(item)
    # An attribute of an index's key may be absent, not empty.
    if integration.due_at:
        item["due_at"] = integration.due_at
    if integration.due_at and integration.status != "disconnecting":
        item["due_list"] = keys.PAUSED_INTEGRATIONS if integration.paused else keys.INTEGRATIONS
    return item


def _integration_of(tenant_id: str, item: Item) -> Integration:
    return Integration(
        tenant_id=tenant_id,
        server_url=item["server_url"],
        ability=decoder(dict[str, str | bool]).decode(item["ability"]),
        secret_arn=item["secret_arn"],
        secret_version=item["secret_version"],
        client_id_masked=item["client_id_masked"],
        hash_key=item["hash_key"],
        settings=decoder(RosterSettings).decode(item["settings"]),
        creation=decoder(CreationSettings).decode(item["creation"]),
        time_zone=item["time_zone"],
        nightly_hour=item["nightly_hour"],
        paused=item["paused"],
        pause_windows=decoder(tuple[PauseWindow, ...]).decode(item["pause_windows"]),
        guard=decoder(GuardSettings).decode(item["guard"]),
        additions_only_until=item["additions_only_until"],
        status=item["status"],
        district_name=item["district_name"],
        host=item["host"],
        top_org=item["top_org"],
        school_ids=tuple(item["school_ids"]),
        not_empty=tuple(item["not_empty"]),
        connected_at=item["connected_at"],
        last_nightly_date=item["last_nightly_date"],
        due_at=item.get("due_at", ""),
        statistics=decoder(dict[str, int]).decode(item["statistics"]),
        synced_at=item["synced_at"],
        leaving=decoder(Leaving).decode(item["leaving"]) if "leaving" in item else None,
        following=decoder(Integration).decode(item["following"]) if "following" in item else None,
        held=decoder(Undecided).decode(item["held"]) if "held" in item else None,
        trouble=decoder(Trouble).decode(item["trouble"]) if "trouble" in item else None,
        told={name.removeprefix(_TOLD): item[name] for name in sorted(item) if name.startswith(_TOLD)},
    )


def _digest(item: Mapping[str, Any]) -> str:
    """Return what is equal for two items in which the admin chose the same: a condition compares one text."""
    chosen = [item[name] for name in _CHOSEN if not name.startswith("due_")]
    return blake2b(_json(chosen).encode(), digest_size=8).hexdigest()


def _json(thing: Any) -> str:
    return msgspec.json.encode(thing, order="sorted").decode()
