"""Setting the integration up, as an admin does it."""

import re

from playwright.sync_api import expect

from simulator.faults import Fault

SECRET = "demo-client-secret"


def test_wrong_credentials_come_back_to_the_form_with_the_reason(somebody):
    admin = somebody().open().fill(secret="wrong")
    secret = admin.page.get_by_label("ClientSecret", exact=True)
    expect(secret).to_have_attribute("aria-invalid", "true")
    expect(secret).to_be_focused()
    expect(secret).to_have_value("")
    expect(admin.page.get_by_label("ClientId", exact=True)).to_have_value(admin.server.client_id)
    expect(secret).to_have_accessible_description(re.compile("does not accept these credentials"))
    admin.page.reload()
    expect(admin.page.get_by_role("heading", name="Connect ClassLink")).to_be_visible()


def test_an_address_that_is_no_roster_server_is_said_beside_the_address(somebody):
    admin = somebody().open().fill(url="https://169.254.169.254")
    address = admin.page.get_by_label("Roster Server address")
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(address).to_have_value("https://169.254.169.254")
    expect(admin.page.get_by_label("ClientSecret", exact=True)).to_have_value("")


def test_an_application_that_is_not_approved_is_said_above_the_form(somebody):
    admin = somebody()
    admin.server.faults.set(Fault("status", 403))
    admin.open().fill()
    expect(
        admin.page.get_by_role("alert").filter(has_text=re.compile("approve", re.IGNORECASE))
    ).to_be_visible()


def test_nothing_is_sent_while_something_is_missing(somebody):
    admin = somebody().open()
    asked: list[str] = []
    admin.page.on("request", lambda request: asked.append(request.method))
    admin.page.get_by_role("button", name="Save", exact=True).click()
    expect(admin.page.get_by_label("ClientId", exact=True)).to_be_focused()
    expect(admin.page.get_by_text("Enter the ClientSecret.")).to_be_visible()
    assert "PUT" not in asked


def test_right_credentials_show_the_district_and_the_secret_never_again(somebody):
    admin = somebody().open().fill()
    expect(admin.page.get_by_role("heading", name="Connected to Otter Valley")).to_be_focused()
    assert SECRET not in admin.page.content()
    admin.page.get_by_role("button", name="Not now").click()
    expect(admin.page.get_by_role("heading", name="Otter Valley")).to_be_visible()
    settings = admin.tab("Settings")
    settings.get_by_role("button", name="Replace the credentials").click()
    expect(admin.page.get_by_label("ClientSecret", exact=True)).to_have_value("")
    stored = admin.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert SECRET not in stored


def test_the_credentials_of_another_district_need_both_names_confirmed(somebody):
    admin = somebody().connect()
    other = somebody(seed=9, name="Marmot Hills")
    admin.tab("Settings").get_by_role("button", name="Replace the credentials").click()
    admin.fill(url=other.server.url, client_id=other.server.client_id, secret=other.server.client_secret)
    dialog = admin.page.get_by_role("dialog", name="This is another district")
    expect(dialog).to_contain_text("Otter Valley")
    expect(dialog).to_contain_text("Marmot Hills")
    dialog.get_by_role("button", name="Cancel").click()
    admin.page.reload()
    expect(admin.page.get_by_role("heading", name="Otter Valley")).to_be_visible()

    admin.tab("Settings").get_by_role("button", name="Replace the credentials").click()
    admin.fill(url=other.server.url, client_id=other.server.client_id, secret=other.server.client_secret)
    dialog.get_by_role("button", name="Remove Otter Valley, connect Marmot Hills").click()
    admin.page.get_by_role("button", name="Go to the status").click()
    expect(admin.page.get_by_role("heading", name="Marmot Hills")).to_be_visible()


def test_a_secret_that_was_changed_leads_back_to_the_form(somebody):
    admin = somebody().connect()
    admin.server.rotate_secret("another-secret")
    admin.sync()
    expect(
        admin.page.get_by_text("ClassLink does not accept the stored credentials any more.")
    ).to_be_visible()
    admin.page.get_by_role("button", name="Enter new credentials").click()
    expect(admin.page.get_by_text("ClassLink rejected the stored credentials.")).to_be_visible()
    admin.fill(secret="another-secret")
    admin.a_minute_later()
    admin.page.get_by_role("button", name="Start the first sync").click()
    expect(admin.page.get_by_role("region", name="The sync").get_by_text("published")).to_be_visible()


def test_a_reader_sees_that_nothing_is_connected_and_no_form(somebody):
    admin = somebody().open(role="reader")
    expect(admin.page.get_by_text("An administrator of the portal can connect it here.")).to_be_visible()
    expect(admin.page.get_by_label("ClientId", exact=True)).to_have_count(0)


def test_disconnecting_asks_what_becomes_of_the_groups_and_ends_at_the_form(somebody):
    admin = somebody().connect()
    admin.tab("Settings").get_by_role("button", name="Disconnect…").click()
    dialog = admin.page.get_by_role("dialog", name="Disconnect Otter Valley?")
    dialog.get_by_role("button", name="Disconnect").click()
    expect(dialog.get_by_text("Choose what becomes of the groups.")).to_be_visible()
    dialog.get_by_label("Keep them").check()
    dialog.get_by_role("button", name="Disconnect").click()
    expect(admin.page.get_by_role("heading", name="Connect ClassLink")).to_be_visible()
