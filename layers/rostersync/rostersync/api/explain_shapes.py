"""What ``POST /explain`` takes and answers: ``steps/explained.py``, as the portal sees it."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from rostersync.api.shapes import Milliseconds, Shape


class Question(Shape):
    """Exactly one of them: a teacher's e-mail, or the sourcedId of a class or of a student."""

    teacher: Annotated[str, Field(min_length=3, max_length=254)] | None = None
    class_id: Annotated[str | None, Field(min_length=1, max_length=255, alias="class")] = None
    student: Annotated[str, Field(min_length=1, max_length=255)] | None = None


class Told(Shape):
    """Part of an answer, read from what the use case returns."""

    model_config = ConfigDict(from_attributes=True)


class WhyShape(Told):
    """``reason`` stays, "" for none; ``text`` may be said better; ``counts`` people by reason."""

    reason: str
    text: str
    on: str
    counts: dict[str, int]


class ExplanationShape(WhyShape):
    """``withoutGroups`` counts the teacher's classes that yield no group, by reason."""

    without_groups: dict[str, int]


class WhoShape(Told):
    """Somebody of the roster, and what keeps who it is from what was asked."""

    sourced_id: str
    given_name: str
    family_name: str
    email: str
    login: str
    active: bool
    enabled: bool
    collections: list[str]
    why: WhyShape


class OwnerStateShape(Told):
    """A teacher as Senso knows them."""

    owner_id: str
    given_name: str
    family_name: str
    email: str
    user_id: str
    linked_by: str
    wanted: str
    refused: str


class GroupStateShape(Told):
    """A group, and whether Senso has it as it is now."""

    group_id: str
    name: str
    members: int
    version: int
    delivery: str


class TeachersClassShape(Told):
    """A class that a teacher is enrolled on. ``pending``: the next sync makes ``group`` what ``why`` says."""

    class_id: str
    name: str
    school: str
    why: WhyShape
    group: GroupStateShape | None
    members: int
    pending: bool
    notes: list[WhyShape]


class TeacherAnswerShape(Told):
    """A teacher's classes, each with its group or the reason why there is none."""

    why: ExplanationShape
    owner: OwnerStateShape | None
    people: list[WhoShape]
    classes: list[TeachersClassShape]
    today: str
    as_of: Milliseconds
    notes: list[WhyShape]


class TermShape(Told):
    """A session of a class; one that does not count says nothing about when the class is held."""

    sourced_id: str
    title: str
    start_date: str
    end_date: str
    counts: bool


class ClassTeacherShape(Told):
    """Who is enrolled on a class and not as a student."""

    who: WhoShape
    owner: OwnerStateShape | None
    group: GroupStateShape | None


class ClassAnswerShape(Told):
    """A class with its teachers and students; ``members`` counts the students who have no ``why``."""

    class_id: str
    why: WhyShape
    today: str
    as_of: Milliseconds
    title: str
    class_code: str
    school: str
    active: bool
    terms: list[TermShape]
    teachers: list[ClassTeacherShape]
    students: list[WhoShape]
    members: int
    pending: bool
    notes: list[WhyShape]


class StudentsClassShape(Told):
    """A class that a student is enrolled on, and the teachers in whose groups of it the student is."""

    class_id: str
    title: str
    school: str
    why: WhyShape
    seen_by: list[OwnerStateShape]
    pending: bool
    notes: list[WhyShape]


class StudentAnswerShape(Told):
    """A student's classes."""

    who: WhoShape
    classes: list[StudentsClassShape]
    today: str
    as_of: Milliseconds
    notes: list[WhyShape]


class AnswerShape(Shape):
    """The one that was asked about is there, the others are null."""

    about: Literal["teacher", "class", "student"]
    teacher: TeacherAnswerShape | None = None
    class_: Annotated[ClassAnswerShape | None, Field(alias="class")] = None
    student: StudentAnswerShape | None = None
