"""Right for people: by keyboard alone, read out, narrow, dark, in another language."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

TABS = ("Overview", "History", "Import teachers", "Where is my class?", "Settings")


def violations(page):
    """Return what axe finds, by rule and place."""
    found = Axe().run(page)
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found.response["violations"]]


def settled(admin, name):
    """Open a tab and wait until nothing in it is being loaded any more."""
    panel = admin.tab(name)
    expect(panel.get_by_text("Loading…")).to_have_count(0)
    return panel


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_form(somebody, scheme):
    admin = somebody()
    admin.page.emulate_media(color_scheme=scheme)
    admin.open()
    expect(admin.page.get_by_role("heading", name="Connect ClassLink")).to_be_visible()
    assert violations(admin.page) == []
    admin.fill(secret="wrong")
    expect(admin.page.get_by_label("ClientSecret", exact=True)).to_be_focused()
    assert violations(admin.page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_tab(looking, scheme):
    looking.page.emulate_media(color_scheme=scheme)
    for name in TABS:
        settled(looking, name)
        assert violations(looking.page) == [], name
    looking.tab("History").get_by_role("button", name=re.compile("^Details of")).click()
    expect(looking.page.get_by_role("table", name="What ClassLink sent")).to_be_visible()
    assert violations(looking.page) == []
    panel = looking.tab("Where is my class?")
    panel.get_by_label("E-mail or sourcedId").fill(next(iter(looking.right[1]))[0])
    panel.get_by_role("button", name="Look", exact=True).click()
    expect(panel.get_by_role("table", name="Classes")).to_be_visible()
    assert violations(looking.page) == []
    looking.page.get_by_role("button", name="Full resync").click()
    expect(looking.page.get_by_role("dialog")).to_be_visible()
    assert violations(looking.page) == []


def test_axe_finds_nothing_while_a_sync_goes_on(somebody):
    admin = somebody().connect()
    admin.page.get_by_role("button", name="Sync now").first.click()
    expect(admin.page.get_by_role("progressbar", name="Classes")).to_be_visible()
    assert violations(admin.page) == []


@pytest.mark.parametrize("width", [320, 768, 1920])
def test_nothing_is_wider_than_the_window(looking, width):
    looking.page.set_viewport_size({"width": width, "height": 800})
    for name in TABS:
        settled(looking, name)
        assert looking.page.evaluate("document.documentElement.scrollWidth") <= width, name
    looking.tab("History").get_by_role("button", name=re.compile("^Details of")).click()
    expect(looking.page.get_by_role("table", name="What ClassLink sent")).to_be_visible()
    assert looking.page.evaluate("document.documentElement.scrollWidth") <= width


def focused(page):
    """Return the name of what has the focus, inside the component too."""
    return page.evaluate(
        """() => {
          let at = document.activeElement;
          while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
          return at?.name || at?.textContent?.trim() || "";
        }"""
    )


def press_until(page, wanted, key="Tab", most=40):
    """Press a key until something has the focus."""
    for _ in range(most):
        page.keyboard.press(key)
        if focused(page) == wanted:
            return
    raise AssertionError(f"{wanted} is not reached by {key}; the focus is at {focused(page)}")


def test_set_up_and_sync_with_the_keyboard_alone(somebody):
    admin = somebody().open()
    page = admin.page
    expect(page.get_by_role("heading", name="Connect ClassLink")).to_be_visible()
    press_until(page, "clientId")
    page.keyboard.type(admin.server.client_id)
    press_until(page, "clientSecret")
    page.keyboard.type(admin.server.client_secret)
    press_until(page, "Advanced")
    page.keyboard.press("Enter")
    press_until(page, "serverUrl")
    page.keyboard.type(admin.server.url)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Connected to Otter Valley")).to_be_focused()
    press_until(page, "Start the first sync")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Everything about it")).to_be_visible()
    press_until(page, "Overview")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "Import teachers"
    page.keyboard.press("End")
    assert focused(page) == "Settings"
    page.keyboard.press("Home")
    expect(page.get_by_role("tabpanel", name="Overview")).to_be_visible()
    press_until(page, "Full resync", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert focused(page) == "Full resync"


def test_the_end_of_a_sync_is_read_out(somebody):
    admin = somebody().connect()
    admin.page.get_by_role("button", name="Sync now").first.click()
    expect(admin.page.get_by_role("status").filter(has_text="The sync has ended: published.")).to_have_count(
        1
    )


def test_every_word_can_be_translated(somebody):
    """All texts in brackets: what shows without them cannot be translated."""
    admin = somebody().open()
    expect(admin.page.get_by_role("heading", name="Connect ClassLink")).to_be_visible()
    admin.page.evaluate(
        """async () => {
          const { english } = await import("/portal/classlink-sync/texts.js");
          const within = (text) => `⟦${text}⟧`;
          const texts = Object.entries(english).map(([key, text]) => [
            key,
            typeof text === "string"
              ? within(text)
              : Object.fromEntries(Object.entries(text).map(([form, one]) => [form, within(one)])),
          ]);
          document.querySelector("classlink-sync").texts = Object.fromEntries(texts);
        }"""
    )
    expect(admin.page.get_by_role("heading", name="⟦Connect ClassLink⟧")).to_be_visible()
    assert bare(admin.page) == []


def bare(page):
    """Return the texts that show outside of brackets."""
    return page.evaluate(
        """() => {
          const found = [];
          const walk = (node) => {
            if (node.nodeType === Node.TEXT_NODE) {
              const text = node.textContent.trim();
              if (text && !text.includes("⟦") && /\\p{L}/u.test(text)) found.push(text);
            }
            for (const child of node.childNodes) walk(child);
          };
          walk(document.querySelector("classlink-sync").shadowRoot);
          return found;
        }"""
    )


def test_numbers_and_times_are_those_of_the_locale(looking):
    looking.page.evaluate("document.querySelector('classlink-sync').locale = 'de'")
    expect(looking.page.get_by_text(re.compile(r"05\.10\.2026, 12:00"))).not_to_have_count(0)
