"""Stand-ins for the adapters to AWS. They behave, and pass the adapters' contract tests."""

from tests.fakes.bus import FakeBus
from tests.fakes.secrets import FakeSecrets
from tests.fakes.staging import FakeStaging
from tests.fakes.step_functions import FakeStepFunctions, executions_of
from tests.fakes.table import FakeTable

__all__ = ["FakeBus", "FakeSecrets", "FakeStaging", "FakeStepFunctions", "FakeTable", "executions_of"]
