"""What a tenant can choose about its sync (RULES.md, *settings*), with the defaults given there."""

from typing import Literal

from msgspec import Struct, field


class RosterSettings(Struct, frozen=True, kw_only=True):
    """Choices that change which groups a roster yields.

    ``lead_days`` and ``grace_days`` widen a term on either side. ``schools_excluded`` are org sourcedIds.
    ``email_domains`` maps an old e-mail domain to its new one, both lower case. ``group_name`` may contain
    ``{title}``, ``{code}``, ``{period}``, ``{location}``, ``{term}`` and ``{course}``.
    """

    aides_own_groups: bool = False
    lead_days: int = 7
    grace_days: int = 7
    homerooms: bool = True
    schools_excluded: frozenset[str] = frozenset()
    email_domains: dict[str, str] = field(default_factory=dict)
    group_name: str = "{title}"
    login: Literal["", "email", "username", "identifier", "email-local-part"] = ""


class CreationSettings(Struct, frozen=True, kw_only=True):
    """Which teachers' users are made without anybody's asking (RULES 2.6); none unless domains are ticked.

    ``domains`` are e-mail domains as they are compared. ``role`` and ``site`` are Senso's words.
    """

    domains: frozenset[str] = frozenset()
    role: str = "teacher"
    site: str = ""


def may_remove_groups(before: RosterSettings, after: RosterSettings) -> bool:
    """Say whether a change of settings can take away a group that there is; when in doubt, yes.

    Names and logins are others then, but the groups stay. Wider terms, more owners and more schools only add.
    """
    return (
        (before.aides_own_groups and not after.aides_own_groups)
        or after.lead_days < before.lead_days
        or after.grace_days < before.grace_days
        or (before.homerooms and not after.homerooms)
        or not after.schools_excluded <= before.schools_excluded
        or after.email_domains != before.email_domains
    )
