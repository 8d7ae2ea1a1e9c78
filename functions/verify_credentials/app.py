"""Verifies credentials against a Roster Server; only then stores them and connects the tenant."""

from rostersync.api.credentials import make_verifier
from rostersync.api.resolver import http

lambda_handler = http(make_verifier())
