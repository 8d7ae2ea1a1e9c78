"""Everything that a step can change, in memory: calls to AWS are counted, and all of it can be set back."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

from rostersync.oneroster.server import RosterServer
from rostersync.storage.attributes import Item, Key
from rostersync.storage.executions import Executions
from rostersync.storage.integrations import Integration
from rostersync.storage.secrets import SecretRef
from rostersync.storage.table import BATCH
from tests.crashes.journal import Journal, some_of
from tests.fakes import FakeBus, FakeSecrets, FakeStaging, FakeStepFunctions, FakeTable
from tests.fakes.secrets import ARN
from tests.fakes.staging import FakeS3
from tests.steps.driver import FakeStores
from tests.steps.fake_server import FakeRosterServer

PAGE: Final = 20
"""Items in a page of a query: DynamoDB ends one at 1 MB, here it has to end more often."""


class JournaledTable(FakeTable):
    """A table each of whose requests is a call: 25 items of a write, a page of a query."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def get(self, key: Key) -> Item | None:
        return self._journal.call("GetItem", partial(FakeTable.get, self, key))

    def query(self, pk: str, prefix: str = "") -> Iterator[Item]:
        last = ""
        while True:
            page = self._journal.call("Query", partial(self._page, pk, prefix, last))
            yield from page
            if len(page) < PAGE:
                return
            last = page[-1]["sk"]

    def _page(self, pk: str, prefix: str, last: str) -> list[Item]:
        return [item for item in FakeTable.query(self, pk, prefix) if item["sk"] > last][:PAGE]

    def index(self, partition: str, *, up_to: str | None = None) -> Iterator[Key]:
        yield from self._journal.call("Query", partial(FakeTable.index, self, partition, up_to=up_to))

    def put(self, item: Item, **conditions: Any) -> None:
        self._journal.call("PutItem", partial(FakeTable.put, self, item, **conditions))

    def update(self, key: Key, set: Mapping[str, Any], **conditions: Any) -> None:  # noqa: A002 - as the table's
        self._journal.call("UpdateItem", partial(FakeTable.update, self, key, set, **conditions))

    def add(self, key: Key, amounts: Mapping[str, int], set: Mapping[str, Any]) -> Item:  # noqa: A002 - as the table's
        return self._journal.call("UpdateItem", partial(FakeTable.add, self, key, amounts, set))

    def delete(self, key: Key, **conditions: Any) -> None:
        self._journal.call("DeleteItem", partial(FakeTable.delete, self, key, **conditions))

    def write(self, puts: Iterable[Item], deletes: Iterable[Key]) -> None:
        changes: dict[Key, Item | None] = {(item["pk"], item["sk"]): item for item in puts}
        changes.update(dict.fromkeys(deletes))
        todo = list(changes.items())
        for begin in range(0, len(todo), BATCH):
            batch = todo[begin : begin + BATCH]
            half = partial(self._write, some_of(batch))
            self._journal.call("BatchWriteItem", partial(self._write, batch), half)

    def _write(self, batch: list[tuple[Key, Item | None]]) -> None:
        puts = [item for _, item in batch if item is not None]
        FakeTable.write(self, puts, [key for key, item in batch if item is None])

    def transact(self, writes: Any) -> None:
        self._journal.call("TransactWriteItems", partial(FakeTable.transact, self, writes))

    @property
    def state(self) -> dict[str, dict[str, Item]]:
        """What it holds. No item is changed in place, so this stays as it is."""
        return {pk: dict(partition) for pk, partition in self._partitions.items() if partition}

    @state.setter
    def state(self, state: dict[str, dict[str, Item]]) -> None:
        self._partitions = {pk: dict(partition) for pk, partition in state.items()}


class JournaledS3:
    """Each call of the client that S3's fake is; deleting several objects may be done in part."""

    def __init__(self, s3: FakeS3, journal: Journal) -> None:
        self._s3, self._journal = s3, journal

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **asked: self._journal.call(operation, partial(getattr(self._s3, operation), **asked))

    def delete_objects(self, *, Delete: dict[str, Any], **asked: Any) -> Any:  # noqa: N803 - boto3's name
        part = {**Delete, "Objects": some_of(Delete["Objects"])}
        return self._journal.call(
            "delete_objects",
            partial(self._s3.delete_objects, Delete=Delete, **asked),
            partial(self._s3.delete_objects, Delete=part, **asked),
        )


class JournaledStaging(FakeStaging):
    """A bucket behind a client whose calls are counted."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._client = cast("Any", JournaledS3(self.s3, journal))


class JournaledSecrets(FakeSecrets):
    """Secrets; a new version of one that is there takes two calls."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def put(self, tenant_id: str, generation: str, credentials: Mapping[str, str]) -> SecretRef:
        write = partial(FakeSecrets.put, self, tenant_id, generation, credentials)
        if ARN + self.name(tenant_id, generation) not in self._versions:
            return self._journal.call("CreateSecret", write)
        self._journal.call("CreateSecret", lambda: None)
        return self._journal.call("PutSecretValue", write)

    def get(self, ref: SecretRef) -> dict[str, str]:
        return self._journal.call("GetSecretValue", partial(FakeSecrets.get, self, ref))

    def delete(self, secret_id: str) -> None:
        self._journal.call("DeleteSecret", partial(FakeSecrets.delete, self, secret_id))

    @property
    def state(self) -> tuple[int, dict[str, dict[str, dict[str, str]]]]:
        """What it holds, and how many versions there were."""
        return self.writes, {arn: dict(versions) for arn, versions in self._versions.items()}

    @state.setter
    def state(self, state: tuple[int, dict[str, dict[str, dict[str, str]]]]) -> None:
        self.writes = state[0]
        self._versions = {arn: dict(versions) for arn, versions in state[1].items()}


class JournaledBus(FakeBus):
    """A bus; of the entries of a call it may take a part."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal
        self._client = cast("Any", self)

    def put_events(self, *, Entries: list[Any]) -> Any:  # noqa: N803 - boto3's name
        part = some_of(Entries)
        return self._journal.call(
            "PutEvents",
            partial(self.eventbridge.put_events, Entries=Entries),
            partial(self.eventbridge.put_events, Entries=part) if part else lambda: None,
        )


class JournaledStepFunctions(FakeStepFunctions):
    """Executions."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def start_execution(self, **asked: str) -> None:
        self._journal.call("StartExecution", partial(FakeStepFunctions.start_execution, self, **asked))

    def stop_execution(self, **asked: str) -> None:
        self._journal.call("StopExecution", partial(FakeStepFunctions.stop_execution, self, **asked))


@dataclass(frozen=True)
class Snapshot:
    """All of a world at one moment."""

    table: dict[str, dict[str, Item]]
    objects: dict[str, bytes]
    secrets: tuple[int, dict[str, dict[str, dict[str, str]]]]
    events: list[Mapping[str, Any]]
    executions: dict[str, str | None]

    @property
    def items(self) -> dict[Key, Item]:
        """Everything in the table."""
        return {
            (pk, sk): item
            for pk, partition in sorted(self.table.items())
            for sk, item in sorted(partition.items())
        }

    @property
    def told(self) -> set[str]:
        """What the bus has taken, however often: Senso has to stand that anyhow."""
        return {json.dumps([event["DetailType"], json.loads(event["Detail"])]) for event in self.events}


@dataclass
class World:
    """Stores, bus and executions under one journal."""

    journal: Journal = field(default_factory=Journal)

    def __post_init__(self) -> None:
        self.table = JournaledTable(self.journal)
        self.staging = JournaledStaging(self.journal)
        self.secrets = JournaledSecrets(self.journal)
        self.bus = JournaledBus(self.journal)
        self.step_functions = JournaledStepFunctions(self.journal)
        self.stores = FakeStores(table=self.table, staging=self.staging, secrets=self.secrets)

    @classmethod
    def of(cls, stores: FakeStores) -> "World":
        """Return a world that begins with what these stores hold."""
        world = cls()
        FakeTable.write(world.table, stores.table.items.values(), ())
        world.staging.s3.objects.update(stores.staging.s3.objects)
        world.secrets.state = (stores.secrets.writes, stores.secrets._versions)
        return world

    @property
    def executions(self) -> Executions:
        """The real way to start and stop executions."""
        return Executions(cast("Any", self.step_functions), sleep=lambda _: None)

    def server(self, server: FakeRosterServer) -> FakeRosterServer:
        """Return a Roster Server for which, as in a function, the credentials are read first."""
        connect = server.connect

        def with_credentials(integration: Integration) -> RosterServer:
            self.secrets.get(integration.secret)
            return connect(integration)

        server.connect = with_credentials  # type: ignore[method-assign, assignment]  # this server's only
        return server

    @property
    def now(self) -> Snapshot:
        """Everything as it is."""
        return Snapshot(
            table=self.table.state,
            objects=dict(self.staging.s3.objects),
            secrets=self.secrets.state,
            events=list(self.bus.eventbridge.entries),
            executions=dict(self.step_functions.executions),
        )

    def set_back(self, to: Snapshot) -> None:
        """Let everything be as it was, and everybody be alive."""
        self.journal.begin()
        self.table.state = to.table
        self.staging.s3.objects = dict(to.objects)
        self.secrets.state = to.secrets
        self.bus.eventbridge.entries = list(to.events)
        self.step_functions.executions = dict(to.executions)
