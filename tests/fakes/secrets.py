"""The secrets in memory."""

from collections.abc import Mapping
from typing import Final

from rostersync.errors import SecretMissing
from rostersync.storage.secrets import SecretRef, Secrets
from tests.fakes.failing import Failing

ARN: Final = "arn:fake:"


class FakeSecrets(Failing, Secrets):
    """Versions of secrets by ARN. ``len`` counts secrets; ``in`` takes a ``SecretRef``."""

    def __init__(self, prefix: str = "test") -> None:
        Failing.__init__(self)
        self._prefix = prefix
        self._versions: dict[str, dict[str, dict[str, str]]] = {}

    def __len__(self) -> int:
        return len(self._versions)

    def __contains__(self, ref: SecretRef) -> bool:
        return ref.version_id in self._versions.get(ref.arn, {})

    def put(self, tenant_id: str, generation: str, credentials: Mapping[str, str]) -> SecretRef:
        self.note_call()
        self.note_write()
        ref = SecretRef(ARN + self.name(tenant_id, generation), f"version-{self.writes}")
        versions = self._versions.setdefault(ref.arn, {})
        versions[ref.version_id] = dict(credentials)
        return ref

    def get(self, ref: SecretRef) -> dict[str, str]:
        self.note_call()
        if ref not in self:
            raise SecretMissing("the credentials' secret cannot be read; connect the integration again")
        return dict(self._versions[ref.arn][ref.version_id])

    def delete(self, secret_id: str) -> None:
        self.note_call()
        self.note_write()
        self._versions.pop(ARN + secret_id.removeprefix(ARN), None)
