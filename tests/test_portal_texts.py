"""The page's words: each that is used is written, and each that is written is used."""

import re
from pathlib import Path

from rostersync.oneroster.normalising import SET_ASIDE_REASONS
from rostersync.roster.reasons import CLASS_REASONS

PORTAL = Path(__file__).parents[1] / "portal/classlink-sync"
TEXTS = (PORTAL / "texts.js").read_text()
CODE = "".join(path.read_text() for path in sorted(PORTAL.glob("*.js")) if path.name != "texts.js")
WRITTEN = set(re.findall(r'^  "?([\w.,: -]+?)"?: [{"]', TEXTS, re.MULTILINE))
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
