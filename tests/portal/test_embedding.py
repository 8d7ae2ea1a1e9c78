"""The component in a host that is not ours, on another origin, under a policy of its own."""

import re
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

BARE = Path(__file__).with_name("bare")
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src {api}"


@pytest.fixture
def admin(somebody):
    return somebody()


@pytest.fixture
def host(admin):
    """Open the bare host, ``host(*tokens)``, with what it gives for each asking."""
    api = admin.engine.api_url
    # Another origin than the API's: the same machine by its other name.
    own = api.replace("127.0.0.1", "localhost")
    headers = {"content-security-policy": POLICY.format(api=api)}
    for name, kind in (("index.html", "text/html"), ("host.js", "text/javascript")):
        answer = {"body": (BARE / name).read_text(), "content_type": kind, "headers": headers}
        admin.page.route(f"**/bare/{name}*", partial(_answer, answer))

    def open_with(*tokens, origin=own):
        admin.page.add_init_script(f"window.tokens = {list(tokens)!r}")
        admin.page.goto(f"{origin}/bare/index.html?{urlencode({'api': api})}")

    return open_with


def _answer(answer, route):
    route.fulfill(**answer)


def heard(page):
    return page.evaluate("window.heard")


def test_a_host_hears_of_the_connection_and_of_each_run(admin, host):
    host(admin.token())
    admin.fill()
    admin.page.get_by_role("button", name="Start the first sync").click()
    expect(admin.page.get_by_role("button", name="Everything about it")).to_be_visible()
    names = [name for name, _ in heard(admin.page)]
    details = dict(heard(admin.page))
    assert names == ["connected", "run-finished"]
    assert details["connected"] == {"districtName": "Otter Valley"}
    assert details["run-finished"]["outcome"] == "published"


def test_a_token_that_has_run_out_is_asked_for_again(admin, host):
    old = admin.issuer.token("another audience", {"tenant_id": admin.tenant, "roles": ["admin"]})
    host(old, admin.token())
    expect(admin.page.get_by_role("heading", name="Connect ClassLink")).to_be_visible()
    assert admin.page.evaluate("window.asked") == 2
    assert heard(admin.page) == []


def test_a_host_whose_tokens_are_all_refused_hears_it_and_the_page_says_so(admin, host):
    old = admin.issuer.token("another audience", {"tenant_id": admin.tenant, "roles": ["admin"]})
    host(old, origin=admin.engine.api_url)
    expect(admin.page.get_by_text("Your session has ended.")).to_be_visible()
    assert [name for name, _ in heard(admin.page)] == ["auth-failed"]
    assert admin.page.evaluate("window.asked") == 2


def test_a_role_that_may_not_even_look_is_told_what_to_do(admin, host):
    host(admin.token("student"))
    expect(admin.page.get_by_text(re.compile("ask an administrator"))).to_be_visible()


def test_a_host_themes_it_by_custom_properties(admin, host):
    host(admin.token())
    admin.page.evaluate(
        "document.querySelector('classlink-sync').style.setProperty('--classlink-accent', 'rgb(120, 0, 120)')"
    )
    save = admin.page.get_by_role("button", name="Save", exact=True)
    expect(save).to_have_css("background-color", "rgb(120, 0, 120)")


def test_taken_out_of_the_page_it_asks_nothing_more(admin, host):
    host(admin.token())
    expect(admin.page.get_by_role("heading", name="Connect ClassLink")).to_be_visible()
    admin.page.evaluate("document.querySelector('classlink-sync').remove()")
    asked = []
    admin.page.on("request", lambda request: asked.append(request.url))
    admin.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    # What was asked would have been asked by now: this comes after it.
    admin.page.evaluate("null")
    assert asked == []


def test_the_files_load_under_the_strictest_policy(admin, host):
    host(admin.token())
    policy = admin.page.request.get(f"{admin.engine.api_url}/portal/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
