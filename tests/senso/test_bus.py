"""Sending: in few calls, refused entries again, and a receipt that says what became of each."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from rostersync.errors import EventBusUnavailable
from rostersync.senso.bus import MAX_EVENT_BYTES, Bus, OutgoingEvent, Receipt

ATTEMPTS = 3


class Client:
    """EventBridge as far as a bus looks at it: ``answer`` gives an entry's error code, "" to accept it."""

    def __init__(self, answer: Callable[[int, str], str] = lambda call, detail: "") -> None:
        self.answer = answer
        self.calls: list[list[str]] = []
        self.fails: dict[int, Exception] = {}

    def put_events(self, *, Entries: list[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        details = [entry["Detail"] for entry in Entries]
        assert {(entry["EventBusName"], entry["Source"]) for entry in Entries} == {
            ("bus", "senso.roster-sync")
        }
        self.calls.append(details)
        number = len(self.calls)
        if number in self.fails:
            raise self.fails[number]
        codes = [self.answer(number, detail) for detail in details]
        return {
            "FailedEntryCount": sum(map(bool, codes)),
            "Entries": [
                {"ErrorCode": code, "ErrorMessage": "no"} if code else {"EventId": "1"} for code in codes
            ],
        }


def bus(client: Client) -> Bus:
    return Bus(cast("Any", client), "bus", attempts=ATTEMPTS, sleep=lambda _: None)


def events(number: int) -> list[OutgoingEvent]:
    return [OutgoingEvent("User Wanted", str(place).encode()) for place in range(number)]


def long_event(size: int) -> OutgoingEvent:
    overhead = OutgoingEvent("User Wanted", b"").size
    return OutgoingEvent("User Wanted", b"1" * (size - overhead))


def failure(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutEvents")


def test_an_events_detail_has_the_schemas_version_and_its_size_counts_what_eventbridge_counts():
    event = OutgoingEvent.of("User Wanted", {"tenantId": "élm"})
    assert event.detail == '{"schemaVersion":1,"tenantId":"élm"}'.encode()
    assert event.size == len("senso.roster-sync") + len("User Wanted") + len(event.detail)


def test_what_an_event_holds_is_not_shown():
    assert "pickle" not in repr(OutgoingEvent.of("User Wanted", {"email": "pickle@elm.example"}))


def test_nothing_to_send_is_no_call():
    client = Client()
    assert bus(client).send([]) == Receipt(frozenset(), {})
    assert client.calls == []


def test_ten_entries_go_in_a_call():
    client = Client()
    receipt = bus(client).send(events(23))
    assert [len(call) for call in client.calls] == [10, 10, 3]
    assert receipt == Receipt(frozenset(range(23)), {})
    receipt.require()


def test_a_call_is_as_long_as_one_event_may_be():
    client = Client()
    half = MAX_EVENT_BYTES // 2
    bus(client).send([long_event(size) for size in (half, half, half, half + 1, MAX_EVENT_BYTES, 100)])
    assert [len(call) for call in client.calls] == [2, 1, 1, 1, 1]


def test_an_event_that_is_too_long_is_a_mistake():
    with pytest.raises(ValueError, match="256001 bytes"):
        bus(Client()).send([long_event(MAX_EVENT_BYTES + 1)])


def test_what_was_refused_once_is_sent_again_alone():
    client = Client(lambda call, detail: "ThrottlingException" if call == 1 and detail in {"1", "3"} else "")
    receipt = bus(client).send(events(5))
    assert client.calls == [["0", "1", "2", "3", "4"], ["1", "3"]]
    assert receipt == Receipt(frozenset(range(5)), {})


def test_what_is_refused_every_time_is_in_the_receipt_by_its_place():
    client = Client(
        lambda call, detail: {"1": "InternalFailure", "12": "ThrottlingException"}.get(detail, "")
    )
    receipt = bus(client).send(events(14))
    assert receipt.refused == {1: "InternalFailure", 12: "ThrottlingException"}
    assert receipt.accepted == frozenset(range(14)) - {1, 12}
    assert [call for call in client.calls if len(call) == 1] == [["1"]] * 2 + [["12"]] * 2


def test_a_receipt_that_is_required_names_the_codes():
    receipt = Receipt(frozenset({0}), {1: "ThrottlingException", 2: "InternalFailure", 3: "InternalFailure"})
    with pytest.raises(EventBusUnavailable, match=r"3 of 4 events \(InternalFailure, ThrottlingException\)"):
        receipt.require()


@pytest.mark.parametrize(
    "error",
    [
        failure("ThrottlingException"),
        failure("InternalException"),
        EndpointConnectionError(endpoint_url="bus"),
    ],
    ids=["throttled", "internal", "no connection"],
)
def test_a_call_that_fails_for_a_moment_is_made_again(error):
    client = Client()
    client.fails = {1: error}
    assert bus(client).send(events(3)).accepted == {0, 1, 2}
    assert len(client.calls) == 2


def test_a_call_that_fails_every_time_refuses_its_entries_and_the_others_go_out():
    client = Client()
    client.fails = dict.fromkeys(range(1, ATTEMPTS + 1), failure("ThrottlingException"))
    receipt = bus(client).send(events(12))
    assert receipt.accepted == {10, 11}
    assert receipt.refused == dict.fromkeys(range(10), "Unavailable")
    with pytest.raises(EventBusUnavailable, match=r"10 of 12 events \(Unavailable\)"):
        receipt.require()


def test_a_call_that_we_may_not_make_is_not_made_again():
    client = Client()
    client.fails = {1: failure("AccessDeniedException")}
    receipt = bus(client).send(events(2))
    assert receipt == Receipt(frozenset(), dict.fromkeys(range(2), "AccessDeniedException"))
    assert len(client.calls) == 1


def test_what_a_call_accepted_stays_accepted_when_the_next_one_fails():
    client = Client(lambda call, detail: "InternalFailure" if detail == "1" else "")
    client.fails = {2: failure("AccessDeniedException")}
    receipt = bus(client).send(events(2))
    assert receipt == Receipt(frozenset({0}), {1: "AccessDeniedException"})
