"""Stand-ins for ``rostersync.storage``. They behave, and pass the adapters' contract tests."""

from tests.fakes.secrets import FakeSecrets
from tests.fakes.staging import FakeStaging
from tests.fakes.table import FakeTable

__all__ = ["FakeSecrets", "FakeStaging", "FakeTable"]
