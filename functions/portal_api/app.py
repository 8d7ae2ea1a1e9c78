"""What the portal's ClassLink tab calls."""

from rostersync.api.portal import make_portal
from rostersync.api.resolver import http

lambda_handler = http(make_portal())
