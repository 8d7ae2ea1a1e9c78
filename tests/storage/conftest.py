"""Each store twice: the fake, and the real adapter on moto. Contract tests run against both."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from rostersync.storage.secrets import Secrets
from rostersync.storage.staging import Staging
from rostersync.storage.table import Table
from tests.fakes import FakeSecrets, FakeStaging, FakeTable
from tests.storage.aws import REGION, create_table, pretend_credentials

BOTH = ("fake", "moto")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS account in memory."""
    pretend_credentials(monkeypatch)
    with mock_aws():
        yield


@pytest.fixture(params=BOTH)
def table(request: pytest.FixtureRequest) -> Table:
    """An empty table."""
    if request.param == "fake":
        return FakeTable()
    request.getfixturevalue("aws")
    return create_table(boto3.client("dynamodb", REGION), "roster")


@pytest.fixture(params=BOTH)
def staging(request: pytest.FixtureRequest) -> Staging:
    """An empty bucket."""
    if request.param == "fake":
        return FakeStaging()
    request.getfixturevalue("aws")
    client = boto3.client("s3", REGION)
    client.create_bucket(Bucket="staging")
    return Staging(client, "staging", sleep=lambda _: None)


@pytest.fixture(params=BOTH)
def secrets(request: pytest.FixtureRequest) -> Secrets:
    """No secrets yet."""
    if request.param == "fake":
        return FakeSecrets("test")
    request.getfixturevalue("aws")
    return Secrets(boto3.client("secretsmanager", REGION), "test", sleep=lambda _: None)
