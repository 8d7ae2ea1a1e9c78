"""The metrics of a run, and of how all tenants are."""

from collections.abc import Mapping

from aws_lambda_powertools.metrics import Metrics, MetricUnit

from rostersync.observability import SERVICE


def count_outcome(outcome: str, counts: Mapping[str, int]) -> None:
    """Emit a run's metrics. There is no tenant dimension: cost and privacy both grow with it."""
    _emit({f"Runs{outcome.capitalize()}": 1, **counts})


def count_tenants(counts: Mapping[str, int]) -> None:
    """Emit how many tenants are how by now: of several counts in an hour the greatest tells, no sum."""
    _emit(counts)


def _emit(counts: Mapping[str, int]) -> None:
    metrics = Metrics(namespace="RosterSync", service=SERVICE)
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()
