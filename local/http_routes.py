"""Which route of an HTTP API a request takes (*Create routes for HTTP APIs*: the most specific match)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from local.http_api import ANY, DEFAULT_ROUTE, Route

_STATIC: Final = 0
_VARIABLE: Final = 1
_GREEDY: Final = 2
_LAST: Final = 3


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """A route, and the path's variables by name: ``{"id": "7"}``; a greedy one is named without its plus."""

    route: Route
    path_parameters: Mapping[str, str]


def match_route(routes: Iterable[Route], method: str, path: str) -> RouteMatch | None:
    """The most specific route for a method and a decoded path; None when there is none.

    A path that is written out comes before one with variables, that before a greedy one, ``$default`` last,
    and a method before ANY. HEAD takes no GET route, and ``/runs/`` is not ``/runs``: neither is said by AWS.
    """
    matches = [
        RouteMatch(route, parameters)
        for route in routes
        if route.method in {method, ANY}
        and (parameters := _parameters(route.path, path.split("/")[1:])) is not None
    ]
    return min(matches, key=lambda match: _generality(match.route), default=None)


def _generality(route: Route) -> tuple[list[int], bool]:
    if route.path == DEFAULT_ROUTE:
        return [_LAST], True
    parts = route.path.split("/")[1:]
    kinds = [_GREEDY if _is_greedy(part) else _VARIABLE if _is_variable(part) else _STATIC for part in parts]
    return kinds, route.method == ANY


def _parameters(pattern: str, segments: list[str]) -> dict[str, str] | None:
    """The values of the pattern's variables, or None when the path is not one of its."""
    if pattern == DEFAULT_ROUTE:
        return {}
    values: dict[str, str] = {}
    parts = pattern.split("/")[1:]
    for index, part in enumerate(parts):
        if _is_greedy(part):
            rest = "/".join(segments[index:])
            return {**values, part[1:-2]: rest} if rest else None
        if index >= len(segments):
            return None
        if _is_variable(part):
            if not segments[index]:
                return None
            values[part[1:-1]] = segments[index]
        elif part != segments[index]:
            return None
    return values if len(parts) == len(segments) else None


def _is_variable(part: str) -> bool:
    return part.startswith("{") and part.endswith("}")


def _is_greedy(part: str) -> bool:
    return part.startswith("{") and part.endswith("+}")
