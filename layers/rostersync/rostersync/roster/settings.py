"""What a tenant can choose about its sync (RULES.md, *settings*), with the defaults given there."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterSettings:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationSettings:
    """Which teachers' users are made without anybody's asking (RULES 2.6); none unless domains are ticked.

    ``domains`` are e-mail domains as they are compared. ``role`` and ``site`` are Senso's words.
    """

    domains: frozenset[str] = frozenset()
    role: str = "teacher"
    site: str = ""
