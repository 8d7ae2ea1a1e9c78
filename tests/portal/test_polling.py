"""Looking again: ``polling.js`` alone, on a clock of the test's own."""

from itertools import pairwise

import pytest

MAKE = """async ({ first, longest }) => {
  const { Polling } = await import("/portal/classlink-sync/polling.js");
  window.looks = [];
  window.polling = new Polling(async () => {
    window.looks.push(Date.now());
    return longest ? { first, longest } : null;
  });
  await window.polling.soon();
}"""


@pytest.fixture
def page(served, browser):
    """A page of the same origin, whose clock stands still until a test moves it."""
    engine, _ = served
    context = browser.new_context()
    page = context.new_page()
    page.clock.install(time=0)
    page.goto(f"{engine.api_url}/portal/icon.svg")
    page.clock.pause_at(1_000)
    yield page
    context.close()


def waits(page):
    looks = page.evaluate("window.looks")
    return [after - before for before, after in pairwise(looks)]


def pass_time(page, milliseconds):
    """Let time pass in small steps: a look ends, and plans the next, between two of them."""
    for _ in range(milliseconds // 100):
        page.clock.run_for(100)


def test_the_wait_grows_by_half_up_to_the_longest(page):
    page.evaluate(MAKE, {"first": 1_000, "longest": 3_000})
    pass_time(page, 15_000)
    assert waits(page)[:5] == [1_000, 1_500, 2_250, 3_000, 3_000]


def test_soon_looks_at_once_and_the_waits_begin_anew(page):
    page.evaluate(MAKE, {"first": 1_000, "longest": 9_000})
    pass_time(page, 4_000)
    page.evaluate("window.polling.soon()")
    pass_time(page, 1_500)
    assert waits(page)[-1] == 1_000


def test_null_is_the_end_until_somebody_asks(page):
    page.evaluate(MAKE, {"first": 0, "longest": 0})
    pass_time(page, 20_000)
    assert len(page.evaluate("window.looks")) == 1
    page.evaluate("window.polling.soon()")
    assert len(page.evaluate("window.looks")) == 2


def test_a_stopped_one_looks_no_more(page):
    page.evaluate(MAKE, {"first": 1_000, "longest": 1_000})
    page.evaluate("window.polling.stop()")
    pass_time(page, 5_000)
    assert len(page.evaluate("window.looks")) == 1
