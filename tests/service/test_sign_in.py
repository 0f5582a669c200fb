"""Who is signed in: what a proxy or a provider says counts only where it cannot be anybody else's word."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from formcheck.core.errors import UsageError
from formcheck.service.sign_in import SignIn, told_by_provider, told_by_proxy, trusted_proxy, way_to_sign_in

SECRET = "0123456789abcdef" * 2
BY_ADDRESS = {"FORMCHECK_PROXY_ADDRESSES": "10.0.0.2, 10.1.0.0/24 fd00::/8"}
BY_SECRET = {"FORMCHECK_PROXY_SECRET": SECRET}


def told(environment: Mapping[str, str], address: str, *names: str, secret: tuple[str, ...] = ()) -> str:
    headers = {"x-forwarded-email": names, "x-formcheck-proxy-secret": secret}
    return told_by_proxy(trusted_proxy(environment), headers, address)


@pytest.mark.parametrize("address", ["10.0.0.2", "10.1.0.255", "fd12::1", "::ffff:10.0.0.2"])
def test_a_proxy_is_believed_at_its_address(address: str) -> None:
    assert told(BY_ADDRESS, address, " anna@gym.example ") == "anna@gym.example"


@pytest.mark.parametrize(
    "address", ["10.0.0.3", "10.1.1.0", "127.0.0.1", "::1", "", "testclient", "10.0.0.2, 10.0.0.3"]
)
def test_nobody_else_is_whatever_the_header_says(address: str) -> None:
    assert told(BY_ADDRESS, address, "anna@gym.example") == ""


def test_a_proxy_is_believed_by_its_secret() -> None:
    assert told(BY_SECRET, "192.168.0.9", "anna@gym.example", secret=(SECRET,)) == "anna@gym.example"


@pytest.mark.parametrize(
    "secret", [(), ("",), (SECRET[:-1],), (SECRET.upper(),), (SECRET, SECRET), ("wrong", SECRET), ("ü" * 32,)]
)
def test_a_wrong_secret_is_nobody(secret: tuple[str, ...]) -> None:
    assert told(BY_SECRET, "192.168.0.9", "anna@gym.example", secret=secret) == ""


def test_where_both_are_asked_for_one_is_not_enough() -> None:
    both = BY_ADDRESS | BY_SECRET
    assert told(both, "10.0.0.2", "anna", secret=(SECRET,)) == "anna"
    assert told(both, "10.0.0.2", "anna") == ""
    assert told(both, "10.0.0.3", "anna", secret=(SECRET,)) == ""


@pytest.mark.parametrize("names", [(), ("",), ("anna", "carl"), ("anna,carl",), ("anna", "anna")])
def test_what_is_not_one_name_is_nobody(names: tuple[str, ...]) -> None:
    assert told(BY_ADDRESS, "10.0.0.2", *names) == ""


def test_the_header_can_have_another_name() -> None:
    proxy = trusted_proxy(BY_ADDRESS | {"FORMCHECK_PROXY_HEADER": "Remote-User"})
    assert told_by_proxy(proxy, {"remote-user": ["anna"], "x-forwarded-email": ["carl"]}, "10.0.0.2") == "anna"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "Anybody could send the proxy's header"),
        ({"FORMCHECK_PROXY_ADDRESSES": " , "}, "Anybody could send the proxy's header"),
        ({"FORMCHECK_PROXY_ADDRESSES": "proxy.example"}, "is not an address"),
        ({"FORMCHECK_PROXY_ADDRESSES": "10.0.0.2/24"}, "is not an address"),
        ({"FORMCHECK_PROXY_SECRET": "short"}, "can be guessed"),
    ],
)
def test_a_proxy_that_anybody_could_be_is_refused(environment: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        trusted_proxy(environment)


@pytest.mark.parametrize(
    ("user", "claim", "name"),
    [
        ({"is_logged_in": True, "email": "anna@gym.example", "email_verified": True}, "email", "anna@gym.example"),
        ({"is_logged_in": True, "email": "anna@gym.example", "email_verified": "true"}, "email", "anna@gym.example"),
        ({"is_logged_in": True, "email": "anna@gym.example", "email_verified": False}, "email", ""),
        ({"is_logged_in": True, "email": "anna@gym.example"}, "email", ""),
        ({"is_logged_in": True, "sub": "1234"}, "sub", "1234"),
        ({"is_logged_in": True, "sub": 1234}, "sub", ""),
        ({"is_logged_in": True}, "email", ""),
        ({"is_logged_in": False, "email": "anna@gym.example", "email_verified": True}, "email", ""),
        ({"email": "anna@gym.example", "email_verified": True}, "email", ""),
        ({}, "email", ""),
    ],
)
def test_a_provider_is_believed_once_somebody_is_signed_in(user: dict[str, object], claim: str, name: str) -> None:
    assert told_by_provider(user, claim) == name


@pytest.mark.parametrize("told", ["", "password", "OIDC"])
def test_there_are_two_ways_to_sign_in(told: str) -> None:
    assert way_to_sign_in({"FORMCHECK_SIGN_IN": "oidc"}) is SignIn.OIDC
    with pytest.raises(UsageError, match="oidc or proxy"):
        way_to_sign_in({"FORMCHECK_SIGN_IN": told})
