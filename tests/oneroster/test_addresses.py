import pytest

from rostersync.errors import NotARosterServer
from rostersync.oneroster.addresses import normalise_server_url, version_of

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
    assert normalise_server_url(pasted, allow_loopback_http=False) == [V11, V12]


@pytest.mark.parametrize("pasted", [V11, V11 + "/", V11 + "//", V11 + "/users", V11.removeprefix("https://")])
def test_a_path_with_a_version_means_itself(pasted: str) -> None:
    assert normalise_server_url(pasted, allow_loopback_http=False) == [V11]


def test_a_proxy_path_keeps_the_escapes_of_its_application_id() -> None:
    pasted = "https://proxy.example/proxy/v1p0/AbCdEf%3d/ims/oneroster/v1p1"
    assert normalise_server_url(pasted, allow_loopback_http=False) == [
        "https://proxy.example/proxy/v1p0/AbCdEf%3D/ims/oneroster/v1p1"
    ]


def test_a_path_without_a_version_is_a_prefix() -> None:
    assert normalise_server_url("https://proxy.example/AbC", allow_loopback_http=False) == [
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
        normalise_server_url(pasted, allow_loopback_http=True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_http_to_this_machine_is_allowed_only_in_local_settings(host: str) -> None:
    url = f"http://{host}:8080"
    assert normalise_server_url(url, allow_loopback_http=True)[0] == f"{url}/ims/oneroster/v1p1"
    with pytest.raises(NotARosterServer):
        normalise_server_url(url, allow_loopback_http=False)


def test_the_path_tells_the_version() -> None:
    assert version_of(V12) == "1.2"
    assert version_of(V11) == "1.1"
    assert version_of("https://v1p2.example/x") == "1.1"
