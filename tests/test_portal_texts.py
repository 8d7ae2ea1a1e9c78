"""The page's words: each that is used is written, and each that is written is used."""

import re
from pathlib import Path

from rostersync.oneroster.normalising import SET_ASIDE_REASONS
from rostersync.roster import guard
from rostersync.roster.reasons import CLASS_REASONS
from rostersync.roster.records import COLLECTIONS

PORTAL = Path(__file__).parents[1] / "portal/classlink-sync"
TEXTS = (PORTAL / "texts.js").read_text()
CODE = "".join(path.read_text() for path in sorted(PORTAL.glob("*.js")) if path.name != "texts.js")
KEYS = re.findall(r'^  "?([\w.,: -]+?)"?: [{"]', TEXTS, re.MULTILINE)
WRITTEN = set(KEYS)
BY_NAME = re.findall(r't\.of\("(\w+)"|of\(group, name\)', CODE)


def test_every_text_that_is_used_is_written():
    used = set(re.findall(r'\bt\(\s*"([^"$]+)"', CODE))
    assert used
    assert used - WRITTEN == set()


def test_every_text_that_is_written_is_used():
    whole = set(re.findall(r'"([\w.]+)"', CODE))
    begun = {begin for begin in re.findall(r"`([\w.]+?)\$\{", CODE) if begin}
    groups = {f"{group}." for group in re.findall(r'(?:t\.of\(|counted\(ctx, t\("[^"]+"\), )"(\w+)"', CODE)}
    unused = {key for key in WRITTEN - whole if not key.startswith(tuple(begun | groups))}
    assert unused == set()


def test_every_reason_has_words():
    assert {f"reason.{reason}" for reason in CLASS_REASONS} <= WRITTEN
    assert {f"issue.{reason}" for reason in SET_ASIDE_REASONS} <= WRITTEN


def test_no_text_is_written_twice():
    assert [key for key in WRITTEN if KEYS.count(key) > 1] == []


def test_everything_that_can_be_held_has_words():
    for kind in (*guard.KINDS, *COLLECTIONS):
        assert {f"cause.all.{kind}", f"cause.some.{kind}"} <= WRITTEN
    for stopped in (guard.OTHER_PEOPLE, guard.MOSTLY_NEW, guard.NOT_KEPT):
        assert f"stopped.{stopped}" in WRITTEN
