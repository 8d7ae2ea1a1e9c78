"""What a district does about a record that was set aside, or that was taken and is worth a look."""

from collections.abc import Mapping
from typing import Final

from rostersync.oneroster import normalising
from rostersync.roster import owners

NOTHING: Final = "nothing has to be done"

MEND: Final[Mapping[str, str]] = {
    normalising.GUARDIAN: NOTHING,
    normalising.HEADER_ROW: "delete this row from the file that is imported into Roster Server",
    normalising.NOT_A_RECORD: "have ClassLink look at the import; what came is no record at all",
    normalising.NO_ID: "give the record a sourcedId in the student information system",
    normalising.ID_TOO_LONG: "shorten the record's sourcedId to 255 characters at most",
    normalising.ID_NOT_USABLE: "take control characters out of the record's sourcedId",
    normalising.UNREADABLE_DATE: "write this date as YYYY-MM-DD in the student information system",
    normalising.NO_CLASS: "name the enrollment's class, or delete the enrollment",
    normalising.NO_USER: "name the enrollment's student or teacher, or delete the enrollment",
    normalising.OTHER_ROLE: "enroll as student or teacher, if this person is to be in the group or to own it",
    owners.SHARED_EMAIL: "give each of these teachers an e-mail of their own, or correct the family names",
    owners.NO_EMAIL: "enter the teacher's e-mail in the student information system",
    owners.STUDENT_EMAIL: "correct the e-mail of the teacher, or of the student who has the same",
    owners.EMAIL_CHANGED: NOTHING,
}
"""By reason: one sentence, in the words of Roster Server and of a student information system."""
