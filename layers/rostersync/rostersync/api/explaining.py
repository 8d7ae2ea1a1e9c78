"""``POST /explain``: why is (not) my class there?"""

from rostersync.api import services
from rostersync.api.explain_shapes import (
    AnswerShape,
    ClassAnswerShape,
    Question,
    StudentAnswerShape,
    TeacherAnswerShape,
)
from rostersync.api.resolver import answers, make_router
from rostersync.steps.explain import ExplainRequest, explain
from rostersync.steps.explained import ClassAnswer, StudentAnswer, TeacherAnswer
from rostersync.steps.requests import parse_request

router = make_router()


@router.post(
    "/explain", summary="Why is (not) my class there?", tags=["owners"], responses=answers(AnswerShape)
)
def post_explain(body: Question) -> AnswerShape:
    """Answer for a teacher's e-mail, a class's or a student's sourcedId, from what is stored."""
    caller, at = services.who_looks(router), services.current()
    event = {"tenantId": caller.tenant_id, **body.model_dump(by_alias=True, exclude_none=True)}
    answer = explain(
        parse_request(ExplainRequest, event),
        at.stores,
        now=at.now(),
        default_time_zone=at.settings.default_time_zone,
    )
    match answer:
        case TeacherAnswer():
            return AnswerShape(about="teacher", teacher=TeacherAnswerShape.model_validate(answer))
        case ClassAnswer():
            return AnswerShape(about="class", class_=ClassAnswerShape.model_validate(answer))
        case StudentAnswer():
            return AnswerShape(about="student", student=StudentAnswerShape.model_validate(answer))
