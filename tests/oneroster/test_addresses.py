import pytest

from rostersync.errors import NotARosterServer
from rostersync.oneroster.addresses import normalise_server_url, version_of
from rostersync.oneroster.allowed import AllowList

ALLOWED = AllowList(("rosterserver.example", "proxy.example", "nowhere.example"))
LOCAL = AllowList(ALLOWED.hosts, loopback=True)
V11 = "https://nowhere-st-v2.rosterserver.example/ims/oneroster/v1p1"
V12 = "https://nowhere-st-v2.rosterserver.example/ims/oneroster/rostering/v1p2"


@pytest.mark.parametrize(
    "pasted",
    [
        "https://nowhere-st-v2.rosterserver.example",
        "https://nowhere-st-v2.rosterserver.example/",
        "  nowhere-st-v2.rosterserver.example \n",
        "HTTPS://Nowhere-ST-v2.RosterServer.example:443",
        "https://nowhere-st-v2.rosterserver.example/ims/oneroster/",
        "nowhere-st-v2.rosterserver.example.",
    ],
)
def test_a_host_alone_is_tried_with_the_paths_of_both_versions(pasted: str) -> None:
    assert normalise_server_url(pasted, ALLOWED) == [V11, V12]


@pytest.mark.parametrize("pasted", [V11, V11 + "/", V11 + "//", V11 + "/users", V11.removeprefix("https://")])
def test_a_path_with_a_version_means_itself(pasted: str) -> None:
    assert normalise_server_url(pasted, ALLOWED) == [V11]


def test_a_proxy_path_keeps_the_escapes_of_its_application_id() -> None:
    pasted = "https://proxy.example/proxy/v1p0/AbCdEf%3d/ims/oneroster/v1p1"
    assert normalise_server_url(pasted, ALLOWED) == [
        "https://proxy.example/proxy/v1p0/AbCdEf%3D/ims/oneroster/v1p1"
    ]


def test_a_path_without_a_version_is_a_prefix() -> None:
    assert normalise_server_url("https://proxy.example/AbC", ALLOWED) == [
        "https://proxy.example/AbC/ims/oneroster/v1p1",
        "https://proxy.example/AbC/ims/oneroster/rostering/v1p2",
    ]


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "   ",
        "http://nowhere.example",
        "ftp://nowhere.example",
        "https://",
        "https://user:pass@nowhere.example",
        "https://nowhere.example/#part",
        "https://nowhere.example/?a=b",
        "https://nowhere.example:0",
        "https://nowhere.example:99999",
        "https://nowhere.example:port",
        "https://nowhere.example:",
        "https://now here.example",
        "https://nowhere.example\\@elsewhere.example",
        "https://[::1",
        "https://-bad-.example",
        "https://nowhere..example",
        "https://nowhere.example/../x",
        "https://nowhere.example/%2e%2e/x",
    ],
)
def test_what_is_no_server_address_is_refused_with_words(pasted: str) -> None:
    with pytest.raises(NotARosterServer, match="server address"):
        normalise_server_url(pasted, LOCAL)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_http_to_this_machine_is_allowed_only_in_local_settings(host: str) -> None:
    url = f"http://{host}:8080"
    assert normalise_server_url(url, LOCAL)[0] == f"{url}/ims/oneroster/v1p1"
    with pytest.raises(NotARosterServer):
        normalise_server_url(url, ALLOWED)


def test_the_path_tells_the_version() -> None:
    assert version_of(V12) == "1.2"
    assert version_of(V11) == "1.1"
    assert version_of("https://v1p2.example/x") == "1.1"


@pytest.mark.parametrize(
    "pasted",
    [
        "https://rosterserver.com",
        "https://springfield-il-v2.rosterserver.com/ims/oneroster/v1p1",
        "springfield-il-v2.oneroster.com",
        "https://a.b.c.oneroster.com:8443",
        "https://SPRINGFIELD.ROSTERSERVER.COM.",
    ],
)
def test_a_host_is_allowed_as_a_suffix_and_below_one(pasted: str) -> None:
    assert normalise_server_url(pasted, AllowList(("rosterserver.com", "oneroster.com")))


@pytest.mark.parametrize(
    "host",
    [
        "evil-rosterserver.com",
        "evilrosterserver.com",
        "rosterserver.com.evil.example",
        "rosterserver.com-evil.example",
        "rosterserver.co",
        "com",
        "rosterserver",
        "xn--rosterserver-3m8g.com",
        "rosterserver.com%2eevil.example",
        "r\u043esterserver.com",
        "evil.example",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "8.8.8.8",
        "localhost",
        "127.0.0.1",
        "[::1]",
    ],
)
def test_a_host_that_only_looks_allowed_is_refused(host: str) -> None:
    with pytest.raises(NotARosterServer, match="server address"):
        normalise_server_url(f"https://{host}/ims/oneroster/v1p1", AllowList(("rosterserver.com",)))


def test_a_refusal_says_what_is_allowed_and_whom_to_ask() -> None:
    with pytest.raises(NotARosterServer) as raised:
        normalise_server_url("https://sis.hill.example", AllowList(("rosterserver.com", "oneroster.com")))
    for word in ("sis.hill.example", "rosterserver.com or oneroster.com", "ask Senso"):
        assert word in str(raised.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "0",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost.localdomain",
        "10.0.0.1",
        "169.254.169.254",
    ],
)
def test_no_other_way_to_write_an_inner_address_is_this_machine(host: str, scheme: str) -> None:
    for allowed in (ALLOWED, LOCAL):
        with pytest.raises(NotARosterServer, match="server address"):
            normalise_server_url(f"{scheme}://{host}", allowed)


def test_local_settings_allow_this_machine_and_nothing_else() -> None:
    for allowed in (ALLOWED, LOCAL):
        assert normalise_server_url("https://nowhere.example", allowed)
        for refused in ("http://nowhere.example", "https://elsewhere.example", "ftp://127.0.0.1"):
            with pytest.raises(NotARosterServer, match="server address"):
                normalise_server_url(refused, allowed)
