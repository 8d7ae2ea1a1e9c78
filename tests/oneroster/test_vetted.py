"""Where a connection may go, whatever a name's owner says of it.

| attack | what stands in its way | shown by a test of |
|---|---|---|
| a host that is no Roster Server, or looks like one | the allow-list | test_addresses.py; "not allowed" |
| an inner address, in any spelling | none is a name on the list | test_addresses.py |
| a name that leads inwards | every resolved address is vetted | "leads inwards" |
| ... hidden among public ones | one condemns all | "leads inwards" |
| ... dressed in IPv6 | of IPv6 only what is given out | REFUSED |
| a name that changes after it was vetted | no second look-up | "rebinding" |
| another server at the vetted address | TLS verifies the name | "certificate" |
| an address stored before the list shrank | vetted at every connection | "not allowed any more" |
| a redirect inwards | redirects are refused | test_server.py |
| a proxy of the environment | none is read, one that is set is refused | test_server.py; "proxy" |
"""

import json
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import requests
import urllib3.util.connection

from rostersync.errors import NotARosterServer, RosterServerUnavailable
from rostersync.oneroster.ability import Ability
from rostersync.oneroster.allowed import AllowList, is_public
from rostersync.oneroster.credentials import Credentials
from rostersync.oneroster.server import RosterServer
from rostersync.oneroster.vetted import Resolve, resolve, vetted_session
from tests.oneroster.certificates import Authority
from tests.oneroster.loopback import Asked, Reply, serving
from tests.oneroster.records import org

HOST = "springfield-il-v2.rosterserver.example"
ALLOWED = AllowList(("rosterserver.example",))
LOCAL = AllowList(ALLOWED.hosts, loopback=True)
PUBLIC, PUBLIC_TOO = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"

REFUSED = {
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1"],
    "link-local": ["169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%eth0", "fd00:ec2::254"],
    "site-local": ["fec0::1"],
    "shared": ["100.64.0.1", "100.100.100.200", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "4000::1", "5f00::1", "100::1"],
    "protocols": ["192.0.0.1", "192.0.0.9", "192.0.0.170", "198.18.0.1", "198.19.255.255"],
    "examples": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::ffff:0:10.0.0.1"],
    "compatible": ["::127.0.0.1", "::10.0.0.1"],
    "6to4": ["2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::1", "192.88.99.1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1"],
    "Teredo": ["2001::1", "2001:0:a00:1::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe"],
}
EACH_REFUSED = [
    pytest.param(address, id=f"{kind} {address}") for kind in REFUSED for address in REFUSED[kind]
]


class Names:
    """A resolver that answers from a list, the last answer for ever. ``asked`` are the names it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def connected_to(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that sockets were to be connected to; none is, and no name is looked up."""
    found: list[str] = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        found.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
    return found


def server_at(
    url: str,
    names: Resolve,
    *,
    allowed: AllowList = ALLOWED,
    prepared: Callable[[requests.Session], None] = lambda _: None,
) -> RosterServer:
    def session(allowed: AllowList) -> requests.Session:
        made = vetted_session(allowed, names)
        prepared(made)
        return made

    return RosterServer(
        f"{url}/ims/oneroster/v1p1",
        Credentials("canary-id", "canary-secret"),
        Ability(),
        allowed=allowed,
        session_factory=session,
        wait=lambda _: None,
    )


def ask(server: RosterServer) -> int:
    return len(server.page("orgs", offset=0, limit=1).rows)


def one_org(_: Asked) -> Reply:
    return Reply(body=json.dumps({"orgs": [org(1)]}).encode())


# -- Addresses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", EACH_REFUSED)
def test_an_address_that_is_not_somebodys_on_the_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", [PUBLIC, PUBLIC_TOO, "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2a00:1450::1"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", EACH_REFUSED)
@pytest.mark.parametrize("others", [[], [PUBLIC], [PUBLIC_TOO, PUBLIC]], ids=["alone", "last", "of three"])
def test_a_name_that_leads_inwards_is_refused(
    address: str, others: list[str], connected_to: list[str]
) -> None:
    for answer in ([*others, address], [address, *others]):
        with pytest.raises(NotARosterServer, match="not a public one") as raised:
            ask(server_at(f"https://{HOST}", Names(answer)))
        assert HOST in str(raised.value)
        assert address not in str(raised.value)
    assert connected_to == []


def test_local_settings_let_a_name_lead_to_this_machine_and_to_nothing_else_inside(
    connected_to: list[str],
) -> None:
    for address in ("10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "0.0.0.0"):
        with pytest.raises(NotARosterServer):
            ask(server_at(f"https://{HOST}", Names([address]), allowed=LOCAL))
    with pytest.raises(RosterServerUnavailable):
        ask(server_at(f"https://{HOST}", Names(["::1", "127.0.0.1"]), allowed=LOCAL))
    assert connected_to == ["::1", "127.0.0.1"]


# -- Names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["https://elsewhere.example", "https://evil-rosterserver.example", f"http://{HOST}", f"https://{PUBLIC}"],
)
def test_a_host_that_is_not_allowed_is_not_even_looked_up(url: str, connected_to: list[str]) -> None:
    names = Names([PUBLIC])
    with pytest.raises(NotARosterServer, match="server address"):
        ask(server_at(url, names))
    assert names.asked == connected_to == []


def test_a_name_without_an_address_may_be_tried_again(connected_to: list[str]) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for names in (unknown, Names([])):
        with pytest.raises(RosterServerUnavailable, match=rf"{HOST} did not answer or cannot be reached"):
            ask(server_at(f"https://{HOST}", names))
    assert connected_to == []


def test_addresses_that_were_vetted_are_tried_in_turn(connected_to: list[str]) -> None:
    names = Names([PUBLIC_TOO, PUBLIC])
    with pytest.raises(RosterServerUnavailable):
        ask(server_at(f"https://{HOST}", names))
    assert connected_to == [PUBLIC_TOO, PUBLIC]
    assert names.asked == [HOST]


def test_against_rebinding_a_connection_goes_to_the_answer_that_was_vetted(connected_to: list[str]) -> None:
    names = Names([PUBLIC], ["10.0.0.1"])
    server = server_at(f"https://{HOST}", names)
    with pytest.raises(RosterServerUnavailable):
        ask(server)
    assert (connected_to, names.asked) == ([PUBLIC], [HOST])
    with pytest.raises(NotARosterServer, match="not a public one"):
        ask(server)
    assert connected_to == [PUBLIC]


def test_the_systems_resolver_reads_every_way_to_write_an_address() -> None:
    for written in ("127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1"):
        assert resolve(written, 443) == ["127.0.0.1"]
    assert resolve("0", 443) == ["0.0.0.0"]


# -- Connections -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def trusting(path: Path, session: requests.Session) -> None:
    session.verify = str(path)


def test_tls_asks_for_and_verifies_the_name_at_the_address_it_was_pinned_to(authority: Authority) -> None:
    greeted: list[str | None] = []
    tls = authority.server(HOST)
    tls.sni_callback = lambda _, name, __: greeted.append(name)
    # The first address is this machine too, but nobody listens there.
    names = Names(["127.0.0.2", "127.0.0.1"], ["10.0.0.1"])
    with serving(one_org, tls) as loopback:
        port = loopback.url.rpartition(":")[2]
        server = server_at(
            f"https://{HOST}:{port}", names, allowed=LOCAL, prepared=partial(trusting, authority.path)
        )
        assert [ask(server) for _ in range(3)] == [1, 1, 1]
    assert greeted == [HOST]
    assert names.asked == [HOST], "a connection that is kept is not looked up again"
    assert len({asked.connection for asked in loopback.asked}) == 1
    assert {asked.headers["Host"] for asked in loopback.asked} == {f"{HOST}:{port}"}


@pytest.mark.parametrize("host", ["dale-st-v2.rosterserver.example", "127.0.0.1", "rosterserver.example"])
def test_the_certificate_of_another_name_is_refused(authority: Authority, host: str) -> None:
    with serving(one_org, authority.server(host)) as loopback:
        server = server_at(
            f"https://{HOST}:{loopback.url.rpartition(':')[2]}",
            Names(["127.0.0.1"]),
            allowed=LOCAL,
            prepared=partial(trusting, authority.path),
        )
        with pytest.raises(NotARosterServer, match="certificate"):
            ask(server)
    assert loopback.asked == []


def test_a_certificate_nobody_we_trust_vouches_for_is_refused(authority: Authority) -> None:
    with serving(one_org, authority.server(HOST)) as loopback:
        server = server_at(
            f"https://{HOST}:{loopback.url.rpartition(':')[2]}", Names(["127.0.0.1"]), allowed=LOCAL
        )
        with pytest.raises(NotARosterServer, match="certificate"):
            ask(server)
    assert loopback.asked == []


def test_a_server_that_is_not_allowed_any_more_is_refused_although_it_answers() -> None:
    with serving(one_org) as loopback:
        assert ask(server_at(loopback.url, resolve, allowed=LOCAL)) == 1
        with pytest.raises(NotARosterServer):
            ask(server_at(loopback.url, resolve))
    assert len(loopback.asked) == 1


@pytest.mark.parametrize("scheme", ["https", "http", "all"])
def test_a_proxy_that_is_set_is_refused(scheme: str, connected_to: list[str]) -> None:
    def through_a_proxy(session: requests.Session) -> None:
        session.proxies = {scheme: "http://127.0.0.1:9"}

    url = "http://127.0.0.1:9" if scheme == "http" else f"https://{HOST}"
    with pytest.raises(NotARosterServer, match="proxy"):
        ask(server_at(url, Names([PUBLIC]), allowed=LOCAL, prepared=through_a_proxy))
    assert connected_to == []
