"""The gate before the phone's page: who comes with the right code gets in, once, and reaches two pages.

The code is a token in the address that the terminal shows as a QR code. Following it shows a button, as cameras and
browsers look at addresses before anybody decides to go there; pressing the button uses the token up and gives this
browser a cookie. Without the cookie nothing of the app is answered, whatever is asked for.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "__Host-formcheck-share"
JOIN = "/join/"

PAGES = ("/", "/live", "/icon.svg", "/manifest.webmanifest", "/service-worker.js", "/offline.html")
"""Addresses that are reached with the cookie ..."""

PARTS = ("/_stcore/", "/static/", "/media/", "/component/")
"""... and beginnings of those that the two pages are made of."""

WRONG_A_MINUTE = 10
"""Requests without a right token or cookie that an address may make in a minute; then it is not even looked at."""

MINUTE_S = 60.0

REMEMBERED = 1000
"""Addresses whose wrong requests are counted; the longest silent ones are forgotten."""

SCAN = "Scan the code that FormCheck shows in the terminal of the computer it runs on."
USED = f"This code was used before, or its time is over. {SCAN} Starting FormCheck again gives a new one."
MANY = "Too many requests: wait a minute."

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",  # with none, a browser does not say of which page its form is
    "X-Content-Type-Options": "nosniff",
}
"""Of the gate's own answers; the token in the address of one is told to nobody."""

JOIN_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>FormCheck</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 12vh auto; padding: 0 1.2rem;
  color: #16201d; background: #f5f6f4; }
button { font: inherit; font-weight: 650; width: 100%; padding: 0.9rem; border: 0; border-radius: 0.7rem;
  color: #fff; background: #0b6b60; }
@media (prefers-color-scheme: dark) { body { color: #edf2f0; background: #0e1312; } }
</style></head>
<body><main><h1>FormCheck</h1>
<p>Film a set with this phone, or let FormCheck watch through its camera. Everything goes to the computer beside you and
nowhere else.</p>
<form method="post"><button>Use this phone</button></form>
<p>The code is for one browser: use the one that you will film with.</p></main></body></html>
"""


@dataclass(frozen=True)
class Share:
    """What holds while the page is open.

    Attributes
    ----------
    host : address and port under which it is opened; requests for any other are refused.
    token : what the code says.
    token_until_s, until_s : until when the token may be used, and the page be seen; `time.monotonic`.
    """

    host: str
    token: str
    token_until_s: float
    until_s: float


class Gate:
    """ASGI middleware that answers itself, but for requests of the browser that used the token."""

    def __init__(self, app: ASGIApp, share: Share, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._share, self._clock = app, share, clock
        self._cookie = ""
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = self._answer(scope)
        if answer is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            # Before it is accepted, this refuses it.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, send)

    def _answer(self, scope: Scope) -> Response | None:
        """What is said in the app's place; None for what the app may answer."""
        headers, path = Headers(scope=scope), scope["path"]
        client = (scope.get("client") or ("",))[0]
        if self._clock() >= self._share.until_s:
            return _plain("The time for which FormCheck was shared is over.", 403)
        if headers.getlist("host") != [self._share.host] or not self._is_own(headers):
            return self._refused(client, "This is not the address of FormCheck.", 403)
        if self._knows(headers):
            here = path in PAGES or path.startswith(PARTS)
            return None if here else _plain("There is nothing here.", 404)
        if self._is_too_often(client):
            return _plain(MANY, 429)
        if path.startswith(JOIN) and scope["type"] == "http":
            return self._joining(client, scope["method"], path.removeprefix(JOIN))
        return self._refused(client, SCAN, 403)

    def _joining(self, client: str, method: str, token: str) -> Response:
        # "" is no token: one that was used is never right again.
        right = hmac.compare_digest(token.encode(), self._share.token.encode())
        if not right:
            return self._refused(client, SCAN, 403)
        if self._cookie or self._clock() >= self._share.token_until_s:
            return self._refused(client, USED, 403)
        if method in ("GET", "HEAD"):
            return HTMLResponse(JOIN_PAGE, headers=HEADERS)
        if method != "POST":
            return self._refused(client, SCAN, 405)
        self._cookie = secrets.token_urlsafe(32)
        answer = RedirectResponse("/", 303, HEADERS)
        left_s = int(self._share.until_s - self._clock())
        answer.set_cookie(COOKIE, self._cookie, left_s, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    def _is_own(self, headers: Headers) -> bool:
        """Whether no page of another site asks."""
        return headers.getlist("origin") in ([], [f"https://{self._share.host}"])

    def _knows(self, headers: Headers) -> bool:
        """Whether this is the browser that used the token."""
        shown = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return bool(self._cookie) and hmac.compare_digest(shown.encode(), self._cookie.encode())

    def _refused(self, client: str, words: str, status: int) -> Response:
        times = self._wrong.setdefault(client, deque(maxlen=WRONG_A_MINUTE))
        times.append(self._clock())
        self._wrong.move_to_end(client)
        while len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)
        return _plain(words, status)

    def _is_too_often(self, client: str) -> bool:
        times = self._wrong.get(client, deque())
        return len(times) >= WRONG_A_MINUTE and times[0] > self._clock() - MINUTE_S


def _plain(words: str, status: int) -> Response:
    return PlainTextResponse(words, status, HEADERS)
