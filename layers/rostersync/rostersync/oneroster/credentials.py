"""What a district lets us in with."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """ClientId and ClientSecret of Roster Server, or a static bearer token. Pasted spaces are trimmed.

    Nothing of it shows in ``repr``: the id is half of what a signature needs.
    """

    client_id: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name in ("client_id", "client_secret", "token"):
            object.__setattr__(self, name, getattr(self, name).strip())
