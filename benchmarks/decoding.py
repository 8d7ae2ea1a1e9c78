"""Part 1, CPU: a page's rows, decoded and normalised, against ``json.loads`` on the same bytes."""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from benchmarks.lean_district import LeanDistrict
from benchmarks.measuring import Result, figure
from rostersync.observability import collect_seldom
from rostersync.oneroster.payloads import parse_page

ROWS: Final = 4_000
RUNS: Final = 15
AIM: Final = 1.5


def measure() -> Result:
    """Decode a page of each large collection in turn with both."""
    collect_seldom()
    district = LeanDistrict(21_000)
    figures, rows = [], []
    bodies = {
        name: district.body(name, offset=0, limit=ROWS) for name in ("students", "classes", "enrollments")
    }
    bodies["students as 1.2 has them"] = _as_1_2(bodies["students"])
    for name, body in bodies.items():
        collection = name.split()[0]
        # With an escaped line end in it a page is not plain, and each value is looked at.
        not_plain = body[:-1] + b',"beside":"\\n"}'
        loads: list[float] = []
        ours: list[float] = []
        closely: list[float] = []
        for _ in range(RUNS):
            loads.append(_seconds(partial(json.loads, body)))
            ours.append(_seconds(partial(parse_page, collection, body)))
            closely.append(_seconds(partial(parse_page, collection, not_plain)))
        found = figure(name, [one / base for one, base in zip(ours, loads, strict=True)], AIM)
        figures.append(found)
        rows.append(
            {
                "collection": name,
                "bytes a record": len(body) // ROWS,
                "json.loads, us a record": round(min(loads) / ROWS * 1e6, 2),
                "ours, us a record": round(min(ours) / ROWS * 1e6, 2),
                "ours, not plain, us a record": round(min(closely) / ROWS * 1e6, 2),
            }
        )
    return Result("decoding", figures, {"CPU time a record": rows})


def _as_1_2(body: bytes) -> bytes:
    """Return students with a list of one role, and their orgs in it."""
    found = json.loads(body)
    for user in found["users"]:
        org = user.pop("orgs")[0]
        user["roles"] = [{"roleType": "primary", "role": user.pop("role"), "org": org}]
        user["primaryOrg"] = org
    return json.dumps(found, separators=(",", ":")).encode()


def _seconds(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun
