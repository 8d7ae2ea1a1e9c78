"""A portal for each test."""

from collections.abc import Iterator

import pytest

from tests.api.portal import Portal, served


@pytest.fixture
def portal() -> Iterator[Portal]:
    """The portal of a tenant that is connected and was not synced."""
    with served(Portal()) as found:
        yield found
