"""E-mails as they are compared (RULES 2.1)."""

from collections.abc import Mapping
from typing import Final

LONGEST_EMAIL: Final = 254


def normalise_email(email: str, domains: Mapping[str, str]) -> str:
    """Return the e-mail trimmed, in lower case, its domain rewritten by ``domains`` (old to new).

    "" for what cannot be an address: no @, nothing before the last @, nothing after it, or white space
    within. A domain is not judged further: some districts use one that is no domain, and it compares as well
    as any. A rewritten domain is not rewritten again, so a pair of rules may swap two domains. Nor can one be
    longer than 254 characters (RFC 5321, 4.5.3.1.3).
    """
    local, at, domain = email.strip().lower().rpartition("@")
    if (
        not (local and at and domain)
        or len(email) > LONGEST_EMAIL
        or any(character.isspace() for character in local + domain)
    ):
        return ""
    return f"{local}@{domains.get(domain, domain)}"


def domain_of(email: str) -> str:
    """Return the domain of a normalised e-mail, "" when there is no e-mail."""
    return email.rpartition("@")[2]
