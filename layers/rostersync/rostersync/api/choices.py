"""``/integration/settings``: what a tenant chooses, and what would come of it."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from msgspec.structs import asdict

from rostersync.api import services
from rostersync.api.resolver import answers, make_router
from rostersync.api.shapes import (
    CreationChoices,
    GuardChoices,
    PauseWindowShape,
    RosterChoices,
    Schools,
    Settings,
    SettingsChange,
    WouldBeMade,
)
from rostersync.roster.pausing import PauseWindow
from rostersync.roster.settings import CreationSettings, RosterSettings
from rostersync.steps.change_settings import Choices, change_settings
from rostersync.steps.list_schools import list_schools
from rostersync.steps.list_teachers import automatic_by_domain
from rostersync.storage.integrations import Integration

router = make_router()


@router.get(
    "/integration/settings", summary="The tenant's choices", tags=["integration"], responses=answers(Settings)
)
def get_settings() -> Settings:
    """Return the settings as they are."""
    caller, at = services.who_looks(router), services.current()
    return _shape(at.stores.integrations.require(caller.tenant_id), at.settings.default_time_zone)


@router.patch(
    "/integration/settings", summary="Change choices", tags=["integration"], responses=answers(Settings)
)
def patch_settings(body: SettingsChange) -> Settings:
    """Change settings; those that may take groups away need a preview made under exactly them."""
    caller, at = services.who_acts(router), services.current()
    choices = Choices(
        roster=roster_settings(body.roster) if body.roster else None,
        creation=_creation(body.creation) if body.creation else None,
        nightly_hour=body.nightly_hour,
        time_zone=body.time_zone,
        paused=body.paused,
        pause_windows=None if body.pause_windows is None else tuple(map(_window, body.pause_windows)),
        guard=body.guard.model_dump(exclude_none=True) if body.guard else {},
        additions_only_until=body.additions_only_until,
        preview=body.preview,
    )
    zone = at.settings.default_time_zone
    changed = change_settings(caller.tenant_id, choices, at.stores, now=at.now(), default_time_zone=zone)
    return _shape(changed, zone)


@router.get(
    "/integration/schools", summary="Schools to choose from", tags=["integration"], responses=answers(Schools)
)
def get_schools() -> Schools:
    """Return the schools of the roster as last published, in order of name; none before the first sync."""
    caller, at = services.who_looks(router), services.current()
    found = list_schools(caller.tenant_id, at.stores)
    return Schools.model_validate({"schools": [asdict(school) for school in found]})


@router.get(
    "/users/automatic", summary="How many would be made", tags=["users"], responses=answers(WouldBeMade)
)
def get_users_automatic(
    domains: Annotated[str, Query(max_length=2_000, description="E-mail domains, comma-separated")] = "",
) -> WouldBeMade:
    """Return for how many teachers of these domains users would be asked for by themselves, and of each."""
    caller, at = services.who_looks(router), services.current()
    ticked = frozenset(domain.strip().lower() for domain in domains.split(",")) - {""}
    found = automatic_by_domain(caller.tenant_id, at.stores)
    return WouldBeMade(count=sum(found[one] for one in ticked), domains=found)


def roster_settings(choices: RosterChoices) -> RosterSettings:
    """Return the domain's settings."""
    given: dict[str, Any] = choices.model_dump()
    return RosterSettings(**{**given, "schools_excluded": frozenset(choices.schools_excluded)})


def _creation(choices: CreationChoices) -> CreationSettings:
    return CreationSettings(domains=frozenset(choices.domains), role=choices.role, site=choices.site)


def _window(shape: PauseWindowShape) -> PauseWindow:
    return PauseWindow(shape.first_day, shape.last_day)


def _shape(found: Integration, default_time_zone: str) -> Settings:
    roster, creation = asdict(found.settings), asdict(found.creation)
    return Settings.model_validate(
        {
            "roster": {**roster, "schools_excluded": sorted(found.settings.schools_excluded)},
            "creation": {**creation, "domains": sorted(found.creation.domains)},
            "nightly_hour": found.nightly_hour,
            "time_zone": found.time_zone or default_time_zone,
            "paused": found.paused,
            "pause_windows": [asdict(window) for window in found.pause_windows],
            "guard": {name: getattr(found.guard, name) for name in GuardChoices.model_fields},
            "additions_only_until": found.additions_only_until,
        }
    )
