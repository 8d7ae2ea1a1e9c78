"""``python -m benchmarks [PART...] [--compare]``: measures, prints, writes ``results/`` or compares."""

import argparse
import importlib
import sys
from typing import Final

from benchmarks.comparing import worse
from benchmarks.measuring import Result, read, show, write

PARTS: Final = ("cold_start", "growth", "decoding", "pull", "paging", "whole_run", "cost")


def main() -> int:
    """Return 1 when something got worse."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--compare", action="store_true", help="compare with the committed results")
    arguments = parser.parse_args()
    fine = True
    for part in arguments.parts or PARTS:
        result: Result = importlib.import_module(f"benchmarks.{part}").measure()
        print(show(result), flush=True)
        if not arguments.compare:
            write(result)
            continue
        for before, now, allowed in worse(read(part), result):
            fine = False
            print(f"worse: {part}: {now.name}: {before.ratio} -> {now.ratio} (allowed {allowed:+.0%})")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
