"""The vocabulary of what can go wrong.

The class name is the error's name in the state machines, so renaming a class here is a change to
``statemachines/``. A message says what happened, to what, and what to do about it. It never carries a
payload, a name, an e-mail address, a URL's query or a secret: messages end in Step Functions' history.
"""


class RosterSyncError(Exception):
    """Anything this project raises on purpose."""


class RetryableError(RosterSyncError):
    """The same call may succeed later; the state machine tries it again."""


class PermanentError(RosterSyncError):
    """Trying again changes nothing until somebody changes something."""


# -- The caller ------------------------------------------------------------------------------------------


class InvalidInput(PermanentError):
    """A payload, parameter or setting is not of the expected shape; the message names the field."""


class Forbidden(PermanentError):
    """The caller's token does not allow this."""


class NotFound(PermanentError):
    """The caller's tenant has nothing under this id."""


class TooLarge(PermanentError):
    """A request's body is longer than any that is meant."""


class UnsupportedMediaType(PermanentError):
    """A request's body says that it is something else than JSON."""


class NotConnected(PermanentError):
    """The tenant has no integration, or is being disconnected."""


class PreviewNeeded(PermanentError):
    """New settings may take groups away, and no preview was made under exactly these."""


class OtherDistrict(PermanentError):
    """New credentials, or a roster, are another district's than the one connected (RULES §5).

    ``connected`` and ``found`` are the names of the two, for the admin who has to confirm them.
    """

    def __init__(self, message: str, connected: str = "", found: str = "") -> None:
        super().__init__(message)
        self.connected = connected
        self.found = found


class AlreadyDecided(PermanentError):
    """Somebody has decided on a held list otherwise, or a later one has taken its place."""


class HeldListExpired(PermanentError):
    """A held list is older than it is kept."""


class NightAlreadyRun(PermanentError):
    """The tenant's local date has had its nightly run."""


class RunInProgress(PermanentError):
    """Another run holds the tenant's lease; the message names it."""


class NeverEnded(PermanentError):
    """What a run shows that has not ended and holds no lease any more; it is never raised."""


# -- The Roster Server -----------------------------------------------------------------------------------


class RosterServerUnavailable(RetryableError):
    """No answer, or 429 and 5xx after every attempt this invocation could afford."""


class RosterServerUnreliable(PermanentError):
    """So many requests failed that the run was given up to spare the server; the message counts them."""


class CredentialsRejected(PermanentError):
    """401: wrong or rotated secret, wrong signature or clock skew."""


class AccessDenied(PermanentError):
    """403: the application is not approved or is disabled in Roster Server."""


class TooSlow(PermanentError):
    """The Roster Server did not answer in the time that an admin waits for a form."""


class NotARosterServer(PermanentError):
    """The address answered, but not as a OneRoster server does, or is not an address we may call."""


class UnexpectedAnswer(PermanentError):
    """A Roster Server's answer cannot be read as the truth: no array, an empty page too early."""


class PullIncomplete(PermanentError):
    """Three pulls in a row could not be shown to be complete; everything stays as it was."""


# -- Ourselves -------------------------------------------------------------------------------------------


class LeaseLost(PermanentError):
    """The run was ended, or no longer holds its tenant's lease, so it must not go on."""


class CredentialsReplaced(PermanentError):
    """The tenant was connected anew during the run; two servers' data must not meet in one pull."""


class StorageConflict(RetryableError):
    """A conditional write found another value than the one it was based on."""


class StorageUnavailable(RetryableError):
    """AWS throttled or refused part of a write after every attempt."""


class EventBusUnavailable(RetryableError):
    """The bus refused some events after every attempt; they stay due."""


class StagedObjectMissing(PermanentError):
    """A step found nothing under a key that the step before it should have written."""


class StagedObjectDamaged(PermanentError):
    """A staged object is not a pack, or a section of it is not what was written."""


class SecretMissing(PermanentError):
    """The secret that an integration names is not there, or this function may not read it."""


class UnexpectedError(PermanentError):
    """Any other exception, stripped to its type and place before it leaves a handler."""
