"""Signing in by OpenID Connect: a browser, the app as a server, and an identity provider on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers import app_server
from tests.helpers.app_server import Server, calm, needs_chromium
from tests.helpers.gym import LIFTERS, fill

oidc_provider_mock = pytest.importorskip(
    "oidc_provider_mock", reason="no identity provider here: pip install oidc-provider-mock"
)
pytest.importorskip("authlib", reason="Authlib is not installed: pip install 'formcheck[server]'")

pytestmark = [needs_chromium, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

browser = app_server.browser
expect = app_server.playwright_api.expect

VERIFIED = {
    "number-1": "anna@gym.example",
    "number-2": "coach@gym.example",
    "number-3": "eve@gym.example",
}
"""People by the number that the provider has for them. Whoever else signs in has an address that is not verified."""

SECRETS = """
[auth]
redirect_uri = "{url}/oauth2callback"
cookie_secret = "a cookie secret that nobody guesses, 2026"
client_id = "formcheck"
client_secret = "what the provider knows us by"
server_metadata_url = "http://localhost:{provider}/.well-known/openid-configuration"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("oidc")
    fill(folder)
    users = [
        oidc_provider_mock.User(sub=number, claims={"email": email, "email_verified": True})
        for number, email in VERIFIED.items()
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as provider:
        told = folder / "oidc.toml"
        options = ("--server", "--sign-in", "oidc", "--public-url", "{url}", "--oidc-file", str(told))
        running = Server(folder, *options)
        told.write_text(SECRETS.format(url=running.url, provider=provider.server_port), encoding="utf-8")
        with running:
            yield running


@contextlib.contextmanager
def opened(browser: Any, server: Server) -> Iterator[Any]:
    """The history's page, opened by somebody who is not signed in."""
    with contextlib.closing(browser.new_context()) as context:
        context.route("https://**", lambda route: route.abort())  # the provider's style sheet is on the internet
        page = context.new_page()
        page.set_default_timeout(app_server.PATIENCE_MS)
        page.goto(f"{server.url}/history")
        page.locator("h1").first.wait_for()
        calm(page)
        yield page


def sign_in(page: Any, server: Server, sub: str) -> None:
    """Through the provider's page, as this person, and to the history."""
    page.get_by_role("button", name="Sign in").click()
    page.get_by_placeholder("sub").fill(sub)
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"{server.url}/**")
    page.get_by_role("button", name="Sign out").wait_for()
    page.goto(f"{server.url}/history")
    page.get_by_role("button", name="Sign out").wait_for()
    calm(page)


def seen(page: Any) -> set[str]:
    body = page.inner_text("body")
    return {lifter for lifter in LIFTERS if lifter in body}


@pytest.mark.parametrize(
    ("sub", "sees"), [("number-1", {"Anna"}), ("number-2", {"Anna", "Ben"})], ids=["lifter", "coach"]
)
def test_who_signs_in_sees_what_is_theirs_until_they_sign_out(
    browser: Any, server: Server, sub: str, sees: set[str]
) -> None:
    with opened(browser, server) as page:
        assert not seen(page)
        sign_in(page, server, sub)
        expect(page.get_by_text(f"Signed in as {VERIFIED[sub]}")).to_be_visible()
        expect(page.get_by_role("button", name="Open set")).to_have_count(len(sees))
        assert seen(page) == sees
        page.get_by_role("button", name="Sign out").click()
        # Some providers ask whether to end the session with them, too.
        page.get_by_role("button", name="End session").or_(page.get_by_role("button", name="Sign in")).click()
        page.goto(f"{server.url}/history")
        page.get_by_role("button", name="Sign in").wait_for()
        calm(page)
        assert not seen(page)


def test_who_has_no_account_here_sees_nothing(browser: Any, server: Server) -> None:
    with opened(browser, server) as page:
        sign_in(page, server, "number-3")
        expect(page.get_by_text("There is no account for eve@gym.example here")).to_be_visible()
        assert not seen(page)


def test_an_address_that_the_provider_has_not_verified_is_nobodys(browser: Any, server: Server) -> None:
    with opened(browser, server) as page:
        # The provider takes any name, and says that it is an e-mail address.
        page.get_by_role("button", name="Sign in").click()
        page.get_by_placeholder("sub").fill("anna@gym.example")
        page.get_by_role("button", name="Authorize").click()
        page.wait_for_url(f"{server.url}/**")
        expect(page.get_by_text("not that your e-mail address is verified")).to_be_visible()
        calm(page)
        expect(page.get_by_text("Signed in as")).to_have_count(0)
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        assert not seen(page)


def test_a_cookie_that_the_app_has_not_signed_is_nobodys(browser: Any, server: Server) -> None:
    with opened(browser, server) as page:
        sign_in(page, server, "number-1")
        cookies = page.context.cookies()
        (mine,) = [each for each in cookies if each["name"] == "_streamlit_user"]
        assert mine["httpOnly"]
        last = mine["value"].rstrip('"')
        spoilt = last[:-1] + ("0" if last[-1] != "0" else "1")
        page.context.add_cookies([{**mine, "value": mine["value"].replace(last, spoilt)}])
        page.goto(f"{server.url}/history")
        page.get_by_role("button", name="Sign in").wait_for()
        calm(page)
        assert not seen(page)
