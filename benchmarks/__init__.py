"""Measures the program at its job (docs/performance.md). ``python -m benchmarks PART...``."""
