"""Which Senso user is which owner's (RULES 2.4)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from rostersync.roster.due import Link
from rostersync.roster.emails import normalise_email


class User(Struct, frozen=True):
    """A user that Senso has now. ``email`` is trimmed and in lower case, "" when there is none to compare."""

    user_id: str
    email: str


class Claim(Struct, frozen=True):
    """What ties an owner to users: its ``email`` today, a match by hand, the link there was; ids of users.

    ``email`` is normalised and "" for an owner who has left: such a one keeps its link, so that who returns
    has it, as long as nobody else has a claim.
    """

    owner_id: str
    email: str
    matched: str = ""
    linked: str = ""


def claim_of(owner_id: str, email: str, matched: str, link: Link | None) -> Claim:
    """Return an owner's claim: the match and the link as stored, the e-mail as in ``Claim``."""
    linked = link.user_id if link is not None else ""
    if link is not None and link.by_hand and matched != linked:
        # The match was undone, or replaced: the link that it made is no reason by itself.
        linked = ""
    return Claim(owner_id, email, matched, linked)


def assign_users(
    claims: Iterable[Claim], users: Iterable[User], email_domains: Mapping[str, str]
) -> dict[str, str]:
    """Return owner id -> user id: a match by hand first, then equal e-mail, then the link there was.

    One owner has at most one user and one user one owner. A match is of one owner and one user; of several
    users with one e-mail, which the domain rewrite can bring about, the one who has it unrewritten is taken,
    else the first by id. The order of the inputs does not matter.
    """
    claims = sorted(claims, key=lambda claim: claim.owner_id)
    known = {user.user_id for user in users if user.user_id}
    by_email: defaultdict[str, list[User]] = defaultdict(list)
    for user in users:
        if user.email:
            by_email[normalise_email(user.email, email_domains)].append(user)
    assigned: dict[str, str] = {}
    taken: set[str] = set()
    for claim in claims:
        if claim.email and claim.matched in known - taken:
            assigned[claim.owner_id] = claim.matched
            taken.add(claim.matched)
    for claim in claims:
        if claim.email and claim.owner_id not in assigned:
            free = [user for user in by_email[claim.email] if user.user_id not in taken]
            if free:
                assigned[claim.owner_id] = first_of(free, claim.email).user_id
                taken.add(assigned[claim.owner_id])
    for claim in claims:
        if claim.owner_id not in assigned and claim.linked in known - taken:
            assigned[claim.owner_id] = claim.linked
            taken.add(claim.linked)
    return assigned


def first_of(users: Iterable[User], email: str) -> User:
    """Return which of the users with one e-mail an owner with it gets."""
    return min(users, key=lambda user: (user.email != email, user.user_id))


def emails_compared_as(email: str, email_domains: Mapping[str, str]) -> list[str]:
    """Return every e-mail that compares as this one once the domain rewrite is applied (RULES 2.1)."""
    local, _, domain = email.rpartition("@")
    domains = [domain, *(old for old, new in email_domains.items() if new == domain)]
    candidates = {f"{local}@{one}" for one in domains}
    return sorted(one for one in candidates if normalise_email(one, email_domains) == email)
