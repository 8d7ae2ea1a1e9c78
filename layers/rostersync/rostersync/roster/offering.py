"""Whose users are offered for import, and whose are made automatically (RULES 2.6)."""

from rostersync.roster.owners import Owner
from rostersync.roster.settings import CreationSettings


def is_offered(groups: int, *, linked: bool) -> bool:
    """Say whether an owner, who always has an e-mail, is offered for import."""
    return groups > 0 and not linked


def is_made_automatically(owner: Owner, groups: int, creation: CreationSettings, *, linked: bool) -> bool:
    """Say whether Senso is asked for the owner's user by itself.

    Only for the e-mail domains that the admin ticked, and never where people of different family names share
    the e-mail (RULES 2.1).
    """
    domain = owner.email.rpartition("@")[2]
    return is_offered(groups, linked=linked) and domain in creation.domains and not owner.shares_email
