"""The secrets in memory."""

from collections.abc import Mapping

from rostersync.errors import SecretMissing
from rostersync.storage.secrets import SecretRef, Secrets
from tests.fakes.failing import Failing


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
        versions = self._versions.setdefault(f"arn:fake:{self._prefix}/{tenant_id}/{generation}", {})
        ref = SecretRef(f"arn:fake:{self._prefix}/{tenant_id}/{generation}", f"version-{self.writes}")
        versions[ref.version_id] = dict(credentials)
        return ref

    def get(self, ref: SecretRef) -> dict[str, str]:
        self.note_call()
        if ref not in self:
            raise SecretMissing("the credentials' secret cannot be read; connect the integration again")
        return dict(self._versions[ref.arn][ref.version_id])

    def delete(self, ref: SecretRef) -> None:
        self.note_call()
        self.note_write()
        self._versions.pop(ref.arn, None)
