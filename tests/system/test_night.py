"""The nightly state machine, on the local engine."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from local.tenants import stores_of
from rostersync.storage import keys
from tests.system.conftest import NOON

EVENTS = Path(__file__).parents[2] / "events"
NIGHT = NOON.replace(hour=6) + timedelta(days=1)
"""02:00 of the next day in the deployment's time zone."""


def summary_of(engine, execution):
    return {one["tenantId"]: one for one in stores_of(engine).nights.summary(execution.name)["tenants"]}


@pytest.fixture(autouse=True)
def _nobody_else_is_due(engine):
    """Take the tenants of a test away after it: a night takes everybody who is due."""
    yield
    stores = stores_of(engine)
    for tenant_id in list(stores.integrations.due(NIGHT + timedelta(days=400))):
        stores.table.delete(keys.integration(tenant_id))


def test_a_night_takes_who_is_due_and_one_tenants_trouble_is_its_own(engine, connected):
    connected("calm", students=40)
    connected("troubled", students=40, seed=2).rotate_secret()
    engine.clock.set(NIGHT)
    execution = engine.run("nightly", {"scheduledTime": "2026-10-06T06:00:00Z"}, timeout=120)
    assert execution.status == "SUCCEEDED", execution.cause
    ran = summary_of(engine, execution)
    assert {tenant: one["outcome"] for tenant, one in ran.items()} == {
        "calm": "published",
        "troubled": "failed",
    }
    assert "401" in ran["troubled"]["reason"]
    assert execution.output["outcomes"] == {"published": 1, "failed": 1}
    assert stores_of(engine).runs.get("calm", ran["calm"]["runId"]).cause == "nightly"


def test_the_same_hour_started_twice_is_one_night(engine, connected):
    connected("once", students=40)
    engine.clock.set(NIGHT)
    first = engine.run("nightly", {"scheduledTime": "2026-10-06T07:00:00Z"}, timeout=120)
    stores_of(engine).integrations.record_night("once", "2026-10-05", "2026-10-06T06:00Z")
    second = engine.run("nightly", {"scheduledTime": "2026-10-06T07:00:00Z"}, timeout=120)
    assert set(summary_of(engine, first)) == {"once"}
    assert summary_of(engine, second) == {}, "the hour is the first's, though the tenant is due again"


def test_by_hand_an_empty_input_takes_who_is_due(engine, connected):
    connected("by-hand", students=40)
    engine.clock.set(NIGHT)
    event = json.loads((EVENTS / "nightly.json").read_text())
    first = engine.run("nightly", event, timeout=120)
    again = engine.run("nightly", event, timeout=120)
    assert {one: found["outcome"] for one, found in summary_of(engine, first).items()} == {
        "by-hand": "published"
    }
    assert summary_of(engine, again) == {}, "its local date has had its night"


def test_by_hand_named_tenants_are_taken_due_or_not(engine, connected):
    connected("springfield", students=40)
    event = json.loads((EVENTS / "nightly_tenants.json").read_text())
    ran = summary_of(engine, engine.run("nightly", event, timeout=120))
    assert ran["springfield"]["outcome"] == "published"
    assert ran["shelbyville"]["outcome"] == "not started", "it is not connected, and the night says so"


def test_a_night_with_a_bad_input_fails_at_once_and_names_the_field(engine):
    execution = engine.run("nightly", {"tenantIds": ["a b"]})
    assert (execution.status, execution.error) == ("FAILED", "InvalidInput")
    assert "tenantIds" in json.loads(execution.cause)["errorMessage"]


def test_the_sample_for_sync_starts_one(engine, connected):
    connected("springfield", students=40)
    execution = engine.run("sync", json.loads((EVENTS / "sync.json").read_text()), timeout=120)
    assert execution.status == "SUCCEEDED", execution.cause
