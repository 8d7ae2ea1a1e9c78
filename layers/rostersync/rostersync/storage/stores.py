"""Everything a step may keep something in, as one argument."""

from msgspec import Struct

from rostersync.storage.integrations import Integrations
from rostersync.storage.leases import Leases
from rostersync.storage.links import Links
from rostersync.storage.nights import Nights
from rostersync.storage.runs import Runs
from rostersync.storage.secrets import Secrets
from rostersync.storage.sent import SentGroups
from rostersync.storage.staging import Staging
from rostersync.storage.table import Table
from rostersync.storage.users import Users
from rostersync.storage.wanted import WantedUsers


class Stores(Struct, frozen=True):
    """One table, one staging bucket and the secrets; the rest are views of the table."""

    table: Table
    staging: Staging
    secrets: Secrets

    @property
    def integrations(self) -> Integrations:
        """The tenants' ClassLink connections."""
        return Integrations(self.table)

    @property
    def leases(self) -> Leases:
        """Who may write a tenant's roster now."""
        return Leases(self.table)

    @property
    def runs(self) -> Runs:
        """Syncs, from start to outcome."""
        return Runs(self.table)

    @property
    def nights(self) -> Nights:
        """The hours that were claimed, and how they went."""
        return Nights(self.table)

    @property
    def users(self) -> Users:
        """What Senso said of its users."""
        return Users(self.table)

    @property
    def links(self) -> Links:
        """Which user is which owner's."""
        return Links(self.table)

    @property
    def sent(self) -> SentGroups:
        """What was sent of each owner's groups."""
        return SentGroups(self.table)

    @property
    def wanted(self) -> WantedUsers:
        """Users that Senso was asked to make."""
        return WantedUsers(self.table)
