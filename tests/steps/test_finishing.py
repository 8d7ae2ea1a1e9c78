"""How runs begin and end: leases, refusals, outcomes, what the integration is told."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rostersync.errors import (
    AccessDenied,
    CredentialsRejected,
    NotConnected,
    RosterServerUnavailable,
    RosterSyncError,
    RunInProgress,
    StorageUnavailable,
)
from rostersync.steps.finish_run import Finished, FinishRequest, finish_run
from rostersync.steps.requests import parse_request
from rostersync.storage.integrations import Leaving, Undecided
from rostersync.storage.runs import Held, RunRecord
from tests.steps.driver import LONGEST_FUNCTION_SECONDS, NOW, TENANT, FakeStores, connected, sync
from tests.steps.published import kept_items
from tests.steps.rosters import serve, small_roster

DAY = timedelta(days=1)
EVENTS = Path(__file__).parents[2] / "events"


def finish(stores: FakeStores, event: dict[str, Any]) -> Finished:
    """Run Finish by itself."""
    return finish_run(
        parse_request(FinishRequest, event),
        stores,
        now=NOW,
        longest_function_seconds=LONGEST_FUNCTION_SECONDS,
    )


def begun(stores: FakeStores, run_id: str) -> None:
    """Leave a run as Plan leaves it."""
    stores.leases.acquire(TENANT, run_id, NOW, 3_600)
    started = int(NOW.timestamp() * 1000)
    stores.runs.start(
        RunRecord(tenant_id=TENANT, run_id=run_id, mode="changes", cause="operator", started_at=started)
    )


def failing(stores: FakeStores, error: RosterSyncError, *, now: Any = NOW) -> RunRecord:
    """Sync from a server that answers every request with an error."""
    server = serve(small_roster())

    def fail(_: int) -> None:
        raise error

    server.before_answer = fail
    return sync(stores, server, now=now)


def test_a_second_run_is_refused_and_leaves_nothing() -> None:
    stores = connected()
    begun(stores, "first")
    before = stores.table.items
    with pytest.raises(RunInProgress, match="first"):
        sync(stores, serve(small_roster()), run_id="second")
    assert finish(
        stores, {"tenantId": TENANT, "runId": "second", "error": {"Error": "RunInProgress"}}
    ) == Finished(TENANT, "second", "refused")
    assert stores.table.items == before


def test_a_tenant_without_integration_is_not_connected() -> None:
    stores = connected()
    with pytest.raises(NotConnected, match="shelbyville"):
        sync(stores, serve(small_roster()), tenant_id="shelbyville")
    stores.integrations.leave(TENANT, Leaving("remove", 5))
    before = stores.table.items
    with pytest.raises(NotConnected):
        sync(stores, serve(small_roster()))
    assert stores.table.items == before


@pytest.mark.parametrize("error", [CredentialsRejected("401"), AccessDenied("403")])
def test_rejected_credentials_mark_the_integration_until_a_run_gets_through(error: RosterSyncError) -> None:
    stores = connected()
    first = sync(stores, serve(small_roster()))
    run = failing(stores, error, now=NOW + DAY)
    assert (run.outcome, run.error, run.reason) == ("failed", type(error).__name__, str(error))
    integration = stores.integrations.require(TENANT)
    assert (integration.status, integration.statistics) == ("credentials rejected", first.statistics)
    preview = sync(stores, serve(small_roster()), mode="preview", now=NOW + 2 * DAY)
    assert preview.outcome == "previewed"
    assert stores.integrations.require(TENANT).status == "credentials rejected"
    assert sync(stores, serve(small_roster()), now=NOW + 3 * DAY).outcome == "unchanged"
    assert stores.integrations.require(TENANT).status == "connected"


def test_another_failure_leaves_the_integration_as_it_was() -> None:
    stores = connected()
    sync(stores, serve(small_roster()))
    before = stores.integrations.require(TENANT)
    run = failing(stores, RosterServerUnavailable("no answer"), now=NOW + DAY)
    assert (run.outcome, run.error, run.reason) == ("failed", "RosterServerUnavailable", "no answer")
    assert stores.integrations.require(TENANT) == before
    assert stores.leases.holder(TENANT, NOW + DAY) is None


def test_a_run_finished_twice_is_counted_once() -> None:
    stores = connected()
    run = sync(stores, serve(small_roster()))
    again = finish(stores, {"tenantId": TENANT, "runId": run.run_id, "pull": 1})
    assert (again.just_now, again.outcome) == (False, "published")
    late = finish(stores, {"tenantId": TENANT, "runId": run.run_id, "pull": 1, "error": {"Error": "ABORTED"}})
    assert (late.just_now, late.outcome) == (False, "published")
    assert stores.runs.get(TENANT, run.run_id) == run


@pytest.mark.parametrize("write", [1, 2, 3])
def test_finishing_that_died_anywhere_is_done_again_whole(write: int) -> None:
    stores, calm = connected(), connected()

    def die(state: str) -> None:
        if state == "Finish":
            stores.table.fail_at_write(write)

    sync(stores, serve(small_roster()), before=die)
    sync(calm, serve(small_roster()))
    assert stores.table.items == calm.table.items


def test_an_execution_that_was_stopped_is_recorded_and_its_lease_shortened() -> None:
    stores = connected()
    begun(stores, "by-hand-1")
    event = json.loads((EVENTS / "finish_run_status_change.json").read_text())
    finished = finish(stores, event)
    run = stores.runs.get(TENANT, "by-hand-1")
    assert run is not None
    assert (finished.outcome, finished.just_now) == ("failed", True)
    assert (run.outcome, run.error, run.finished_at) == ("failed", "ABORTED", int(NOW.timestamp() * 1000))
    assert "stopped" in run.reason
    lease = stores.leases.holder(TENANT, NOW)
    assert lease is not None
    assert lease.expires_at == int(NOW.timestamp() * 1000) + LONGEST_FUNCTION_SECONDS * 1000
    # It may be told again and later: nothing changes, the lease is not made longer.
    assert finish(stores, event).just_now is False
    assert stores.leases.holder(TENANT, NOW) == lease


def test_the_event_of_an_execution_that_finished_by_itself_changes_nothing() -> None:
    stores = connected()
    sync(stores, serve(small_roster()), run_id="by-hand-1")
    begun(stores, "by-hand-2")
    before = stores.table.items
    finish(stores, json.loads((EVENTS / "finish_run_status_change.json").read_text()))
    assert stores.table.items == before


def test_a_run_that_never_began_gets_no_item_and_keeps_no_lease() -> None:
    stores = connected()

    def die(state: str) -> None:
        if state == "Plan":
            # The lease is the first write, the run item the second.
            stores.table.fail_at_write(2, CredentialsRejected("stands for any error that is not tried again"))

    with pytest.raises(CredentialsRejected):
        sync(stores, serve(small_roster()), run_id="unlucky", before=die)
    assert stores.runs.get(TENANT, "unlucky") is None
    assert stores.leases.holder(TENANT, NOW) is None


def test_storage_that_stays_away_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = connected()
    sync(stores, serve(small_roster()))
    before = kept_items(stores.table)

    def away(state: str) -> None:
        # It answers again when it is too late: the run item is finished without it.
        if state in {"Owners", "Finish"}:
            monkeypatch.setattr(stores.staging, "open_pack", _away if state == "Owners" else open_pack)

    open_pack = stores.staging.open_pack
    run = sync(stores, serve({}), now=NOW + DAY, before=away)
    assert (run.outcome, run.error) == ("failed", "StorageUnavailable")
    assert kept_items(stores.table) == before


def test_a_run_whose_lease_went_to_another_publishes_nothing() -> None:
    stores = connected()

    def lose(state: str) -> None:
        if state == "Publish":
            later = NOW + DAY
            stores.leases.acquire(TENANT, "another", later, 60)

    run = sync(stores, serve(small_roster()), before=lose)
    assert (run.outcome, run.error) == ("failed", "LeaseLost")
    assert not kept_items(stores.table)
    lease = stores.leases.holder(TENANT, NOW)
    assert lease is not None
    assert lease.run_id == "another"


def test_only_sentences_of_ours_are_kept_as_reason() -> None:
    for cause in ("", "<html>Jane</html>", "[]", '{"errorMessage": {"Jane": 1}}', '{"other": "Jane"}'):
        stores = connected()
        begun(stores, "run")
        finish(
            stores,
            {"tenantId": TENANT, "runId": "run", "error": {"Error": "Sandbox.Timedout", "Cause": cause}},
        )
        run = stores.runs.get(TENANT, "run")
        assert run is not None
        assert run.reason == "the run ended unexpectedly; see the execution's history"


def _away(_: str) -> Any:
    raise StorageUnavailable("S3 stays away")


# -- A list that somebody has to decide on ---------------------------------------------------------------


def test_a_list_is_its_runs_though_finish_failed_after_it_had_been_left_to_be_decided_on() -> None:
    stores = connected()
    begun(stores, "run")
    stores.integrations.hold(TENANT, Undecided("run", 1_900_000_000_000))
    error = {"Error": "StorageUnavailable", "Cause": "{}"}
    assert finish(stores, {"tenantId": TENANT, "runId": "run", "error": error}).outcome == "failed"
    assert stores.runs.get(TENANT, "run").held == Held(expires_at=1_900_000_000_000)


def test_a_finish_that_comes_after_its_runs_end_leaves_no_list_that_nobody_can_decide_on() -> None:
    stores = connected()
    begun(stores, "run")
    finish(stores, {"source": "aws.states", "detail": ABORTED})
    stores.integrations.hold(TENANT, Undecided("run", 1_900_000_000_000))
    finish(stores, {"tenantId": TENANT, "runId": "run"})
    assert stores.integrations.require(TENANT).held is None


ABORTED = {"name": "run", "status": "ABORTED", "input": json.dumps({"tenantId": TENANT})}
