"""The contract of the secrets, on the fake and on moto."""

import boto3
import pytest

from rostersync.errors import SecretMissing
from rostersync.storage.secrets import SecretRef, Secrets
from tests.storage.aws import REGION

FIRST = {"client_id": "maple-id", "client_secret": "not a real one"}
SECOND = {"client_id": "maple-id", "client_secret": "another one"}


def test_credentials_come_back_as_they_were_put(secrets: Secrets) -> None:
    ref = secrets.put("maple", "1", FIRST)
    assert secrets.get(ref) == FIRST
    assert "test/maple/1" in ref.arn


def test_each_version_stays_what_it_was(secrets: Secrets) -> None:
    first = secrets.put("maple", "1", FIRST)
    second = secrets.put("maple", "1", SECOND)
    assert first.arn == second.arn
    assert secrets.get(first) == FIRST
    assert secrets.get(second) == SECOND


def test_tenants_and_generations_have_secrets_of_their_own(secrets: Secrets) -> None:
    refs = {
        secrets.put(tenant, generation, FIRST).arn for tenant in ("maple", "oak") for generation in ("1", "2")
    }
    assert len(refs) == 4


def test_a_deleted_secret_is_missing_and_may_be_deleted_again(secrets: Secrets) -> None:
    ref = secrets.put("maple", "1", FIRST)
    other = secrets.put("oak", "1", SECOND)
    secrets.delete(ref.arn)
    secrets.delete(ref.arn)
    with pytest.raises(SecretMissing) as error:
        secrets.get(ref)
    assert "not a real one" not in str(error.value)
    assert secrets.get(other) == SECOND


def test_a_secret_is_deleted_by_its_name_too(secrets: Secrets) -> None:
    ref, other = secrets.put("maple", "1", FIRST), secrets.put("maple", "2", FIRST)
    for _ in range(2):
        secrets.delete(secrets.name("maple", "1"))
    with pytest.raises(SecretMissing):
        secrets.get(ref)
    assert secrets.get(other) == FIRST


def test_an_unknown_version_is_missing(secrets: Secrets) -> None:
    ref = secrets.put("maple", "1", FIRST)
    with pytest.raises(SecretMissing):
        secrets.get(SecretRef(ref.arn, "00000000-0000-0000-0000-000000000000"))


def test_a_secret_of_no_tenant_is_read_by_its_name(aws: None) -> None:
    client = boto3.client("secretsmanager", REGION)
    secrets = Secrets(client, "", sleep=lambda _: None)
    with pytest.raises(SecretMissing, match="partner-key"):
        secrets.read("partner-key")
    client.create_secret(Name="partner-key", SecretString="not a real one")
    assert secrets.read("partner-key") == "not a real one"
