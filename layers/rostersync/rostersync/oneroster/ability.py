"""What a Roster Server turned out to be able to do; kept with the integration."""

from typing import Literal, TypeAlias

from msgspec import Struct

Auth: TypeAlias = Literal["oauth1-sha256", "oauth1-sha1", "oauth2", "bearer"]
Version: TypeAlias = Literal["1.1", "1.2"]


class Ability(Struct, frozen=True):
    """How to sign, which OneRoster, whether totals are announced and ``fields`` is understood.

    ``totals`` and ``fields`` hold for every collection that could be read. Plain strings and booleans, so
    that it can be stored as it is.
    """

    auth: Auth = "oauth1-sha256"
    version: Version = "1.1"
    totals: bool = True
    fields: bool = False
