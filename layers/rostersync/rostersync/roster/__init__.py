"""The domain: records, owners, grouping, completeness. Pure functions over frozen dataclasses; no I/O."""
