"""Folders served beside the API: where the page lives on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

from werkzeug.wrappers import Request, Response

# Not the machine's own table, which differs from one to the next.
_CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_INDEX: Final = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFiles:
    """Folders by the path they are served under (``/portal/``), and the policy that their files come with."""

    folders: Mapping[str, Path] = field(default_factory=dict)
    content_security_policy: str = ""

    def answer(self, request: Request) -> Response | None:
        """A file, or 404 where there is none; None when the path is not under one of the folders."""
        for prefix, folder in self.folders.items():
            if request.path.startswith(prefix):
                file = _file(folder, request.path.removeprefix(prefix))
                if file is None or request.method not in {"GET", "HEAD"}:
                    return self._with_headers(Response("Not Found", HTTPStatus.NOT_FOUND))
                content_type = _CONTENT_TYPES.get(file.suffix, "application/octet-stream")
                return self._with_headers(Response(file.read_bytes(), content_type=content_type))
        return None

    def _with_headers(self, response: Response) -> Response:
        # What was just edited is what the next look shows.
        response.headers["cache-control"] = "no-cache"
        response.headers["x-content-type-options"] = "nosniff"
        if self.content_security_policy:
            response.headers["content-security-policy"] = self.content_security_policy
        return response


def _file(folder: Path, name: str) -> Path | None:
    """The file of a decoded name, which is nothing outside the folder, by ``..`` or by a link."""
    if "\0" in name or "\\" in name or name.startswith("/"):
        return None
    root = folder.resolve()
    file = (root / (f"{name}{_INDEX}" if not name or name.endswith("/") else name)).resolve()
    return file if file.is_relative_to(root) and file.is_file() else None
