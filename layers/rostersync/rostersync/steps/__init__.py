"""Use cases, one a file, each named as the function that runs it."""
