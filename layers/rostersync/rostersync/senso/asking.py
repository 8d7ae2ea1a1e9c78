"""What we ask of Senso: its users, and users for owners who have none."""

from collections.abc import Sequence

from msgspec import Struct

from rostersync.roster.owners import Owner
from rostersync.senso.bus import Bus, OutgoingEvent, Receipt
from rostersync.storage.stores import Stores
from rostersync.storage.wanted import WantedUser


class Asking(Struct, frozen=True):
    """Asks for one tenant."""

    stores: Stores
    bus: Bus
    tenant_id: str

    def for_all_users(self, request_id: str) -> Receipt:
        """Ask for the list of users; a request that is made twice is answered twice, which does no harm."""
        detail = {"tenantId": self.tenant_id, "requestId": request_id}
        return self.bus.send([OutgoingEvent.of("Users Requested", detail)])

    def for_users(self, wanted: Sequence[tuple[WantedUser, Owner]], now_ms: int) -> Receipt:
        """Ask for a user each, and note which requests the bus took."""
        receipt = self.bus.send([self._event(one, owner) for one, owner in wanted])
        for place in sorted(receipt.accepted):
            self.stores.wanted.note_asked(self.tenant_id, wanted[place][0], now_ms)
        return receipt

    def _event(self, wanted: WantedUser, owner: Owner) -> OutgoingEvent:
        return OutgoingEvent.of(
            "User Wanted",
            {
                "tenantId": self.tenant_id,
                "requestId": wanted.request_id,
                "ownerId": owner.owner_id,
                "email": owner.email,
                "givenName": owner.given_name,
                "familyName": owner.family_name,
                "role": wanted.role,
                "site": wanted.site,
            },
        )
