"""What is held, in words: ``held.js`` alone, before lists of the test's own."""

import pytest
from playwright.sync_api import expect

from rostersync.roster.guard import OTHER_PEOPLE
from tests.portal.test_for_people import violations

HELD_AT = 1_791_201_600_000
"""The fifth of October 2026."""

SHOW = """async ({ held, texts, locale }) => {
  const [{ makeHeld }, { makeTexts }, { makeFormat }] = await Promise.all(
    ["held", "texts", "format"].map((one) => import(`/portal/classlink-sync/${one}.js`)),
  );
  window.posted = [];
  const place = document.querySelector("div");
  const api = {
    get: async () => held,
    post: async (path) => window.posted.push(path) && { runId: "approved" },
  };
  const ctx = {
    api,
    t: makeTexts(locale, texts),
    format: makeFormat(locale, { never: "never" }),
    place,
    canAct: true,
    say() {},
    attempt: async (where, what) => what(),
  };
  window.held = makeHeld(ctx, "held", { onStarted: async () => {}, onDiscarded: async () => {} });
  place.replaceChildren(window.held.root);
}"""


@pytest.fixture
def page(served, browser):
    """An empty page of the same origin."""
    engine, _ = served
    context = browser.new_context(timezone_id="America/New_York", reduced_motion="reduce")
    page = context.new_page()
    main = "<main><h1>A page</h1><h2>Its tab</h2><div></div></main>"
    empty = f"<!doctype html><html lang='en'><title>A page</title>{main}</html>"
    page.route("**/empty.html", lambda route: route.fulfill(body=empty, content_type="text/html"))
    page.goto(f"{engine.api_url}/portal/empty.html")
    yield page
    context.close()


def show(page, *, texts=None, locale="en-US", **held):
    """Show a held list; return its panel."""
    nothing = {"stopped": "", "causes": [], "kinds": {}, "schools": [], "largestGroups": []}
    times = {"heldAt": HELD_AT, "expiresAt": HELD_AT + 90 * 86_400_000}
    held = {**nothing, **times, "studentsStillSeen": 0, **held}
    page.evaluate(SHOW, {"held": held, "texts": texts or {}, "locale": locale})
    panel = page.locator("section")
    expect(panel.get_by_role("button", name="Approve")).to_be_visible()
    return panel


def cause(kind, lost, of, school="", name=""):
    return {"kind": kind, "school": school, "name": name, "lost": lost, "of": of}


def button(panel, name):
    return panel.get_by_role("button", name=name, exact=True)


def test_what_was_too_much_is_said_where_nothing_of_it_is_a_person_or_a_group(page):
    causes = [cause("academicSessions", 12, 12), cause("courses", 1, 1)]
    panel = show(page, causes=causes)
    said = ["All 12 academic sessions would go.", "The only course would go."]
    expect(panel.get_by_role("listitem")).to_have_text(said)
    expect(panel.get_by_role("heading", name="What was too much")).to_be_visible()
    expect(panel.get_by_role("table")).to_have_count(0)
    expect(panel.get_by_text("No teacher, student, class or group would go.")).to_be_visible()
    assert violations(page) == []
    button(panel, "Approve").click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_text(said)


def test_what_was_too_much_in_a_school_names_it_and_nothing_is_said_twice(page):
    panel = show(
        page,
        causes=[
            cause("students", 32, 48, "hill", "Hill"),
            cause("groups", 6, 6, "s-2"),
            cause("owners", 1_200, 2_000),
            # The kind, and the collection of the same name.
            cause("teachers", 9, 9),
            cause("teachers", 9, 9),
        ],
        kinds={"students": {"lost": 32, "of": 96}},
    )
    expect(panel.get_by_role("listitem")).to_have_text(
        [
            "Hill: 32 of 48 students would go.",
            "s-2: All 6 groups would go.",
            "1,200 of 2,000 teachers with groups would be left with none.",
            "All 9 teachers would go.",
        ]
    )
    expect(panel.get_by_role("table", name="What would go").get_by_role("row")).to_have_count(2)


def test_why_nothing_was_published_can_be_translated(page):
    texts = {f"stopped.{OTHER_PEOPLE}": "Die meisten Leute heißen anders."}
    panel = show(page, texts=texts, locale="de", stopped=OTHER_PEOPLE)
    expect(panel.get_by_text("Die meisten Leute heißen anders.")).to_be_visible()
    expect(panel.get_by_role("list")).to_have_count(0)


def test_a_list_says_of_when_it_is(page):
    panel = show(page, studentsStillSeen=30)
    expect(panel.get_by_text("The sync of Oct 5, 2026, 8:00 AM found more gone")).to_be_visible()
    expect(panel.get_by_text("As of Oct 5, 2026, 8:00 AM, teachers still see 30 students")).to_be_visible()


def test_nothing_is_decided_while_the_sync_of_an_approval_goes_on(page):
    panel = show(page)
    going_on = "held.show({ run: { runId: 'other-page', permits: 'held' } })"
    page.evaluate("held.show({ run: { runId: 'a-night', permits: '' } })")
    expect(button(panel, "Approve")).to_have_attribute("aria-disabled", "false")
    page.evaluate(going_on)
    for name in ("Approve", "Discard"):
        expect(button(panel, name)).to_have_attribute("aria-disabled", "true")
        button(panel, name).click(force=True)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(panel.get_by_role("status")).to_contain_text("Approved.")
    page.evaluate("held.show(null)")
    expect(panel.get_by_role("status")).to_be_empty()
    button(panel, "Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    page.wait_for_function("posted.length === 1")
    # Before it is written down, a run that was started has no more than its id.
    page.evaluate("held.show({ run: { runId: 'approved' } })")
    expect(button(panel, "Discard")).to_have_attribute("aria-disabled", "true")
    assert page.evaluate("posted") == ["/runs/held/approve"]


def test_a_list_is_discarded_only_when_that_is_meant(page):
    panel = show(page)
    button(panel, "Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(button(panel, "Discard")).to_be_focused()
    assert page.evaluate("posted") == []
    button(panel, "Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    page.wait_for_function("posted.length === 1")
    assert page.evaluate("posted") == ["/runs/held/discard"]
