"""How ready a tenant is for its groups: what an admin sees before anything is published."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, field

from rostersync.roster.due import Link
from rostersync.roster.emails import domain_of, normalise_email
from rostersync.roster.linking import User, assign_users, claim_of
from rostersync.roster.owners import Owner

MOST_DOMAINS: Final = 50


class Prospect(Struct, frozen=True):
    """What awaits an owner once the run is published: whether it has a user.

    ``strange_domain`` is its e-mail's domain, as it is compared, when no user known to us has it, else "".
    """

    has_user: bool
    strange_domain: str


class Readiness(Struct, frozen=True):
    """Counts, and no names. ``teachers`` are owners with a group, ``students`` members of one, each once.

    ``shared_emails`` are of people of different family names (RULES 2.1), ``dangling_enrollments`` without
    their class or person. ``domains_without_user``: of ``teachers``, e-mail domains that no user known to us
    has, as they are compared, those of most teachers first, ``MOST_DOMAINS`` at most.
    """

    teachers: int
    teachers_with_user: int
    students: int
    students_with_login: int
    shared_emails: int
    dangling_enrollments: int
    domains_without_user: dict[str, int] = field(default_factory=dict)


def find_prospects(
    owners: Iterable[Owner],
    left: Iterable[str],
    users: Iterable[User],
    links: Mapping[str, Link],
    matches: Mapping[str, str],
    email_domains: Mapping[str, str],
) -> dict[str, Prospect]:
    """Return what awaits each of the owners, by owner id, as linking would have it (RULES 2.4).

    ``left`` are ids of owners who have left and may return: they hold on to the users they have. ``links``
    and ``matches``, the ids of users matched by hand, are by owner id too.
    """
    emails = {owner.owner_id: owner.email for owner in owners}
    users = list(users)
    claims = [
        claim_of(one, emails.get(one, ""), matches.get(one, ""), links.get(one)) for one in {*emails, *left}
    ]
    assigned = assign_users(claims, users, email_domains)
    domains = {domain_of(normalise_email(user.email, email_domains)) for user in users}
    return {
        one: Prospect(one in assigned, "" if (domain := domain_of(email)) in domains else domain)
        for one, email in emails.items()
    }


def count_domains(prospects: Iterable[Prospect]) -> dict[str, int]:
    """Return the domains that no user has, with how many of these owners have them, most first."""
    found = Counter(one.strange_domain for one in prospects if one.strange_domain)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MOST_DOMAINS])
