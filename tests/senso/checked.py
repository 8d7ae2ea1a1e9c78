"""A stand-in for Senso that holds every event it is sent against the published contract."""

from collections.abc import Mapping
from typing import Any, Final

from local.contracts import DETAIL_TYPES, validator_of
from local.senso import Event, Senso

VALIDATORS: Final = {detail_type: validator_of(detail_type) for detail_type in DETAIL_TYPES}


class CheckedSenso(Senso):
    """Fails on what is not as docs/contracts says, of what it is sent and of what it answers."""

    def receive(self, detail_type: str, detail: Mapping[str, Any]) -> list[Event]:
        VALIDATORS[detail_type].validate(detail)
        answers = super().receive(detail_type, detail)
        for kind, answer in answers:
            VALIDATORS[kind].validate(answer)
        return answers
