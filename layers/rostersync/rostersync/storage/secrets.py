"""Credentials of the tenants' Roster Servers, in Secrets Manager: one secret a tenant and generation."""

import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct

from rostersync.errors import SecretMissing, StorageUnavailable
from rostersync.storage.retrying import Retrying, code_of

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_UNREADABLE: Final = {"AccessDeniedException", "InvalidRequestException", "ResourceNotFoundException"}


class SecretRef(Struct, frozen=True):
    """Names one version of one secret; holds nothing secret."""

    arn: str
    version_id: str


class Secrets:
    """Secrets by tenant and generation, under a prefix. Nothing of their content is in an error or a log."""

    def __init__(
        self,
        client: "SecretsManagerClient",
        prefix: str,
        *,
        attempts: int = 6,
        sleep: Callable[[float], None] = time.sleep,
        jitter: random.Random | None = None,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._retrying = Retrying("Secrets Manager", attempts=attempts, sleep=sleep, jitter=jitter)

    def name(self, tenant_id: str, generation: str) -> str:
        """Return the name of a secret, whether or not there is one."""
        return f"{self._prefix}/{tenant_id}/{generation}"

    def put(self, tenant_id: str, generation: str, credentials: Mapping[str, str]) -> SecretRef:
        """Write credentials as a new secret, or as a new version of the one there is."""
        name = self.name(tenant_id, generation)
        text = msgspec.json.encode(dict(credentials), order="deterministic").decode()
        try:
            answer: Mapping[str, Any] = self._retrying.call(
                self._client.create_secret, Name=name, SecretString=text
            )
        except ClientError as error:
            match code_of(error):
                case "ResourceExistsException":
                    answer = self._retrying.call(
                        self._client.put_secret_value, SecretId=name, SecretString=text
                    )
                case "InvalidRequestException":
                    raise StorageUnavailable(
                        f"the secret {name} is being deleted; connect again in a few minutes"
                    ) from None
                case _:
                    raise
        return SecretRef(answer["ARN"], answer["VersionId"])

    def get(self, ref: SecretRef) -> dict[str, str]:
        """Return the credentials of exactly this version; raises ``SecretMissing``."""
        try:
            answer = self._retrying.call(
                self._client.get_secret_value, SecretId=ref.arn, VersionId=ref.version_id
            )
        except ClientError as error:
            if code_of(error) not in _UNREADABLE:
                raise
        else:
            return msgspec.json.decode(answer["SecretString"], type=dict[str, str])
        raise SecretMissing("the credentials' secret cannot be read; connect the integration again")

    def read(self, name: str) -> str:
        """Return the text of a secret that is none of the tenants'; raises ``SecretMissing``."""
        try:
            answer = self._retrying.call(self._client.get_secret_value, SecretId=name)
        except ClientError as error:
            if code_of(error) not in _UNREADABLE:
                raise
        else:
            return answer["SecretString"]
        raise SecretMissing(f"the secret {name} is not there, or may not be read")

    def delete(self, secret_id: str) -> None:
        """Delete a secret with all its versions, at once, by ARN or by name; one that is gone is fine."""
        try:
            self._retrying.call(
                self._client.delete_secret, SecretId=secret_id, ForceDeleteWithoutRecovery=True
            )
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
