"""Addresses of the app's own: its first page, and what makes it installable.

The first page is Streamlit's with FormCheck's name, manifest and colours in its head, so that nothing of another name
is seen while it loads. The service worker keeps nothing but the page that is shown while the app is not running: every
other answer comes from the app itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from formcheck.app.components import asset
from formcheck.app.main import GONE_WORDS, PAGES

MANIFEST = {
    "id": "/",
    "name": "FormCheck",
    "short_name": "FormCheck",
    "description": "An honest look at your lift, on this computer only.",
    "start_url": "/",
    "scope": "/",
    "display": "standalone",
    "background_color": "#f5f6f4",
    "theme_color": "#0b6b60",
    "icons": [{"src": "/icon.svg", "sizes": "any", "type": "image/svg+xml"}],
}


HEAD = """
    <title>FormCheck</title>
    <link rel="icon" type="image/svg+xml" href="/icon.svg" />
    <link rel="manifest" href="/manifest.webmanifest" />
    <meta name="description" content="An honest look at your lift, on this computer only." />
    <meta name="theme-color" content="#f5f6f4" media="(prefers-color-scheme: light)" />
    <meta name="theme-color" content="#0e1312" media="(prefers-color-scheme: dark)" />
    <base href="/" />
    <script>window.__streamlit = { BACKEND_BASE_URL: location.origin + "/" };</script>
"""
"""In the head of every page. Told where the app is, Streamlit does not ask for it below the address of each page."""

NO_SCRIPT = "<noscript><p>FormCheck needs JavaScript.</p></noscript>"


def first_page(streamlits: str) -> str:
    """Streamlit's page as FormCheck's; ``streamlits`` is the text of its index.html."""
    page = re.sub(r"<title>.*?</title>", "", streamlits, count=1, flags=re.DOTALL)
    page = re.sub(r'<link\s+rel="(?:shortcut icon|service-desc)"[^>]*>', "", page)
    page = re.sub(r"<noscript>.*?</noscript>", NO_SCRIPT, page, count=1, flags=re.DOTALL)
    return page.replace("<head>", f"<head>{HEAD}", 1)


def offline_page() -> str:
    """The page for when the app is not running; it looks for it every two seconds."""
    page = asset("offline.html")
    for name, words in GONE_WORDS.items():
        page = page.replace(f"{{{name}}}", words)
    return page


def routes() -> list[Route]:
    """Addresses beside those of Streamlit."""
    files = {
        "/manifest.webmanifest": (json.dumps(MANIFEST), "application/manifest+json"),
        "/icon.svg": (asset("icon.svg"), "image/svg+xml"),
        "/service-worker.js": (asset("service-worker.js"), "text/javascript"),
        "/offline.html": (offline_page(), "text/html"),
    }
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    page = first_page(index.read_text(encoding="utf-8"))
    files |= dict.fromkeys(("/", *(f"/{path}" for _, path, _, _ in PAGES)), (page, "text/html"))
    return [Route(path, _giving(text, media_type)) for path, (text, media_type) in files.items()]


def _giving(text: str, media_type: str) -> Callable[[Request], Response]:
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}

    def give(_: Request) -> Response:
        return Response(text, media_type=media_type, headers=headers)

    return give
