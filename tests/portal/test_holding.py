"""Too much is gone at ClassLink: the admin sees what would go, and decides."""

import re

import pytest
from playwright.sync_api import expect

from simulator.tables import Class, Enrollment
from tests.portal.test_for_people import violations
from tests.portal.test_syncing import figure
from tests.system.conftest import NOON


@pytest.fixture
def admin(somebody):
    """An admin whose district has lost its classes, all but a few, since it was synced."""
    admin = somebody(students=150).connect().sync()
    tables = admin.server.district.tables
    taught = sorted({class_id for _, class_id in admin.right[1]})
    admin.gone = taught[: len(taught) * 2 // 3]
    for kind, name in ((Class, "sourced_id"), (Enrollment, "class_id")):
        for class_id in admin.gone:
            tables.remove(kind, [position for position, _ in tables.rows(kind, f"{name} = ?", (class_id,))])
    return admin.sync()


def groups_shown(admin):
    classes = admin.page.get_by_role("region", name="Classes", exact=True)
    return int(classes.locator("dd").nth(2).inner_text().replace(",", ""))


def test_what_would_go_is_seen_and_approved(admin):
    panel = admin.page.get_by_role("region", name="Removals wait for you")
    kinds = panel.get_by_role("table", name="What would go")
    expect(kinds.get_by_role("row").filter(has_text="Classes")).to_contain_text(f"{len(admin.gone)}")
    expect(admin.page.get_by_text("Removals held", exact=True)).to_be_visible()
    too_much = panel.get_by_role("listitem").filter(
        has_text=re.compile(r"School: \d+ of \d+ groups would go")
    )
    expect(too_much).to_have_count(1)
    panel.get_by_text("The largest groups that would go or shrink").first.click()
    expect(panel.get_by_text(re.compile("goes, with")).first).to_be_visible()
    assert violations(admin.page) == []
    admin.a_minute_later()
    panel.get_by_role("button", name="Approve").click()
    admin.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(panel.get_by_role("button", name="Approve")).to_be_focused()
    panel.get_by_role("button", name="Approve").click()
    admin.page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(panel).to_have_count(0)
    statistics = admin.oracle.statistics(NOON.date())
    expect(admin.page.get_by_role("region", name="Classes", exact=True).locator(".figure")).to_have_text(
        f"{statistics['classes']}"
    )
    assert groups_shown(admin) == statistics["groups"]


def test_a_discarded_list_is_looked_at_afresh(admin):
    before = figure(admin, "Classes")
    panel = admin.page.get_by_role("region", name="Removals wait for you")
    panel.get_by_role("button", name="Discard").click()
    admin.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(panel.get_by_role("button", name="Discard")).to_be_focused()
    panel.get_by_role("button", name="Discard").click()
    admin.page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(panel).to_have_count(0)
    admin.sync()
    expect(panel).to_be_visible()
    assert figure(admin, "Classes") == before
