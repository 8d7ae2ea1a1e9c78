"""Who is calling: the tenant and what the caller may do, from the token's claims and from nowhere else."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from rostersync.errors import Forbidden
from rostersync.parsing import TenantId
from rostersync.settings import ApiSettings

_ACTOR: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:|-]{0,99}")


class Caller(Struct, frozen=True):
    """A portal user. ``actor`` is the token's subject, "" when that is more than an id: an e-mail, say."""

    tenant_id: str
    actor: str
    can_act: bool

    def must_act(self) -> None:
        """Raise ``Forbidden`` for who may only look."""
        if not self.can_act:
            raise Forbidden("this needs an administrator; you can look at everything here")


def caller_of(event: Mapping[str, Any], settings: ApiSettings) -> Caller:
    """Return who is calling, from an HTTP API's event whose token the authorizer has checked.

    Raises ``Forbidden`` when the token names no tenant of the expected form, or neither role.
    """
    try:
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        tenant_id = msgspec.convert(claims[settings.tenant_claim], TenantId)
    except (KeyError, TypeError, msgspec.ValidationError):
        raise Forbidden("the token names no tenant; sign in to the portal again") from None
    roles = _several(claims.get(settings.role_claim, ""))
    if not roles & {settings.admin_role, settings.reader_role}:
        raise Forbidden("your role does not allow to see Data Sync; ask an administrator of the portal")
    subject = str(claims.get("sub", ""))
    actor = subject if _ACTOR.fullmatch(subject) else ""
    return Caller(tenant_id, actor, settings.admin_role in roles)


def _several(claim: Any) -> set[str]:
    """Return the values of a claim that may be a list: an authorizer hands ``[a b]``, a text, over."""
    text = str(claim).strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    return set(text.replace(",", " ").split())
