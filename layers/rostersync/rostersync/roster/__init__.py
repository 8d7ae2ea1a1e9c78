"""The domain: records, owners, grouping, completeness. Pure functions over frozen values; no I/O."""
