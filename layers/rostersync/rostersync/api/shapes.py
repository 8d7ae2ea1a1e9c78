"""The API's bodies, as the portal sees them: camelCase, times in ms since 1970, 0 for never."""

from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StrictBool, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from rostersync.parsing import whole
from rostersync.roster.identity import OWNER_ID_PATTERN
from rostersync.roster.pausing import MOST_WINDOWS
from rostersync.steps.requests import Mode

_WHOLE: Final = BeforeValidator(whole)
"""5.0 is 5. Neither true nor "5" is, which is what ``strict`` is for."""

Milliseconds = Annotated[int, Field(ge=0, description="Since 1970, 0: never")]


class Shape(BaseModel):
    """Part of a request or of an answer; a request's unknown fields are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        alias_generator=to_camel,
        populate_by_name=True,
        # Built when it is first read: a call needs a few of these, not all.
        defer_build=True,
    )


class Problem(Shape):
    """RFC 9457; ``code`` stays, whatever the words become."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    run_id: str = ""
    districts: "Districts | None" = None


class Districts(Shape):
    """Of ``other-district``: the names that an admin has to confirm before ``confirmDistrict`` is sent."""

    connected: str
    found: str


class ReadinessShape(Shape):
    """Teachers who would have groups and students in them, with a user or a login, and what is in the way.

    ``domainsWithoutUser``: e-mail domains of those teachers that no Senso user has, most teachers first.
    """

    teachers: int
    teachers_with_user: int
    students: int
    students_with_login: int
    shared_emails: int
    dangling_enrollments: int
    domains_without_user: dict[str, int]


class GatewaysAnswer(Shape):
    """API Gateway's own words: a token that is not good, too many requests."""

    message: str


class RunShape(Shape):
    """One sync. ``outcome`` is "" while it runs; only a preview that came to its end has ``readiness``."""

    run_id: str
    mode: str
    cause: str
    actor: str
    started_at: Milliseconds
    finished_at: Milliseconds
    outcome: str
    error: str
    reason: str
    stopped: str
    permits: str
    warnings: list[str]
    statistics: dict[str, int]
    changes: dict[str, dict[str, int]]
    with_groups: int
    without_groups: dict[str, int]
    notes: dict[str, int]
    delivery: dict[str, int]
    collections: dict[str, dict[str, int | None]]
    readiness: ReadinessShape | None


class ProgressShape(Shape):
    """Rows of a collection that have come, and how many there are to be: null where none is announced."""

    rows: int
    total: int | None


class RunDetails(Shape):
    """A run, and how far it is."""

    run: RunShape
    phase: Literal["planning", "fetching", "comparing", "publishing", "ended"]
    progress: dict[str, ProgressShape]


class Runs(Shape):
    """The last runs, latest first."""

    runs: list[RunShape]


Domain = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,252}$", description="In lower case")]


class RosterChoices(Shape):
    """Choices that change which groups a roster yields, and how they are called."""

    aides_own_groups: StrictBool = False
    lead_days: Annotated[int, Field(strict=True, ge=0, le=60), _WHOLE] = 7
    grace_days: Annotated[int, Field(strict=True, ge=0, le=60), _WHOLE] = 7
    homerooms: StrictBool = True
    schools_excluded: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=255)], ...], Field(max_length=500)
    ] = ()
    email_domains: Annotated[dict[Domain, Domain], Field(default_factory=dict, max_length=20)]
    group_name: Annotated[str, Field(min_length=1, max_length=200)] = "{title}"
    login: Literal["", "email", "username", "identifier", "email-local-part"] = ""


class CreationChoices(Shape):
    """Teachers of which e-mail domains get users without anybody's asking; none unless ticked."""

    domains: Annotated[tuple[Domain, ...], Field(max_length=20)] = ()
    role: Annotated[str, Field(min_length=1, max_length=100)] = "teacher"
    site: Annotated[str, Field(max_length=100)] = ""


IsoDate = Annotated[str, Field(pattern=r"^2[01]\d\d-\d\d-\d\d$", description="Local date, 2026-07-01")]


class PauseWindowShape(Shape):
    """Days without nightly runs, both ends included."""

    first_day: IsoDate
    last_day: IsoDate

    @model_validator(mode="after")
    def _are_days_in_order(self) -> Self:
        try:
            in_order = date.fromisoformat(self.first_day) <= date.fromisoformat(self.last_day)
        except ValueError:
            in_order = False
        if not in_order:
            raise PydanticCustomError("days", "must be two days of the calendar, in their order")
        return self


DateOrNone = Annotated[
    str, Field(pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="The last day on which nothing goes, or empty")
]
Percent = Annotated[int, Field(ge=1, le=100)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class GuardChoices(Shape):
    """How much is held: more than the per cent of what there was, and more than the number.

    ``wholeCollection``: the whole of any OneRoster collection, however small.
    """

    district_percent: Percent
    district_count: Count
    memberships_percent: Percent
    memberships_count: Count
    school_percent: Percent
    school_count: Count
    whole_collection: StrictBool
    new_percent: Percent
    identity_percent: Percent


class GuardChange(Shape):
    """Those of ``guard`` that are to be changed."""

    district_percent: Percent | None = None
    district_count: Count | None = None
    memberships_percent: Percent | None = None
    memberships_count: Count | None = None
    school_percent: Percent | None = None
    school_count: Count | None = None
    whole_collection: StrictBool | None = None
    new_percent: Percent | None = None
    identity_percent: Percent | None = None


class SettingsChange(Shape):
    """What is to be changed; what is left out stays, each limit of ``guard`` by itself.

    ``roster`` and ``creation`` are written whole: what is left out of these is the default.
    ``preview``: the id of one, where it is needed.
    """

    roster: RosterChoices | None = None
    creation: CreationChoices | None = None
    nightly_hour: Annotated[int, Field(strict=True, ge=0, le=23), _WHOLE] | None = None
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    paused: StrictBool | None = None
    pause_windows: Annotated[tuple[PauseWindowShape, ...], Field(max_length=MOST_WINDOWS)] | None = None
    guard: GuardChange | None = None
    additions_only_until: DateOrNone | None = None
    preview: Annotated[str, Field(max_length=80)] = ""


class Settings(Shape):
    """A tenant's choices as they are."""

    roster: RosterChoices
    creation: CreationChoices
    nightly_hour: int
    time_zone: str
    paused: bool
    pause_windows: list[PauseWindowShape]
    guard: GuardChoices
    additions_only_until: DateOrNone


class SchoolShape(Shape):
    """A school of the roster; ``schoolsExcluded`` takes its sourcedId."""

    sourced_id: str
    name: str


class Schools(Shape):
    """All of them, in order of name."""

    schools: list[SchoolShape]


class WouldBeMade(Shape):
    """For how many teachers of the ticked ``domains=`` users would be asked for by themselves.

    ``domains`` has every e-mail domain of teachers who wait and could get one so, with their number.
    """

    count: int
    domains: dict[str, int]


class StartRun(Shape):
    """Which kind of sync; ``settings`` are for a preview, in place of the tenant's own.

    A preview with ``additionsOnlyUntil`` shows what goes once that day is over.
    """

    mode: Mode = "changes"
    settings: RosterChoices | None = None
    additions_only_until: DateOrNone | None = None


class StartedRun(Shape):
    """The run that goes on; ``already`` when it was not this press that began it."""

    run_id: str
    already: bool


class IssueShape(Shape):
    """A record that was set aside, or was taken and is worth a look; ``mend`` says what to do about it."""

    collection: str
    sourced_id: str
    field: str
    reason: str
    taken: bool
    mend: str


class IssuePage(Shape):
    """A page of the issues that fit; ``counts`` of all of the run, by collection and reason."""

    issues: list[IssueShape]
    total: int
    counts: dict[str, dict[str, int]]


class Download(Shape):
    """A link that can be followed for five minutes, by whoever has it."""

    url: str


class Connection(Shape):
    """Where the roster comes from."""

    server_url: str
    district_name: str
    client_id: Annotated[str, Field(description="Masked")]
    nightly_hour: int
    time_zone: str
    next_night: Annotated[str, Field(description="UTC, to the minute; empty when there is none")]


class FollowingDistrict(Shape):
    """The district that takes the place of the one connected; ``since`` when, in ms."""

    district_name: str
    server_url: str
    since: Milliseconds


class IntegrationScreen(Shape):
    """The status screen. What a tenant that is not connected has not got is null, or empty."""

    status: Literal[
        "disconnecting", "not connected", "syncing", "credentials rejected", "paused", "held", "connected"
    ]
    paused_until: Annotated[
        str, Field(description="Last local day of a pause window; empty while paused by the switch, or not")
    ]
    connection: Connection | None
    statistics: dict[str, int]
    people: dict[str, int]
    with_groups: Annotated[int, Field(description="Classes, of the last sync that got through")]
    without_groups: dict[str, int]
    synced_at: Milliseconds
    changed_at: Milliseconds
    running: str
    held: Annotated[str, Field(description="The sync on whose held list somebody has to decide")]
    last_run: RunShape | None
    switching_to: Annotated[
        FollowingDistrict | None, Field(description="Connected as soon as the old one is gone")
    ]
    can_act: Annotated[bool, Field(description="Whether the caller may do more than look")]


class Credentials(Shape):
    """What an admin enters; the secrets show in no text made of it."""

    client_id: Annotated[str, Field(max_length=1_000)]
    client_secret: SecretStr
    server_url: Annotated[str, Field(max_length=2_000)] = ""
    confirm_district: Annotated[
        StrictBool, Field(description="Another district may take the place of the one connected")
    ] = False


class Connected(Shape):
    """The district found; ``switching`` (202): it is connected when all of the old one is gone.

    ``records`` holds each collection's total, null where none is announced.
    ``advice`` says for an empty or refused collection which ClassLink permission to change.
    """

    status: Literal["connected", "switching"]
    district_name: str
    server_url: str
    schools: list[str]
    records: dict[str, int | None]
    advice: list[str]


class Teacher(Shape):
    """A teacher who waits for a user."""

    owner_id: str
    given_name: str
    family_name: str
    email: str
    schools: list[str]
    groups: int
    state: str
    refused: str
    shared_email: bool
    lost_user: bool


class TeacherSearch(Shape):
    """What to look for in name, e-mail and names of schools. In a body: a name has no place in an address."""

    query: Annotated[str, Field(max_length=200)] = ""
    min_groups: Annotated[int, Field(strict=True, ge=1, le=10_000), _WHOLE] = 1
    offset: Annotated[int, Field(strict=True, ge=0, le=1_000_000), _WHOLE] = 0
    limit: Annotated[int, Field(strict=True, ge=1, le=500), _WHOLE] = 50


class TeacherPage(Shape):
    """A page of those a search found."""

    teachers: list[Teacher]
    total: int


class ImportUser(Shape):
    """A teacher to import, with Senso's words for role and site."""

    owner_id: Annotated[str, Field(pattern=OWNER_ID_PATTERN)]
    role: Annotated[str, Field(min_length=1, max_length=100)]
    site: Annotated[str, Field(max_length=100)] = ""


class ImportUsers(Shape):
    """Teachers to import."""

    users: Annotated[list[ImportUser], Field(min_length=1, max_length=500)]


class ImportedUser(Shape):
    """What became of one; ``error`` says what to do."""

    owner_id: str
    state: str
    error: str


class ImportedUsers(Shape):
    """What became of each."""

    users: list[ImportedUser]


class UsersLeft(Shape):
    """Ids of users that were made for teachers who have left the roster since; none is deleted by us."""

    user_ids: list[str]


class FindOwner(Shape):
    """An e-mail, the teacher's or the Senso user's."""

    email: Annotated[str, Field(min_length=3, max_length=254)]


class OwnersClassShape(Shape):
    """A class that a teacher is enrolled on; ``reason`` says why there is no group."""

    class_id: str
    name: str
    reason: str
    group_id: str


class OwnerShape(Shape):
    """A teacher; ``ownerId`` is "" when there is none, and ``reason`` says why there is nothing."""

    owner_id: str
    given_name: str
    family_name: str
    email: str
    user_id: str
    by_hand: bool
    groups: int
    reason: str
    without_groups: dict[str, int]
    classes: list[OwnersClassShape]


class MatchUser(Shape):
    """The Senso user's e-mail; null undoes a match."""

    email: Annotated[str, Field(min_length=3, max_length=254)] | None


class ResyncedShape(Shape):
    """How many groups were sent, as ClassLink had them at ``asOf``; it was not asked again."""

    groups: int
    as_of: Milliseconds
    reason: str
    without_groups: dict[str, int]
