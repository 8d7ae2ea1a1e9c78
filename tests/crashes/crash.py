"""Dying at every call of a recorded run, and what has to be the same afterwards."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, TypeVar

import msgspec
from msgspec import structs

from rostersync.steps.finish_run import Finished
from rostersync.storage import keys
from rostersync.storage.attributes import Item
from rostersync.storage.runs import RunRecord
from rostersync.storage.sent import sent_of
from tests.crashes.journal import WHEN, Died, When
from tests.crashes.scenario import Invocation
from tests.crashes.world import Snapshot, World
from tests.senso.checked import CheckedSenso
from tests.steps.driver import NOW, TENANT

T = TypeVar("T")

_SECRET_VERSION: Final = re.compile(r'"secret_version":"[^"]*"')

DELIVERED: Final = "/delivered/"
"""Staged counts of what Deliver sent: those of the attempt that came to its end."""


EVERY: Final = bool(os.environ.get("EVERY_CRASH"))
"""Whether nothing is left out, as ``make crashes`` wants it."""


def some(things: Iterable[T], each: int) -> list[T]:
    """Return every so manieth of many things, all of them for ``make crashes``."""
    return list(things)[:: 1 if EVERY else each]


def points(invocation: Invocation) -> Iterator[tuple[int, When]]:
    """Yield every way in which the process can die in an invocation: at which call, and when."""
    for number, parted in enumerate(invocation.parted, 1):
        for when in WHEN:
            if parted or when != "half":
                yield number, when


def die(world: World, invocation: Invocation, number: int, when: When) -> Snapshot:
    """Let a step die; return what it left."""
    world.set_back(invocation.before)
    assert die_on(world, invocation, number, when), "nobody died: the calls are not those that were recorded"
    return world.now


def die_on(world: World, invocation: Invocation, number: int, when: When) -> bool:
    """Let a step die in the world as it is; return whether it came so far."""
    world.journal.die(number, when)
    try:
        invocation.step()
    except Died:
        return True
    finally:
        world.journal.begin()
    return False


def is_same_step(mine: Snapshot, theirs: Snapshot) -> bool:
    """Say whether a step left the same, but that Senso may hear things twice, and counts of what was sent."""
    return (
        _without_requests(mine) == _without_requests(theirs)
        and _objects(mine) == _objects(theirs)
        and mine.secrets == theirs.secrets
        and mine.executions == theirs.executions
        and mine.told == theirs.told
    )


def _without_requests(snapshot: Snapshot) -> dict[str, dict[str, Item]]:
    """Return the table without what was sent to the Roster Server: who dies sends it again."""
    table = dict(snapshot.table)
    for pk in table:
        if pk.endswith("#RUNS"):
            table[pk] = {sk: item for sk, item in table[pk].items() if item["kind"] != "requests"}
    return table


def is_same_but_for_what_is_due(mine: Snapshot, theirs: Snapshot) -> bool:
    """Say whether the same came of it, but that Senso has yet to hear of something: that is due."""
    due = replace(_in_the_end(mine), table=_without_sent(mine), events=[])
    return is_same_step(due, replace(_in_the_end(theirs), table=_without_sent(theirs), events=[]))


def _without_sent(snapshot: Snapshot) -> dict[str, dict[str, Item]]:
    return {
        pk: {sk: item for sk, item in partition.items() if item["kind"] != "sent"}
        for pk, partition in _in_the_end(snapshot).table.items()
    }


def without_staging(snapshot: Snapshot) -> Snapshot:
    """Return it without what is only kept until a run has ended."""
    kept = {key: body for key, body in snapshot.objects.items() if not key.startswith("staging/")}
    return replace(snapshot, objects=kept)


def _objects(snapshot: Snapshot) -> dict[str, bytes]:
    return {key: body for key, body in snapshot.objects.items() if DELIVERED not in key}


def is_same_end(mine: Snapshot, theirs: Snapshot) -> bool:
    """Say whether the same came of it; how often the bus took something, and whether that is known, apart."""
    return is_same_step(_in_the_end(mine), _in_the_end(theirs))


def _in_the_end(snapshot: Snapshot) -> Snapshot:
    table = {
        pk: {sk: _without_counts(item) for sk, item in partition.items()}
        for pk, partition in snapshot.table.items()
    }
    latest = {arn: {"": list(versions.values())[-1]} for arn, versions in snapshot.secrets[1].items()}
    return replace(snapshot, table=table, secrets=(0, latest))


def _without_counts(item: Item) -> Item:
    if item["kind"] == "run":
        run = msgspec.json.decode(item["data"], type=RunRecord)
        return {**item, "data": structs.asdict(structs.replace(run, delivery={}, requests=0))}
    if item["kind"] in {"listing", "link"}:
        # How often a page came, and whether the user went to somebody else: of who was unlinked twice it is
        # not known any more.
        return {**item, "revision": 0, "lost": False}
    if item["kind"] == "integration":
        return {**item, "secret_version": "", "following": _SECRET_VERSION.sub("", item.get("following", ""))}
    if item["kind"] == "sent":
        # What is in doubt is sent again.
        sent = sent_of(item)
        return {**item, "groups": {one: told.in_doubt for one, told in sent.groups.items()}, "revision": 0}
    return item


def result_of(result: Any) -> Any:
    """Return what a state machine gets of a step's result: that it ended just now is for the metrics."""
    return result.summary() if isinstance(result, Finished) else result


def seen(snapshot: Snapshot) -> dict[str, Any]:
    """Return what each teacher sees in Senso after all that the bus has taken, in that order."""
    senso = CheckedSenso(lambda: NOW)
    for user_id, email in _users(snapshot).items():
        senso.add_user(TENANT, email, user_id=user_id)
    for event in snapshot.events:
        # Whom Senso would make for a request is another matter.
        if event["DetailType"] != "User Wanted":
            senso.receive(event["DetailType"], msgspec.json.decode(event["Detail"]))
    assert senso.contradictions == 0
    return {user_id: senso.groups_of(TENANT, user_id) for user_id in senso.users(TENANT)}


def _users(snapshot: Snapshot) -> dict[str, str]:
    users = [item for item in snapshot.items.values() if item["kind"] == "user" and not item["removed"]]
    return {item["sk"].removeprefix(keys.USER_PREFIX): item["email"] for item in users}
