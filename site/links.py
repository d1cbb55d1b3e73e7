"""Whether every link of the built site leads somewhere, to its anchor."""

from __future__ import annotations

import html.parser
import os
import urllib.parse
from pathlib import Path


class _Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def broken(site: Path) -> list[str]:
    """What leads nowhere, a sentence each. Addresses of other sites are not asked for."""
    pages = {path: _read(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}
    found: list[str] = []
    for path, page in pages.items():
        for link in dict.fromkeys(page.links):
            url = urllib.parse.urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = path
            if url.path:
                base = site if url.path.startswith("/") else path.parent
                target = Path(os.path.normpath(base / urllib.parse.unquote(url.path).lstrip("/")))
                if target.is_dir():
                    target /= "index.html"
            if not target.is_file():
                found.append(f"{path.relative_to(site)} leads to {link}, which is not there")
            elif url.fragment and target in pages and urllib.parse.unquote(url.fragment) not in pages[target].anchors:
                found.append(f"{path.relative_to(site)} leads to {link}, which has no such anchor")
    return found


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page
