"""The portal's API, whole."""

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from rostersync.api import choices, disconnecting, explaining, held, integration, owners, runs, teachers
from rostersync.api.resolver import make_resolver


def make_portal() -> APIGatewayHttpResolver:
    """Return the resolver with every route."""
    resolver = make_resolver()
    for routes in (integration, choices, disconnecting, runs, held, teachers, owners, explaining):
        resolver.include_router(routes.router)
    return resolver
