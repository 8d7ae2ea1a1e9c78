"""What the routes work with, and who is calling the one that runs."""

from collections.abc import Callable
from datetime import datetime
from functools import cache

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from msgspec import Struct

from rostersync import bootstrap, clock
from rostersync.api.caller import Caller, caller_of
from rostersync.senso.bus import Bus
from rostersync.settings import PortalSettings
from rostersync.storage.executions import Executions
from rostersync.storage.stores import Stores


class Services(Struct, frozen=True):
    """The portal's stores, bus and executions."""

    settings: PortalSettings
    stores: Stores
    bus: Bus
    executions: Executions
    now: Callable[[], datetime] = clock.now


@cache
def current() -> Services:
    """Return the services that the function's environment names."""
    settings = bootstrap.environment(PortalSettings)
    return Services(settings, bootstrap.stores(settings), bootstrap.bus(settings), bootstrap.executions())


def who_looks(router: APIGatewayHttpRouter) -> Caller:
    """Return the caller of the present request; raises ``Forbidden`` for one with neither role."""
    return caller_of(router.current_event.raw_event, current().settings)


def who_acts(router: APIGatewayHttpRouter) -> Caller:
    """Return the caller of the present request; raises ``Forbidden`` for one who may not act."""
    caller = who_looks(router)
    caller.must_act()
    return caller
