"""The gate before the phone's page: the token works once and for a while, and nothing is answered without it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed: pip install 'formcheck[app]'")

from formcheck.app.server.gate import COOKIE, REMEMBERED, WRONG_A_MINUTE, Gate, Share

HOST = "192.168.0.20:8502"
TOKEN = "the-token-in-the-code"
TOKEN_S, SHARE_S = 600.0, 1800.0

SECRETS = (
    "/",
    "/live",
    "/live",
    "/history",
    "/_stcore/health",
    "/_stcore/host-config",
    "/media/1.mp4",
    "/static/x.js",
)


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


class Phone:
    """Asks the gate, with a clock that is set by hand; behind the gate everything is answered 200 "the app"."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.cookie = ""
        share = Share(HOST, TOKEN, TOKEN_S, SHARE_S)
        self._gate = Gate(self._app, share, lambda: self.now_s)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"the app"})

    def ask(
        self, path: str, method: str = "GET", kind: str = "http", client: str = "192.168.0.7", **changed: str | None
    ) -> Answer:
        """An answer; 101 and 403 for WebSockets. ``changed`` are headers, None leaves one out."""
        told = {"host": HOST, "cookie": self.cookie or None, **changed}
        headers = [(name.encode(), value.encode()) for name, value in told.items() if value is not None]
        scope = {"type": kind, "path": path, "method": method, "headers": headers, "client": (client, 5000)}
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        asyncio.run(self._gate(scope, receive, send))  # type: ignore[arg-type]
        if kind == "websocket":
            return Answer(101 if sent[0]["type"] == "websocket.accept" else 403)
        named = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], named, b"".join(each.get("body", b"") for each in sent[1:]).decode())

    def join(self, token: str = TOKEN) -> Answer:
        """Press the button on the page that the code leads to, and keep the cookie."""
        found = self.ask(f"/join/{token}", "POST", origin=f"https://{HOST}")
        if "set-cookie" in found.headers:
            self.cookie = f"{COOKIE}={SimpleCookie(found.headers['set-cookie'])[COOKIE].value}"
        return found


@pytest.fixture
def phone() -> Phone:
    return Phone()


def test_who_presses_the_button_gets_in(phone: Phone) -> None:
    assert "<button>" in phone.ask(f"/join/{TOKEN}").body
    assert phone.ask("/live").status == 403
    found = phone.join()
    assert (found.status, found.headers["location"]) == (303, "/")
    assert phone.ask("/live").body == "the app"
    assert phone.ask("/_stcore/stream", kind="websocket", origin=f"https://{HOST}").status == 101


def test_the_cookie_is_for_this_address_alone_and_no_script_reads_it(phone: Phone) -> None:
    told = phone.join().headers["set-cookie"]
    for word in ("__Host-", "Secure", "HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={int(SHARE_S)}"):
        assert word in told
    assert "domain" not in told.lower()


def test_looking_at_the_address_does_not_use_the_token_up(phone: Phone) -> None:
    for _ in range(5):
        assert phone.ask(f"/join/{TOKEN}").status == 200
        assert phone.ask(f"/join/{TOKEN}", "HEAD").status == 200
    assert phone.join().status == 303


def test_the_token_is_for_one_browser(phone: Phone) -> None:
    phone.join()
    phone.cookie = ""
    assert phone.join().status == 403
    assert not phone.cookie
    assert phone.ask(f"/join/{TOKEN}").status == 403


@pytest.mark.parametrize(("at_s", "status"), [(TOKEN_S - 1.0, 303), (TOKEN_S, 403)])
def test_the_token_is_good_for_a_while(phone: Phone, at_s: float, status: int) -> None:
    phone.now_s = at_s
    assert phone.join().status == status


@pytest.mark.parametrize(("at_s", "status"), [(SHARE_S - 1.0, 200), (SHARE_S, 403)])
def test_the_page_is_there_for_a_while(phone: Phone, at_s: float, status: int) -> None:
    phone.join()
    phone.now_s = at_s
    assert phone.ask("/live").status == status
    assert phone.ask("/_stcore/stream", kind="websocket").status == (101 if status == 200 else 403)


@pytest.mark.parametrize("token", ["", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é"])
def test_another_token_is_wrong(phone: Phone, token: str) -> None:
    assert phone.join(token).status == 403
    assert not phone.cookie


@pytest.mark.parametrize("cookie", ["", f"{COOKIE}=", f"{COOKIE}=wrong", f'{COOKIE}=""', f"other={TOKEN}"])
def test_nothing_is_answered_without_the_right_cookie(cookie: str) -> None:
    for joined in (False, True):
        phone = Phone()
        if joined:
            phone.join()
        phone.cookie = cookie
        assert {phone.ask(path).status for path in SECRETS} == {403}
        assert phone.ask("/_stcore/stream", kind="websocket").status == 403


def test_the_cookie_reaches_two_pages_and_what_they_are_made_of(phone: Phone) -> None:
    phone.join()
    reached = {
        path
        for path in (*SECRETS, "/settings", "/train", "/formcheck/export/1", "/auth/login", "/_stcorex")
        if phone.ask(path).status == 200
    }
    assert reached == set(SECRETS) - {"/history"}


@pytest.mark.parametrize("host", [None, "", "localhost:8502", "192.168.0.20", "evil.example", "192.168.0.20:85020"])
def test_other_names_are_refused_whatever_is_shown(phone: Phone, host: str | None) -> None:
    phone.join()
    assert phone.ask("/live", host=host).status == 403
    assert phone.ask("/_stcore/stream", kind="websocket", host=host).status == 403
    assert phone.ask("/live").status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"http://{HOST}", "https://192.168.0.20"])
def test_pages_of_other_sites_are_refused(phone: Phone, origin: str) -> None:
    assert phone.ask(f"/join/{TOKEN}", "POST", origin=origin).status == 403
    phone.join()
    assert phone.ask("/_stcore/stream", kind="websocket", origin=origin).status == 403
    assert phone.ask("/_stcore/upload_file/a/b", "PUT", origin=origin).status == 403


def test_who_guesses_is_not_looked_at_any_more_for_a_minute_and_others_are(phone: Phone) -> None:
    statuses = [phone.join(f"guess-{number}").status for number in range(WRONG_A_MINUTE + 2)]
    assert statuses == [403] * WRONG_A_MINUTE + [429] * 2
    # Not even with the right one: whoever guesses learns nothing.
    assert phone.join().status == 429
    assert phone.ask(f"/join/{TOKEN}", client="192.168.0.8").status == 200
    phone.now_s = 61.0
    assert phone.join().status == 303


def test_the_phone_that_is_in_stays_in_whatever_its_address_asked_for(phone: Phone) -> None:
    phone.join()
    for _ in range(2 * WRONG_A_MINUTE):
        assert phone.ask("/live", cookie=None).status in (403, 429)
    assert phone.ask("/live").status == 200


def test_what_is_remembered_of_addresses_is_bounded(phone: Phone) -> None:
    for number in range(REMEMBERED + 50):
        phone.ask("/live", client=f"10.0.{number // 256}.{number % 256}")
    assert len(phone._gate._wrong) == REMEMBERED


def test_answers_of_the_gate_are_kept_by_nobody_and_tell_the_token_to_nobody(phone: Phone) -> None:
    for path in (f"/join/{TOKEN}", "/live"):
        headers = phone.ask(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert "default-src 'none'" in headers["content-security-policy"]
