"""The metrics of a run."""

from collections.abc import Mapping

from aws_lambda_powertools.metrics import Metrics, MetricUnit

from rostersync.observability import SERVICE


def count_outcome(outcome: str, counts: Mapping[str, int]) -> None:
    """Emit a run's metrics. There is no tenant dimension: cost and privacy both grow with it."""
    metrics = Metrics(namespace="RosterSync", service=SERVICE)
    metrics.add_metric(name=f"Runs{outcome.capitalize()}", unit=MetricUnit.Count, value=1)
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()
