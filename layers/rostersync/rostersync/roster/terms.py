"""When a class is current (RULES 1.5)."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from msgspec import Struct, field

from rostersync.roster.reasons import TERM_NOT_BEGUN, TERM_OVER
from rostersync.roster.records import AcademicSession, Class, Course, IsoDate
from rostersync.roster.settings import RosterSettings


class Calendar(Struct, frozen=True):
    """What gives a class its dates: sessions and courses by sourcedId."""

    sessions: Mapping[str, AcademicSession] = field(default_factory=dict)
    courses: Mapping[str, Course] = field(default_factory=dict)


def known_terms(record: Class, calendar: Calendar) -> tuple[AcademicSession, ...]:
    """Return the sessions that say when the class is held: its known terms, else its course's school year.

    A term is known when its session is there, is active and has both dates. An inactive course gives no
    school year.
    """
    terms = _known(record.terms, calendar)
    if terms:
        return terms
    course = calendar.courses.get(record.course)
    return _known((course.school_year,), calendar) if course is not None and course.active else ()


def has_known_term(record: Class, calendar: Calendar) -> bool:
    """Say whether the class has any of them; one without is current, and counted (RULES 1.5)."""
    return bool(known_terms(record, calendar))


def why_not_current(record: Class, calendar: Calendar, settings: RosterSettings, today: IsoDate) -> str:
    """Return ``TERM_NOT_BEGUN`` or ``TERM_OVER``, or "" for a class that is current or has no known term.

    Between two terms, the earlier over and the later not begun, it is not begun.
    """
    terms = known_terms(record, calendar)
    # ISO dates compare as text, so the window is widened once instead of every term.
    begun_by = _shifted(today, settings.lead_days)
    not_over_at = _shifted(today, -settings.grace_days)
    if not terms or any(term.start_date <= begun_by and term.end_date >= not_over_at for term in terms):
        return ""
    return TERM_NOT_BEGUN if any(term.start_date > begun_by for term in terms) else TERM_OVER


def term_title(record: Class, calendar: Calendar) -> str:
    """Return the title of the class's last term, else of its course's school year, else "".

    It goes into names, so it does not depend on the date, and a session that has turned inactive still
    gives it: a term's end renames nothing (RULES 3.2).
    """
    course = calendar.courses.get(record.course)
    for ids in (record.terms, (course.school_year,) if course is not None else ()):
        sessions = [calendar.sessions[identifier] for identifier in ids if identifier in calendar.sessions]
        titled = [session for session in sessions if session.title.strip()]
        if titled:
            last = max(titled, key=lambda session: (session.end_date, session.start_date, session.sourced_id))
            return last.title.strip()
    return ""


def _known(ids: tuple[str, ...], calendar: Calendar) -> tuple[AcademicSession, ...]:
    sessions = (calendar.sessions.get(identifier) for identifier in ids)
    return tuple(
        session
        for session in sessions
        if session is not None and session.active and session.start_date and session.end_date
    )


@lru_cache(maxsize=64)
def _shifted(today: IsoDate, days: int) -> IsoDate:
    return (date.fromisoformat(today) + timedelta(days=days)).isoformat()
