"""Clients that are made when they are first called."""

import pytest

from rostersync.storage import clients


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The services that clients were made of."""
    services: list[str] = []

    class Client:
        def get_item(self) -> str:
            return "found"

    def make(service: str) -> Client:
        services.append(service)
        return Client()

    monkeypatch.setattr(clients, "_made", make)
    return services


def test_nothing_is_made_before_the_first_call(made: list[str]) -> None:
    client = clients.LateClient("dynamodb")
    assert made == []
    assert client.get_item() == "found"
    assert client.get_item() == "found"
    assert made == ["dynamodb"]


def test_what_a_client_cannot_do_is_said_as_the_client_says_it(made: list[str]) -> None:
    with pytest.raises(AttributeError):
        clients.LateClient("dynamodb").get_everything()


def test_a_service_has_one_client() -> None:
    assert clients.late_client("s3") is clients.late_client("s3")
