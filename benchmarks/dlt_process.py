"""Loads a Roster Server with dlt, in dlt's own environment: ``dlt_process.py FOLDER``, a JSON line each way.

Asked ``{"url", "token", "pipeline", "destination", "disposition"}``, it runs that pipeline and answers the
wall and CPU seconds, those of its stages, its processes' peak memory in bytes, and the rows that it loaded.
Pipelines live in the folder, so that one asked for again goes on from what it left. Nothing of ours is
imported here.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import dlt
from dlt.destinations import duckdb, filesystem
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator
from dlt.sources.rest_api import rest_api_source

PAGE = 10_000
"""The most that a Roster Server gives at once: dlt asks for a collection's pages one after the other."""

SELECTORS = {
    "orgs": "orgs",
    "academicSessions": "academicSessions",
    "courses": "courses",
    "classes": "classes",
    "teachers": "users",
    "students": "users",
    "enrollments": "enrollments",
}


class UntilTotal(OffsetPaginator):
    """Ends at the total that stands in a header; dlt looks for one in the body, or for an empty page."""

    def update_state(self, response: Any, data: list[Any] | None = None) -> None:
        """Take the total of this page."""
        self.maximum_value = int(response.headers["x-total-count"])
        super().update_state(response, data)


def load(order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run one pipeline; return what it took."""
    source = rest_api_source(
        {
            "client": {
                "base_url": order["url"],
                "auth": {"type": "bearer", "token": order["token"]},
            },
            "resource_defaults": {
                "primary_key": "sourcedId",
                "write_disposition": order["disposition"],
                "parallelized": True,
                # Nested lists and objects as JSON: nothing here is asked of tables of their own.
                "max_table_nesting": 0,
                "endpoint": {"params": {"sort": "sourcedId", "orderBy": "asc"}},
            },
            "resources": [
                {
                    "name": name,
                    # Without an id a row has no place in a table with a key; the rest of the load would fail.
                    "processing_steps": [{"filter": lambda row: bool(row.get("sourcedId"))}],
                    "endpoint": {
                        "path": name,
                        "data_selector": selector,
                        "paginator": UntilTotal(limit=PAGE, offset=0, total_path=None),
                    },
                }
                for name, selector in SELECTORS.items()
            ],
        }
    )
    name = order["pipeline"]
    destination = (
        duckdb(str(folder / f"{name}.duckdb"))
        if order["destination"] == "duckdb"
        else filesystem(str(folder / f"{name}-files"))
    )
    pipeline = dlt.pipeline(
        name, pipelines_dir=str(folder / "pipelines"), destination=destination, dataset_name="roster"
    )
    begun, cpu = time.perf_counter(), _cpu()
    stages = {}
    for stage, run in (
        ("extract", lambda: pipeline.extract(source, loader_file_format="parquet")),
        ("normalize", pipeline.normalize),
        ("load", pipeline.load),
    ):
        before = time.perf_counter()
        run()
        stages[stage] = time.perf_counter() - before
    counts = pipeline.last_trace.last_normalize_info.row_counts
    return {
        "seconds": time.perf_counter() - begun,
        "cpu": _cpu() - cpu,
        "stages": stages,
        "peak": max(_usage(one).ru_maxrss for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * 1024,
        "rows": sum(count for table, count in counts.items() if not table.startswith("_dlt")),
    }


def _usage(who: int) -> resource.struct_rusage:
    return resource.getrusage(who)


def _cpu() -> float:
    usages = map(_usage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    # What a library prints must not be taken for an answer.
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(load(json.loads(line), Path(sys.argv[1]))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
