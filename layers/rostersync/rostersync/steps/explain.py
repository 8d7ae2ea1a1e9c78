"""Why is (not) my class there? For a teacher's e-mail, a class or a student (RULES §6)."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct, field

from rostersync.clock import local_date, milliseconds
from rostersync.parsing import TenantId
from rostersync.roster.explaining import (
    NOT_SHARED,
    OTHER_ROLE,
    UNRECOGNISED,
    Who,
    because,
    who_is,
    why_no_student,
)
from rostersync.roster.explaining_class import Case, explain_class
from rostersync.roster.groups import OwnersClass
from rostersync.steps.explained import (
    Answer,
    ClassAnswer,
    ClassTeacher,
    StudentAnswer,
    StudentsClass,
    TeacherAnswer,
    TeachersClass,
    group_state,
    notes_on,
    owner_state,
    terms_of,
)
from rostersync.steps.find_owner import Email, find_by_email, removed_person
from rostersync.steps.requests import Request
from rostersync.steps.still_held import StillHeld
from rostersync.steps.stored_roster import StoredOwner, StoredRoster
from rostersync.storage import keys
from rostersync.storage.integrations import Integration
from rostersync.storage.stores import Stores

SourcedId = Annotated[str, Meta(min_length=1, max_length=255)]


class ExplainRequest(Request, frozen=True, kw_only=True):
    """A teacher's e-mail, or the sourcedId of a class, ``class`` outside, or of a student."""

    tenant_id: TenantId
    teacher: Email | None = None
    class_id: SourcedId | None = field(default=None, name="class")
    student: SourcedId | None = None

    def __post_init__(self) -> None:
        """Refuse none and several, and a sourcedId that is longer than any that is kept."""
        if sum(one is not None for one in (self.teacher, self.class_id, self.student)) != 1:
            raise ValueError("name one of teacher, class and student")
        if len((self.class_id or self.student or "").encode(errors="replace")) > keys.MAX_ID_BYTES:
            raise ValueError("the sourcedId is longer than any that is kept")


def explain(request: ExplainRequest, stores: Stores, *, now: datetime, default_time_zone: str) -> Answer:
    """Answer from what is stored; raises ``NotConnected``. What nothing is known of has an answer too."""
    integration = stores.integrations.require(request.tenant_id)
    now_ms = milliseconds(now)
    time_zone = integration.time_zone or default_time_zone
    roster = StoredRoster(stores, request.tenant_id, integration.settings, local_date(now_ms, time_zone))
    held = StillHeld(integration, stores, now_ms)
    answering = _Answering(integration, roster, held, now_ms, time_zone)
    if request.teacher is not None:
        return answering.for_teacher(request.teacher)
    if request.class_id is not None:
        return answering.for_class(request.class_id)
    return answering.for_student(request.student or "")


class _Answering(Struct, frozen=True):
    integration: Integration
    roster: StoredRoster
    held: StillHeld
    now_ms: int
    time_zone: str

    def for_teacher(self, email: str) -> TeacherAnswer:
        found = find_by_email(
            email, self.integration, self.roster.stores, now_ms=self.now_ms, time_zone=self.time_zone
        )
        owners = self.roster.owners([found.owner_id] if found.owner_id else [])
        owner = owners.get(found.owner_id)
        cases = self.roster.cases(self.roster.classes(one.class_id for one in found.classes))
        schools = self.roster.school_names(one.school for one in found.classes)
        return TeacherAnswer(
            why=found.explanation,
            owner=owner_state(owner, self.roster.settings) if owner else None,
            people=found.people,
            classes=tuple(
                self._teachers_class(one, cases.get(one.class_id), owner, schools)
                for one in found.classes
                if owner is not None
            ),
            today=self.roster.today,
            as_of=self.integration.synced_at,
            notes=(*notes_on(owner), *self.held.people(_records_of(owner))) if owner else (),
        )

    def for_class(self, class_id: str) -> ClassAnswer:
        case = self.roster.cases(self.roster.classes([class_id])).get(class_id)
        today, as_of = self.roster.today, self.integration.synced_at
        if case is None:
            return ClassAnswer(class_id=class_id, why=because(NOT_SHARED), today=today, as_of=as_of)
        explained, record = explain_class(case), case.roster.record
        owners = self.roster.owners(case.owner_of.values())
        teachers = []
        for who in explained.teachers:
            owner = owners.get(case.owner_of.get(who.sourced_id, ""))
            group = owner.group_of(class_id) if owner else None
            teachers.append(
                ClassTeacher(
                    who=who,
                    owner=owner_state(owner, self.roster.settings) if owner else None,
                    group=group_state(owner, group) if owner and group else None,
                )
            )
        return ClassAnswer(
            class_id=class_id,
            why=explained.why,
            today=today,
            as_of=as_of,
            title=record.title,
            class_code=record.class_code,
            school=self.roster.school_names([record.school])[record.school],
            active=record.active,
            terms=terms_of(case),
            teachers=tuple(teachers),
            students=explained.students,
            members=explained.members,
            pending=any(
                (owners[one].group_of(class_id) is None) != bool(why.reason)
                for one, why in explained.owners.items()
            ),
            notes=(*explained.notes, *self.held.section(class_id)),
        )

    def for_student(self, student: str) -> StudentAnswer:
        cases = self.roster.cases(self.roster.classes_of(student))
        owners = self.roster.owners(
            owner_id for case in cases.values() for owner_id in case.owner_of.values()
        )
        schools = self.roster.school_names(case.roster.record.school for case in cases.values())
        who = self._student(student)
        can_be_seen = not who.why.reason and bool(cases)
        return StudentAnswer(
            who=who,
            classes=tuple(
                self._students_class(student, cases[one], owners, schools) for one in sorted(cases)
            ),
            today=self.roster.today,
            as_of=self.integration.synced_at,
            notes=(
                *((because(UNRECOGNISED),) if can_be_seen and not who.login else ()),
                *self.held.people([student]),
            ),
        )

    def _student(self, sourced_id: str) -> Who:
        person = self.roster.person(sourced_id)
        if person is None:
            item = self.roster.stores.table.get(keys.gone(self.roster.tenant_id, sourced_id))
            removed = removed_person(item, self.now_ms, self.time_zone) if item is not None else None
            if removed is not None:
                return removed
        return who_is(sourced_id, person, self.roster.settings, why_no_student(person))

    def _teachers_class(
        self, listed: OwnersClass, case: Case | None, owner: StoredOwner, schools: dict[str, str]
    ) -> TeachersClass:
        group = owner.group_of(listed.class_id)
        explained = explain_class(case) if case else None
        if explained is None:
            why = because(NOT_SHARED)
        elif case is not None and not case.complete:
            # Who is enrolled is not kept of it; the last sync knew.
            why = because(listed.reason)
        else:
            why = explained.owners.get(owner.found.owner_id) or because(OTHER_ROLE)
        return TeachersClass(
            class_id=listed.class_id,
            name=listed.name,
            school=schools[listed.school],
            why=why,
            group=group_state(owner, group) if group else None,
            members=len(group.members) if group else explained.members if explained else 0,
            pending=(group is None) != bool(why.reason),
            notes=(
                *(explained.notes if explained else ()),
                *self.held.group(listed.class_id, owner.found.owner_id),
            ),
        )

    def _students_class(
        self, student: str, case: Case, owners: dict[str, StoredOwner], schools: dict[str, str]
    ) -> StudentsClass:
        explained, record = explain_class(case), case.roster.record
        why = explained.why_not_seen(student)
        seen_by = [
            one
            for one in sorted(explained.owners)
            if (group := owners[one].group_of(record.sourced_id)) is not None
            and any(member.sourced_id == student for member in group.members)
        ]
        to_be_seen_by = [
            one for one in sorted(explained.owners) if not (why.reason or explained.owners[one].reason)
        ]
        return StudentsClass(
            class_id=record.sourced_id,
            title=record.title,
            school=schools[record.school],
            why=why,
            seen_by=tuple(owner_state(owners[one], self.roster.settings) for one in seen_by),
            pending=seen_by != to_be_seen_by,
            notes=self.held.member(record.sourced_id, student),
        )


def _records_of(owner: StoredOwner) -> list[str]:
    return [record for record, _ in owner.found.owner.records] if owner.found.owner else []
