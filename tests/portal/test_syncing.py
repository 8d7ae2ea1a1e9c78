"""Syncs, watched."""

import csv
import io
import re

from playwright.sync_api import expect

from simulator.faults import Fault

LARGEST_SHIFT = 0.1
"""Of the layout, over a visit: what web.dev/articles/cls calls good."""


def figure(admin, card):
    return int(
        admin.page.get_by_role("region", name=card, exact=True)
        .locator(".figure")
        .inner_text()
        .replace(",", "")
    )


def test_the_first_sync_is_watched_to_its_end_and_its_numbers_are_right(somebody):
    admin = somebody().connect()
    expect(admin.page.get_by_role("region", name="Students", exact=True).locator(".figure")).to_have_text("–")
    admin.page.get_by_role("button", name="Sync now").first.click()
    expect(admin.page.get_by_role("progressbar", name="Enrollments")).to_be_visible()
    expect(admin.page.get_by_text("Syncing", exact=True)).to_be_visible()
    expect(admin.page.get_by_role("button", name="Full resync")).to_have_attribute("aria-disabled", "true")
    expect(admin.page.get_by_role("heading", name="Last sync", exact=True)).to_be_visible()
    statistics, groups = admin.right
    assert {card.lower(): figure(admin, card) for card in ("Teachers", "Students", "Classes")} == {
        name: statistics[name] for name in ("teachers", "students", "classes")
    }
    waiting = len({owner for owner, _ in groups})
    name = re.compile(f"^{waiting} teachers wait")
    expect(admin.page.get_by_role("button", name=name)).to_be_visible()


def test_the_layout_does_not_jump_while_a_sync_goes_on(somebody):
    admin = somebody().connect()
    admin.page.evaluate(
        """() => {
          window.shift = 0;
          new PerformanceObserver((seen) => {
            for (const entry of seen.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
          }).observe({ type: "layout-shift" });
        }"""
    )
    admin.sync()
    assert admin.page.evaluate("window.shift") < LARGEST_SHIFT


def test_a_preview_changes_nothing_and_says_how_ready_the_district_is(somebody):
    admin = somebody().connect().sync("Preview first")
    ready = admin.page.get_by_role("region", name="How ready the district is")
    _, groups = admin.right
    teachers = len({owner for owner, _ in groups})
    expect(ready).to_contain_text(f"0% (0 of {teachers})")
    expect(admin.page.get_by_role("region", name="Students", exact=True).locator(".figure")).to_have_text("–")
    admin.sync("Sync now")
    assert figure(admin, "Students") == admin.right[0]["students"]


def test_a_full_resync_is_asked_for_twice(somebody):
    admin = somebody().connect().sync()
    admin.page.get_by_role("button", name="Full resync").click()
    admin.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(admin.page.get_by_role("button", name="Sync now")).to_have_attribute("aria-disabled", "false")
    admin.page.get_by_role("button", name="Full resync").click()
    admin.a_minute_later()
    admin.page.get_by_role("button", name="Resync everything").click()
    expect(admin.page.get_by_text("Full resync in progress")).to_be_visible()
    admin.page.get_by_role("button", name="Everything about it").click()
    panel = admin.page.get_by_role("tabpanel", name="History")
    expect(panel.get_by_text("full resync")).to_be_visible()


def test_a_roster_server_that_goes_down_leaves_everything_as_it_was(somebody):
    admin = somebody().connect().sync()
    students = figure(admin, "Students")
    admin.server.faults.set(Fault("status", 500, collection="enrollments"))
    admin.sync()
    expect(admin.page.get_by_text("Teachers keep the groups they have.")).to_be_visible()
    assert figure(admin, "Students") == students
    expect(admin.page.get_by_role("img", name=re.compile("2 syncs, 1 failed"))).to_be_visible()


def test_a_service_that_cannot_be_reached_is_said_and_seen_again(somebody):
    admin = somebody().connect()
    admin.page.get_by_role("button", name="Sync now").first.click()
    expect(admin.page.get_by_role("progressbar", name="Students")).to_be_visible()
    admin.page.context.set_offline(True)
    trouble = admin.page.get_by_text("The service cannot be reached.")
    expect(trouble).to_be_visible()
    expect(admin.page.get_by_role("heading", name="Otter Valley")).to_be_visible()
    admin.page.context.set_offline(False)
    expect(trouble).to_have_count(0)
    expect(admin.page.get_by_role("heading", name="Last sync", exact=True)).to_be_visible()
    assert figure(admin, "Students") == admin.right[0]["students"]


def test_a_hidden_page_asks_nothing(somebody):
    admin = somebody().connect()
    admin.page.clock.install()
    admin.page.reload()
    expect(admin.page.get_by_role("heading", name="Otter Valley")).to_be_visible()
    asked: list[str] = []
    admin.page.on("request", lambda request: asked.append(request.url))
    see = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    admin.page.evaluate(see, True)
    admin.page.clock.run_for(600_000)
    # What was asked would have been asked by now: this comes after it.
    admin.page.evaluate("null")
    assert asked == []
    with admin.page.expect_response("**/integration"):
        admin.page.evaluate(see, False)


def test_history_tells_who_and_what_and_the_issues_can_be_filtered_and_downloaded(somebody):
    admin = somebody(students=120).connect().sync()
    history = admin.tab("History")
    expect(history).to_contain_text("from the portal (some-admin)")
    history.get_by_role("button", name=re.compile("^Details of")).click()
    collections = admin.oracle.collections()
    sent = (
        history.get_by_role("table", name="What ClassLink sent")
        .get_by_role("row")
        .filter(has_text="Enrollments")
    )
    expect(sent).to_contain_text(f"{collections['enrollments']['received']:,}")
    choice = history.get_by_label("Show", exact=True)
    expect(choice).to_be_visible()
    everything = history.get_by_text(re.compile(r"of \d+$")).inner_text()
    choice.select_option(index=1)
    expect(history.get_by_text(everything)).to_have_count(0)
    with admin.page.expect_download() as download:
        history.get_by_role("button", name="Download as a table").click()
    found = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert len(found) == int(everything.rsplit(" ", 1)[1])
    shown = history.get_by_role("table", name="Records").get_by_role("row").nth(1).get_by_role("cell")
    sourced_id, mend = shown.nth(1).inner_text(), shown.last.inner_text()
    assert mend in {row["mend"] for row in found if row["sourcedId"] == sourced_id}
