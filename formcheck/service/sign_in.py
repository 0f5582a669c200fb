"""Who is signed in, where the app is a server for several people: by OpenID Connect, or by a proxy before the app.

There are no passwords here. With "oidc" an identity provider says who somebody is, and Streamlit keeps that in a signed
cookie. With "proxy" a reverse proxy says it in a header. Anybody can send a header, so it counts only from where it was
said that the proxy is: from its address, with its secret, or both. What cannot be told beyond doubt is nobody.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from formcheck.core.errors import UsageError
from formcheck.core.words import _
from formcheck.storage.access import SIGN_IN_VARIABLE

HEADER_VARIABLE = "FORMCHECK_PROXY_HEADER"
ADDRESSES_VARIABLE = "FORMCHECK_PROXY_ADDRESSES"
SECRET_VARIABLE = "FORMCHECK_PROXY_SECRET"
CLAIM_VARIABLE = "FORMCHECK_OIDC_CLAIM"

USUAL_HEADER = "X-Forwarded-Email"
USUAL_CLAIM = "email"

SECRET_HEADER = "X-FormCheck-Proxy-Secret"
"""In this header the proxy shows the secret that FORMCHECK_PROXY_SECRET holds."""

SHORTEST_SECRET = 32
"""Letters of a secret that nobody guesses: ``openssl rand -hex 32`` makes 64."""


class SignIn(StrEnum):
    """Who says who somebody is."""

    OIDC = "oidc"
    PROXY = "proxy"


@dataclass(frozen=True)
class Proxy:
    """A proxy that signs people in: its header, and how it is known; at least one of addresses and secret is there."""

    header: str
    addresses: tuple[IPv4Network | IPv6Network, ...]
    secret: str


def way_to_sign_in(environment: Mapping[str, str] = os.environ) -> SignIn:
    """How people sign in here; `UsageError` when that is not said right."""
    told = environment.get(SIGN_IN_VARIABLE, "")
    try:
        return SignIn(told)
    except ValueError as error:
        raise UsageError(
            _(
                "{variable} is {told!r}: it can be {choices}.",
                variable=SIGN_IN_VARIABLE,
                told=told,
                choices=" or ".join(SignIn),
            )
        ) from error


def trusted_proxy(environment: Mapping[str, str] = os.environ) -> Proxy:
    """The proxy whose header counts.

    Raises
    ------
    UsageError : it would be known by nothing, by a secret that can be guessed, or by what is not an address.
    """
    addresses: list[IPv4Network | IPv6Network] = []
    for told in environment.get(ADDRESSES_VARIABLE, "").replace(",", " ").split():
        try:
            addresses.append(ip_network(told))
        except ValueError as error:
            raise UsageError(
                _(
                    "{variable} names {told!r}, which is not an address such as 10.0.0.2 or 10.0.0.0/24.",
                    variable=ADDRESSES_VARIABLE,
                    told=told,
                )
            ) from error
    secret = environment.get(SECRET_VARIABLE, "")
    if not addresses and not secret:
        raise UsageError(
            _(
                "Anybody could send the proxy's header: say in {variable} from which addresses it "
                "counts, or put a secret into {secret} that the proxy sends as {header}.",
                variable=ADDRESSES_VARIABLE,
                secret=SECRET_VARIABLE,
                header=SECRET_HEADER,
            )
        )
    if secret and len(secret) < SHORTEST_SECRET:
        raise UsageError(
            _(
                "{variable} can be guessed: use {least} letters or more.",
                variable=SECRET_VARIABLE,
                least=SHORTEST_SECRET,
            )
        )
    return Proxy(environment.get(HEADER_VARIABLE) or USUAL_HEADER, tuple(addresses), secret)


def told_by_proxy(proxy: Proxy, headers: Mapping[str, Sequence[str]], address: str) -> str:
    """Whom the proxy has signed in; "" when it is not the proxy that says so, or it does not say one name.

    Parameters
    ----------
    headers : all values of each header of the request, by its name in small letters.
    address : from where the connection came, not what a header says of it.
    """
    if proxy.addresses and not _is_among(proxy.addresses, address):
        return ""
    if proxy.secret:
        shown = headers.get(SECRET_HEADER.lower(), ())
        if len(shown) != 1 or not hmac.compare_digest(shown[0].encode(), proxy.secret.encode()):
            return ""
    # Two names are those of the proxy and of somebody who hoped that it adds its own to what is there.
    names = headers.get(proxy.header.lower(), ())
    return names[0].strip() if len(names) == 1 and "," not in names[0] else ""


def told_by_provider(user: Mapping[str, object], claim: str = USUAL_CLAIM) -> str:
    """Whom the identity provider has signed in; "" for nobody, and for an e-mail address that it has not verified."""
    if user.get("is_logged_in") is not True:
        return ""
    if claim == USUAL_CLAIM and user.get("email_verified") not in (True, "true"):
        return ""
    named = user.get(claim)
    return named if isinstance(named, str) else ""


def _is_among(networks: Sequence[IPv4Network | IPv6Network], address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)  # an IPv4 peer of a socket that listens on IPv6
    return any((mapped or found) in network for network in networks)
