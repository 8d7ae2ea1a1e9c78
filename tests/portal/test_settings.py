"""What an admin chooses."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def admin(somebody, senso):
    admin = somebody().connect()
    senso.settle()
    return admin


def part(admin, title):
    return admin.tab("Settings").get_by_role("form", name=title)


def save(form):
    form.get_by_role("button", name="Save", exact=True).click()


def test_hour_zone_and_pauses_are_kept(admin):
    form = part(admin, "Nightly sync")
    form.get_by_label("Hour").select_option("4")
    form.get_by_label("Time zone of the district").select_option("America/Denver")
    form.get_by_role("button", name="Add a time").click()
    form.get_by_label("First day").fill("2027-06-20")
    save(form)
    expect(form.get_by_text("Each time needs a first day")).to_be_visible()
    form.get_by_label("Last day").fill("2027-08-10")
    form.get_by_label("Pause nightly syncs").check()
    save(form)
    expect(form.get_by_text("Saved.")).to_be_visible()
    admin.page.reload()
    expect(admin.page.get_by_text("Paused", exact=True)).to_be_visible()
    form = part(admin, "Nightly sync")
    expect(form.get_by_label("Hour")).to_have_value("4")
    expect(form.get_by_label("Time zone of the district")).to_have_value("America/Denver")
    expect(form.get_by_label("Last day")).to_have_value("2027-08-10")


def test_the_next_night_is_told_in_the_time_of_who_looks(admin):
    form = part(admin, "Nightly sync")
    form.get_by_label("Time zone of the district").select_option("America/Denver")
    save(form)
    expect(form.get_by_text("Saved.")).to_be_visible()
    # The browser is in New York, two hours before Denver.
    expect(
        admin.tab("Overview").get_by_text("Oct 6, 2026, 4:00 AM (02:00 in America/Denver)")
    ).to_be_visible()


def test_a_school_is_left_out_only_after_its_preview_was_seen(admin):
    admin.sync()
    _, groups = admin.right
    form = part(admin, "Classes and groups")
    form.get_by_text("Schools to leave out").first.click()
    form.get_by_role("group", name="Schools to leave out").get_by_role("checkbox").first.check()
    save(form)
    expect(form.get_by_text(re.compile(r"groups? would go\."))).to_be_visible()
    form.get_by_role("button", name="Cancel").click()
    admin.page.reload()
    form = part(admin, "Classes and groups")
    boxes = form.get_by_role("group", name="Schools to leave out", include_hidden=True).get_by_role(
        "checkbox", include_hidden=True
    )
    expect(boxes.first).not_to_be_checked()

    form.get_by_text("Schools to leave out").first.click()
    boxes.first.check()
    save(form)
    form.get_by_role("button", name="Save these settings").click()
    expect(form.get_by_text("Saved.")).to_be_visible()
    admin.tab("Overview")
    admin.sync()
    left = int(admin.page.get_by_role("region", name="Classes", exact=True).locator("dd").nth(2).inner_text())
    assert left < len(groups)


def test_what_is_typed_wrong_is_said_beside_it(admin):
    form = part(admin, "Classes and groups")
    form.get_by_label("Days before a term begins").fill("99")
    form.get_by_label("Name of a group").fill(" ")
    save(form)
    expect(form.get_by_text("Enter a whole number from 0 to 60.")).to_be_visible()
    expect(form.get_by_label("Name of a group")).to_have_attribute("aria-invalid", "true")


def test_users_are_made_automatically_for_the_domains_that_are_ticked(admin, senso):
    admin.sync()
    teachers = {owner for owner, _ in admin.right[1]}
    form = part(admin, "Make users automatically")
    domains = form.get_by_role("group", name="E-mail domains").get_by_role("checkbox")
    expect(domains.first).to_be_visible()
    expect(form.get_by_text("Off: no domain is ticked.")).to_be_visible()
    for box in domains.all():
        box.check()
    expect(form.get_by_text(re.compile("would be made with the next sync"))).to_be_visible()
    save(form)
    expect(form.get_by_text("Saved.")).to_be_visible()
    admin.tab("Overview")
    admin.sync()
    senso.settle()
    made = set(senso.senso.users(admin.tenant).values())
    assert made
    assert made <= teachers


def test_a_reader_sees_the_settings_and_can_change_none(admin):
    admin.page.unroute_all()
    admin.open(role="reader")
    settings = admin.tab("Settings")
    expect(settings.get_by_text("an administrator can change them")).to_be_visible()
    expect(settings.get_by_label("Hour")).to_be_disabled()
    expect(settings.get_by_role("button", name="Disconnect…")).to_have_count(0)
    expect(admin.page.get_by_role("button", name="Sync now")).to_have_count(0)


def test_the_limits_of_what_may_go_and_a_day_without_removals_are_kept(admin):
    form = part(admin, "Protection against mass removal")
    form.get_by_label("Take nothing away until").fill("2026-12-24")
    form.get_by_text("How much is too much").click()
    percent = form.get_by_label("Teachers, students, classes or groups: per cent of the district")
    percent.fill("0")
    save(form)
    expect(form.get_by_text("Enter a whole number from 1 to 100.")).to_be_visible()
    percent.fill("25")
    whole = form.get_by_label("The whole of any collection waits")
    expect(whole).to_be_checked()
    whole.uncheck()
    save(form)
    expect(form.get_by_text("Saved.")).to_be_visible()
    admin.page.reload()
    form = part(admin, "Protection against mass removal")
    expect(form.get_by_label("Take nothing away until")).to_have_value("2026-12-24")
    form.get_by_text("How much is too much").click()
    expect(percent).to_have_value("25")
    expect(whole).not_to_be_checked()
    form.get_by_label("Take nothing away until").fill("")
    save(form)
    expect(form.get_by_text("No group would go.")).to_be_visible()
    form.get_by_role("button", name="Save these settings").click()
    expect(form.get_by_text("Saved.")).to_be_visible()
