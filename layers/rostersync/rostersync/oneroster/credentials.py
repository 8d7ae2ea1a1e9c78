"""What a district lets us in with."""

from msgspec.structs import force_setattr

from rostersync.roster.discreet import Discreet


class Credentials(Discreet, frozen=True):
    """ClientId and ClientSecret of Roster Server, or a static bearer token. Pasted spaces are trimmed.

    Nothing of it shows in ``repr``: the id is half of what a signature needs.
    """

    client_id: str = ""
    client_secret: str = ""
    token: str = ""

    def __post_init__(self) -> None:
        for name in ("client_id", "client_secret", "token"):
            force_setattr(self, name, getattr(self, name).strip())
