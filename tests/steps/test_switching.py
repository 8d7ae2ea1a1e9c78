"""Another district takes the place of the one connected: asked first, and the two never meet."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from msgspec.structs import replace

from rostersync.errors import LeaseLost, NotConnected, OtherDistrict, PreviewNeeded, StorageUnavailable
from rostersync.oneroster.discovery import District
from rostersync.roster.settings import RosterSettings
from rostersync.steps.begin_disconnect import DisconnectRequest
from rostersync.steps.change_settings import Choices, change_settings
from rostersync.steps.requests import parse_request
from rostersync.steps.show_integration import Screen, show_integration
from rostersync.steps.stop_run import stop_run
from rostersync.steps.verify_credentials import Verified, same_district
from rostersync.storage.attributes import Item
from rostersync.storage.integrations import Integration
from tests.steps.driver import TENANT, FakeStores, connected
from tests.steps.rosters import Roster, small_roster, teacher
from tests.steps.test_connecting import DALE, EVENT, HILL, connect, finds
from tests.steps.test_disconnecting import NEVER, SYNC, Leaver, put_to_work

KEY = b"a key of Dale's, 32 bytes, made up"[:32]
VALE = District("Vale", "vale.example", "district", ("west",), ("West",))
HILLS: Final[dict[str, Any]] = {
    "district_name": "Hill",
    "host": "hill.example",
    "top_org": "district",
    "school_ids": ("north", "south"),
}


@dataclass
class Switcher(Leaver):
    """A district of the name Hill, whose admin enters Dale's credentials."""

    def enter(self, found: District = DALE, *, confirmed: bool = True, **changes: Any) -> Verified:
        return connect(
            self.stores,
            finds(found),
            bus=self.bus,
            key=KEY,
            now=self.clock,
            step_functions=self.step_functions,
            confirmDistrict=confirmed,
            **changes,
        )

    def execute(self) -> None:
        """Go through the state machine as it was started."""
        self.stop("remove")
        self.purge()
        self.finish()

    @property
    def integration(self) -> Integration:
        found = self.stores.integrations.get(TENANT)
        assert found is not None
        return found


def hill(**fields: Any) -> Switcher:
    return put_to_work(Switcher(stores=connected(**HILLS, **fields)))


def shown(district: Switcher) -> Screen:
    return show_integration(TENANT, district.stores, now=district.clock, default_time_zone="UTC")


def dale() -> Roster:
    """Classes and people with the ids of the other district."""
    roster = small_roster()
    roster["teachers"] = [teacher("t1", "t2@hill.example"), teacher("t2", "dale@hill.example")]
    return roster


# -- Until the old one is gone ---------------------------------------------------------------------------


def test_confirmed_it_is_begun_and_nothing_is_gone_yet() -> None:
    district = hill()
    roster = [item for item in district.left() if item["kind"] != "integration"]
    old = district.integration.secret
    assert district.enter(actor="user-1").switching
    found = district.integration
    assert found.following is not None
    assert (found.status, found.district_name, found.following.district_name) == (
        "disconnecting",
        "Hill",
        "Dale",
    )
    assert found.leaving is not None
    assert (found.leaving.groups, found.leaving.actor) == ("remove", "user-1")
    assert [item for item in district.left() if item["kind"] != "integration"] == roster
    assert old in district.stores.secrets
    assert district.stores.secrets.get(found.following.secret)["client_id"] == EVENT["clientId"]
    (told,) = district.step_functions.executions.values()
    assert json.loads(told or "") == {"tenantId": TENANT, "groups": "remove", "connectedAt": 0}
    with pytest.raises(NotConnected):
        district.stores.integrations.require(TENANT)
    assert "invented secret" not in repr(district.stores.table.items)


def test_without_the_confirmation_nothing_is_begun() -> None:
    district = hill()
    before, secrets = district.stores.table.items, district.stores.secrets.writes
    with pytest.raises(OtherDistrict):
        district.enter(confirmed=False)
    assert (district.stores.table.items, district.stores.secrets.writes) == (before, secrets)
    assert district.step_functions.executions == {}


def test_the_confirmation_changes_nothing_where_it_is_the_same_district() -> None:
    district = hill(settings=RosterSettings(homerooms=False))
    assert not district.enter(HILL).switching
    assert district.integration.status == "connected"
    assert not district.integration.settings.homerooms
    assert district.step_functions.executions == {}


def test_asked_twice_it_is_one_execution_one_secret_and_the_latest_credentials() -> None:
    district = hill()
    district.enter()
    district.clock += timedelta(seconds=5)
    district.enter(confirmed=False, clientSecret="mended")
    assert len(district.step_functions.executions) == 1
    assert len(district.stores.secrets) == 2
    district.execute()
    assert len(district.stores.secrets) == 1
    assert district.stores.secrets.get(district.integration.secret)["client_secret"] == "mended"


def test_a_third_district_is_asked_for_and_is_then_what_follows() -> None:
    district = hill()
    district.enter()
    with pytest.raises(OtherDistrict) as refused:
        district.enter(VALE, confirmed=False)
    assert (refused.value.connected, refused.value.found) == ("Dale", "Vale")
    district.enter(VALE)
    district.execute()
    assert district.integration.district_name == "Vale"
    assert len(district.stores.secrets) == 1


def test_after_an_execution_that_failed_asking_again_starts_another() -> None:
    district = hill()
    district.enter()
    (first,) = district.step_functions.executions
    district.step_functions.executions[first] = None
    district.enter()
    assert district.step_functions.names == [f"{TENANT}-0-1", f"{TENANT}-0-2"]


def test_the_disconnect_button_is_refused_meanwhile_and_a_disconnect_is_not_made_a_switch() -> None:
    district = hill()
    district.enter()
    for groups in ("keep", "remove"):
        with pytest.raises(NotConnected, match="being"):
            district.press(groups)
    assert district.integration.following is not None
    other = hill()
    other.press("remove")
    with pytest.raises(NotConnected, match="being disconnected"):
        other.enter()
    assert other.integration.following is None
    assert len(other.stores.secrets) == 1


# -- Afterwards ------------------------------------------------------------------------------------------


def test_then_the_other_one_is_connected_as_if_it_had_always_been_the_only_one() -> None:
    district = hill(settings=RosterSettings(schools_excluded=frozenset({"s9"})), paused=True, nightly_hour=5)
    old = district.integration.secret
    asked = district.clock
    district.enter()
    district.execute()
    found = district.integration
    fresh = FakeStores()
    connect(fresh, finds(DALE), key=KEY, now=asked)
    expected = fresh.integrations.require(TENANT)
    assert found == replace(expected, secret_arn=found.secret_arn, secret_version=found.secret_version)
    assert old not in district.stores.secrets
    assert found.secret in district.stores.secrets
    assert {item["kind"] for item in district.left()} == {"integration"}
    assert list(district.stores.integrations.due(district.clock + timedelta(days=2))) == [TENANT]
    assert [detail["tenantId"] for detail in district.bus.of("Users Requested")] == [TENANT]


def test_senso_sees_nothing_of_the_old_one_under_the_new_one_though_their_ids_are_the_same() -> None:
    district = hill()
    district.enter()
    district.execute()
    district.carry_all()
    assert not any(district.seen().values())
    district.sync(dale())
    district.carry_all()
    assert district.seen() == {"user-1": set(), "user-2": {"Art"}, "user-3": set()}
    assert district.senso.contradictions == 0


def test_the_screen_shows_no_run_of_the_old_one_and_no_preview_of_it_counts() -> None:
    district = hill()
    preview = district.sync(small_roster(), mode="preview")
    district.clock += timedelta(minutes=1)
    district.enter()
    screen = shown(district)
    assert screen.last is not None
    district.execute()
    screen = shown(district)
    assert (screen.status, screen.last, screen.changed_at) == ("connected", None, 0)
    settings = RosterSettings(homerooms=False)
    run = district.stores.runs.start(replace(preview, run_id="under-these", settings=settings))
    with pytest.raises(PreviewNeeded):
        change_settings(
            TENANT,
            Choices(roster=settings, preview=run.run_id),
            district.stores,
            now=district.clock,
            default_time_zone="UTC",
        )


def test_what_ended_the_old_one_ends_not_the_new_one_however_late_it_comes() -> None:
    district = hill()
    district.enter()
    (told,) = district.step_functions.executions.values()
    district.execute()
    before = district.stores.table.items
    district.purge()
    district.finish()
    late = parse_request(DisconnectRequest, json.loads(told or ""))
    with pytest.raises(NotConnected, match="has ended already"):
        stop_run(late, district.stores, district.executions, SYNC, now=district.clock)
    assert district.stores.table.items == before


def test_a_bus_that_takes_no_question_does_not_keep_it_from_being_connected() -> None:
    district = hill()
    district.enter()
    district.stop("remove")
    district.purge()
    district.bus.eventbridge.refuses = lambda _: "InternalFailure"
    district.finish()
    assert district.integration.status == "connected"


# -- Died anywhere ---------------------------------------------------------------------------------------


def test_died_at_any_write_and_asked_again_it_ends_the_same() -> None:
    def left(district: Switcher) -> list[Item]:
        # Asked again it is a second version of the same secret.
        return [{**item, "secret_version": ""} for item in district.left()]

    calm = hill()
    calm.enter()
    calm.execute()
    calm.carry_all()
    number, died = 0, True
    while died:
        number += 1
        district = hill()
        began = district.clock
        table = district.stores.table
        table.fail_at_write(number, LeaseLost("the process died"))
        try:
            district.enter()
            district.execute()
            died = False
            table.fail_at_write(NEVER)
        except LeaseLost:
            table.fail_at_write(NEVER)
            district.clock = began
            # Asked again it is still on its way, or begun only now; or all is done already.
            if district.enter().switching:
                district.execute()
        district.carry_all()
        assert left(district) == left(calm), f"at write {number}"
        assert district.seen() == calm.seen()
        assert len(district.stores.secrets) == 1
    assert number > 30


def test_died_before_the_secret_is_stored_nothing_is_started_and_asking_again_goes_on() -> None:
    district = hill()
    secrets = district.stores.secrets
    secrets.fail_at_write(1, StorageUnavailable("busy"))
    with pytest.raises(StorageUnavailable):
        district.enter()
    assert district.step_functions.executions == {}
    assert district.integration.following is None
    secrets.fail_at_write(NEVER)
    district.enter()
    district.execute()
    assert district.integration.district_name == "Dale"


# -- Whose district --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "same"),
    [
        (HILL, True),
        (replace(HILL, name="Hill Unified"), True),
        (replace(HILL, school_ids=("south",), schools=("South",)), True),
        (replace(HILL, school_ids=("south", "west"), top_org="new"), True),
        (replace(HILL, top_org="new"), True),
        (replace(HILL, host="moved.example"), True),
        (replace(HILL, school_ids=(), schools=(), top_org=""), True),
        (replace(HILL, school_ids=("east",), schools=("East",)), False),
        (replace(HILL, school_ids=(), top_org="other"), False),
        # Ids that are the same by chance: "1" is a school in many a district.
        (replace(HILL, host="dale.example", name="Dale"), False),
        (replace(HILL, top_org="other", name="Dale"), False),
        (replace(HILL, host="moved.example", top_org="other"), False),
        (replace(HILL, host="moved.example", school_ids=("east",)), False),
        (DALE, False),
    ],
)
def test_a_district_is_known_by_host_top_org_and_schools_and_not_by_its_name(
    found: District, *, same: bool
) -> None:
    stores = FakeStores()
    connect(stores, finds(HILL))
    assert same_district(stores.integrations.require(TENANT), found) is same
