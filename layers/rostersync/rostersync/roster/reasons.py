"""Why a class yields no group: the closed list, in the order of RULES 1.6.

A class that yields none is counted under the first of these that holds. They are stored and shown: a
changed text is a changed record.
"""

from typing import Final

INACTIVE: Final = "inactive"
TERM_NOT_BEGUN: Final = "term not begun"
TERM_OVER: Final = "term over"
HOMEROOM: Final = "homeroom"
SCHOOL_LEFT_OUT: Final = "school left out"
NO_MEMBERS: Final = "no members"
TOO_LARGE: Final = "too large"
NO_TEACHER: Final = "no teacher"
NO_OWNER: Final = "no owner"

CLASS_REASONS: Final = (
    INACTIVE,
    TERM_NOT_BEGUN,
    TERM_OVER,
    HOMEROOM,
    SCHOOL_LEFT_OUT,
    NO_MEMBERS,
    TOO_LARGE,
    NO_TEACHER,
    NO_OWNER,
)
"""In the order in which they are looked for."""

TEACHER_NOT_ENROLLED_NOW: Final = "teacher not enrolled now"
"""The class yields groups, but this owner's enrollment on it has ended or is still to come."""

DRAFT_REASONS: Final = (*CLASS_REASONS, TEACHER_NOT_ENROLLED_NOW)
