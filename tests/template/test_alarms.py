"""What rings when nobody looks: every alarm is about the whole deployment, and is explained."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.engine import TEMPLATE
from local.template import load_template
from rostersync.metrics import count_tenants
from rostersync.observability import SERVICE
from rostersync.settings import PlanSettings

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text()
LOADED = load_template(TEMPLATE, {"AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms"})
ALARMS = LOADED.of_type("AWS::CloudWatch::Alarm")
COUNTED = {"TenantsStale": 1, "TenantsRejected": 0, "TenantsHeld": 2}


def dimensions(alarm: str) -> list[dict[str, str]]:
    """Every dimension of an alarm's metrics."""
    found: list[dict[str, str]] = list(ALARMS[alarm].get("Dimensions", []))
    for metric in ALARMS[alarm].get("Metrics", []):
        found += metric.get("MetricStat", {}).get("Metric", {}).get("Dimensions", [])
    return found


@pytest.mark.parametrize("name", COUNTED)
def test_an_alarm_reads_the_metric_that_is_counted(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    count_tenants(COUNTED)
    (emitted,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert emitted[name] == [float(COUNTED[name])]
    (cloudwatch,) = emitted["_aws"]["CloudWatchMetrics"]
    alarm = ALARMS[f"{name}Alarm"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (cloudwatch["Namespace"], name)
    assert name in {metric["Name"] for metric in cloudwatch["Metrics"]}
    assert cloudwatch["Dimensions"] == [["service"]]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": emitted["service"]}]
    assert emitted["service"] == SERVICE
    # It is said by each of several in an hour: their sum would be nobody.
    assert (alarm["Statistic"], alarm["Period"]) == ("Maximum", 3600)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_no_alarm_is_one_tenants() -> None:
    for alarm in ALARMS:
        assert {one["Name"] for one in dimensions(alarm)} <= {"service", "StateMachineArn", "QueueName"}, (
            alarm
        )


def test_a_missing_night_rings() -> None:
    alarm: Any = ALARMS["NightMissingAlarm"]
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["MetricName"], alarm["Statistic"]) == ("ExecutionsSucceeded", "Sum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert dimensions("NightMissingAlarm") == [
        {"Name": "StateMachineArn", "Value": LOADED.state_machines["nightly"].arn}
    ]
    assert (
        LOADED.of_type("AWS::Scheduler::Schedule")["NightlySchedule"]["ScheduleExpression"]
        == "cron(0 * * * ? *)"
    )


def test_every_dead_letter_queue_and_every_state_machine_of_ours_alone_rings() -> None:
    watched = {one["Value"] for alarm in ALARMS for one in dimensions(alarm)}
    queues = {name for key, queue in LOADED.queues.items() if "DeadLetters" in key for name in [queue.name]}
    assert len(queues) == 2
    assert queues <= watched
    for machine in ("nightly", "disconnect"):
        assert LOADED.state_machines[machine].arn in watched


def test_every_alarm_is_explained_and_sent() -> None:
    table = OPERATIONS.split("## When an alarm rings")[1].split("## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(ALARMS)
    for alarm in ALARMS.values():
        assert alarm["AlarmActions"] == ["arn:aws:sns:eu-west-1:123456789012:alarms"]
    assert not any(
        "AlarmActions" in one for one in load_template(TEMPLATE).of_type("AWS::CloudWatch::Alarm").values()
    )


@pytest.mark.parametrize(("given", "stops"), [({}, False), ({"StopRemovals": "true"}, True)])
def test_the_switch_that_stops_removals_reaches_who_plans(given: dict[str, str], stops: bool) -> None:
    loaded = load_template(TEMPLATE, given)
    told = {name for name, one in loaded.functions.items() if "STOP_REMOVALS" in one.environment}
    assert told == {"plan_pull"}
    assert PlanSettings.from_environment(loaded.functions["plan_pull"].environment).stop_removals is stops
