"""Bugs planted on purpose: what a campaign is worth (``python -m tests.campaign --mutations``).

Each takes the place of functions of the program while cases are run, and says in one line what is wrong.
"""

from collections.abc import Callable
from typing import Any, Final

import pytest
from msgspec.structs import replace

from rostersync.errors import AccessDenied, CredentialsRejected, RosterServerUnavailable
from rostersync.oneroster import pulling, server
from rostersync.oneroster.windows import Window
from rostersync.roster import changes, completeness
from rostersync.roster.due import Due, after_sending, told_of, what_is_due
from rostersync.senso import delivering
from rostersync.steps import (
    fetch_pages,
    guarding,
    plan_pull,
    reconcile_classes,
    reconcile_people,
    staged_pull,
)
from rostersync.storage.leases import Leases
from tests.campaign.case import Told, run_case

Patch = pytest.MonkeyPatch
FIRST: Final = 10_000
"""The seed of the first case in which a planted bug is looked for."""


def stop_on_a_short_page(patch: Patch) -> None:
    """A page that is shorter than asked for is taken for the last."""
    really = pulling._Reading._has_ended

    def has_ended(self: Any, progress: Any, page: Any, rows: Any) -> bool:
        return progress.is_short or really(self, progress, page, rows)

    patch.setattr(pulling._Reading, "_has_ended", has_ended)


def advance_by_what_was_asked(patch: Patch) -> None:
    """The next page begins where a whole page would have ended."""
    really = pulling._Reading._hand_over

    def hand_over(self: Any, progress: Any, page: Any, rows: Any, *, done: bool) -> None:
        really(self, progress, page, rows, done=done)
        if not done and progress.is_short:
            progress.offset += 1

    patch.setattr(pulling._Reading, "_hand_over", hand_over)


def believe_an_empty_page(patch: Patch) -> None:
    """Nothing on a page means that nothing is left, and the total is not looked at."""
    really = pulling._Reading._has_ended

    def has_ended(self: Any, progress: Any, page: Any, rows: Any) -> bool:
        return not rows or really(self, progress, page, rows)

    patch.setattr(pulling._Reading, "_has_ended", has_ended)
    patch.setattr(completeness, "_unfinished", lambda *_: "")
    patch.setattr(completeness, "_gap", lambda _: "")


def trust_a_total_that_is_too_low(patch: Patch) -> None:
    """The last window ends where the total says, and nobody looks behind it."""
    really = plan_pull.cut_windows

    def cut(collection: str, total: int, *rest: Any) -> tuple[Window, ...]:
        windows = really(collection, total, *rest)
        return (*windows[:-1], replace(windows[-1], end=windows[-1].end and max(1, windows[-1].end - 1)))

    patch.setattr(plan_pull, "cut_windows", cut)


def ignore_x_perm_rev(patch: Patch) -> None:
    """What the server shares may change during a pull."""
    page = server.Page
    patch.setattr(server, "Page", lambda **of: page(**{**of, "revision": ""}))


def call_every_pull_complete(patch: Patch) -> None:
    """A pull is believed as it comes."""
    really = completeness.judge

    def judge(*arguments: Any) -> completeness.Verdict:
        return replace(really(*arguments), complete=True, reason="")

    patch.setattr(completeness, "judge", judge)


def treat_set_aside_as_absent(patch: Patch) -> None:
    """What cannot be read is removed."""
    patch.setattr(staged_pull.StagedPull, "set_aside", {})


def skip_the_guard(patch: Patch) -> None:
    """Whatever goes, goes."""
    patch.setattr(guarding.Guarding, "decide", lambda _: guarding.Decision("publish"))


def drop_the_lease(patch: Patch) -> None:
    """Two runs of a tenant go on at once."""
    patch.setattr(Leases, "acquire", lambda *_: None)
    patch.setattr(Leases, "require", lambda *_: None)


def keep_the_lease(patch: Patch) -> None:
    """A run that has ended does not give its lease back."""
    patch.setattr(Leases, "release", lambda *_: None)


def mark_before_sending(patch: Patch) -> None:
    """What is about to be sent counts as sent."""

    def before(sent: Any, link: Any, due: Due) -> Any:
        groups = {group.group_id: told_of(group) for group in due.groups}
        return after_sending(sent, link, groups, [one for one, _ in due.removed])

    patch.setattr(delivering, "before_sending", before)


def keep_removals_from_senso(patch: Patch) -> None:
    """Senso is not told of groups that are gone."""
    patch.setattr(delivering, "what_is_due", lambda *of: replace(what_is_due(*of), removed=()))


def try_again_after_a_denial(patch: Patch) -> None:
    """A 401 or a 403 is taken for a bad moment."""
    really = pulling.pull

    def pull(roster_server: Any, *rest: Any, **how: Any) -> Any:
        page = roster_server.page

        def forgiving(collection: str, **window: int) -> Any:
            try:
                return page(collection, **window)
            except (AccessDenied, CredentialsRejected):
                raise RosterServerUnavailable("a bad moment") from None

        roster_server.page = forgiving
        return really(roster_server, *rest, **how)

    patch.setattr(fetch_pages, "pull", pull)


def write_what_has_not_changed(patch: Patch) -> None:
    """Every record is written every night."""

    def compare(*arguments: Any, **options: Any) -> Any:
        return changes.compare(*arguments, **{**options, "rewrite": True})

    patch.setattr(reconcile_people, "compare", compare)
    patch.setattr(reconcile_classes, "compare", compare)


MUTATIONS: Final[dict[str, Callable[[Patch], None]]] = {
    mutation.__name__.replace("_", " "): mutation
    for mutation in (
        stop_on_a_short_page,
        advance_by_what_was_asked,
        believe_an_empty_page,
        trust_a_total_that_is_too_low,
        ignore_x_perm_rev,
        call_every_pull_complete,
        treat_set_aside_as_absent,
        skip_the_guard,
        drop_the_lease,
        keep_the_lease,
        mark_before_sending,
        keep_removals_from_senso,
        try_again_after_a_denial,
        write_what_has_not_changed,
    )
}


def find(name: str, *, within: int) -> Told | None:
    """Plant a bug and run cases until one finds it, which finds nothing without; None when none does."""
    for seed in range(FIRST, FIRST + within):
        with pytest.MonkeyPatch.context() as patch:
            MUTATIONS[name](patch)
            told = run_case(seed)
        if told.violations and not run_case(seed).violations:
            return told
    return None
