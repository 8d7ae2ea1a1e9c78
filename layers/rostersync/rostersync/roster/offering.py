"""Whose users are offered for import, and whose are made automatically (RULES 2.6)."""

from rostersync.roster.emails import domain_of
from rostersync.roster.owners import Owner
from rostersync.roster.settings import CreationSettings


def is_offered(groups: int, *, linked: bool) -> bool:
    """Say whether an owner, who always has an e-mail, is offered for import."""
    return groups > 0 and not linked


def can_be_made_automatically(owner: Owner, groups: int, *, linked: bool) -> bool:
    """Say whether Senso may be asked for the owner's user by itself, were the e-mail's domain ticked.

    Never where people of different family names share the e-mail (RULES 2.1).
    """
    return is_offered(groups, linked=linked) and not owner.shares_email


def is_made_automatically(owner: Owner, groups: int, creation: CreationSettings, *, linked: bool) -> bool:
    """Say whether Senso is asked for the owner's user by itself: the admin ticked the e-mail's domain."""
    return domain_of(owner.email) in creation.domains and can_be_made_automatically(
        owner, groups, linked=linked
    )
